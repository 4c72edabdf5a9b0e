//! Terms of purchases and sales, and quotes: sealed terms, so that quoting writes nothing.

mod seal;
mod terms;

pub use seal::{QUOTE_KEY_BYTES, Quote, QuoteError, QuoteKey, QuoteTerms};
pub use terms::{AmountIn, AmountUnit, BuyTerms, SellTerms, TermsError};
