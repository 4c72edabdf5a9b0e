//! What becomes of money and coins that arrive for an order: the one policy of both legs.
//!
//! Pure, and the same for both legs: amounts are those of what arrives, money when buying and coins when selling. A leg states
//! what arrived ([`ArrivalCase`]), gets what becomes of it ([`ArrivalResolution`]), and computes what the customer gets for it
//! ([`Exchange`]).

mod decide;
mod deviation;
mod exchange;
mod grade;
mod limit_usage;
mod resolve;
mod time;

pub use decide::{ArrivalDecision, Leg, OrderSnapshot};
pub use deviation::{Deviation, DeviationKind, Deviations};
pub use exchange::{Exchange, ExchangeShares, Fees};
pub use grade::{Eligibility, Grade};
pub use limit_usage::{WindowTotals, recount};
pub use resolve::{ArrivalCase, ArrivalResolution, MarketShare, resolve, tolerance};
pub use time::counts_at;
