//! Terms of a purchase or a sale, and quotes: sealed statements of terms, so that asking writes nothing.

mod seal;
mod terms;

pub use seal::{QUOTE_KEY_BYTES, Quote, QuoteError, QuoteKey, QuoteTerms};
pub use terms::{AmountIn, BuyTerms, SellTerms, TermsError};
