//! Double-entry bookkeeping: accounts, postings that balance in every asset, and holds.

mod account;
mod posting;
pub mod treasury;

pub use account::{Account, AccountError, FeeKind, LossKind, Processor, Rail, Side};
pub use posting::{Entry, Hold, Movement, Origin, Posting, PostingKind, Unbalanced};
