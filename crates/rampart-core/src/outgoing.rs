//! Money and coins that leave: payouts over rails and transfers over chains. Each is committed before the outside
//! world hears of it, and each is done at most once whatever the answer.

mod payout;
mod screening;
mod transfer;

pub use payout::{Payout, PayoutDestination, PayoutPurpose, PayoutState, Route};
pub use screening::Screening;
pub use transfer::{Signed, Transfer, TransferPurpose, TransferSource, TransferState};
