//! Money and coins that leave: payouts over rails and transfers over chains. Each is committed before any call to a provider,
//! and each is executed at most once whatever the answer.
//!
//! [`Payout::observe`] and [`Transfer::observe`] take facts and cannot refuse. Their outcome concerns the order, the review
//! item that they resolve and the deposits whose coins they take: these are loaded with them ([`Outgoing`]), and all changes
//! are one step.

mod payout;
mod pending;
mod screening;
mod transfer;
mod transmission;

pub use crate::catalogue::fees::{FeeRules, FeeTerms};
pub use payout::{Payout, PayoutDestination, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, PayoutStatus};
pub use pending::{OutgoingRecord, PendingOutgoing, called_back, stopped_by};
pub use screening::{Screening, ScreeningResult};
pub use transfer::{EarlierTransaction, SentIn, Transfer, TransferFact, TransferPurpose, TransferSource, TransferState, TransferStatus};
pub use transmission::{
    Carried, FeeBooking, Lane, SignedAttempt, Slot, SpentSlot, Transmission, TransmissionFact, TransmissionState, TransmissionStatus,
    Unsigned, Wallet, WalletName,
};

use crate::id::Mint;
use crate::ledger::{Account, Origin};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::{Context, Order, SetAside};
use crate::review::ReviewItem;
use crate::step::Step;
use crate::step::record::Record;
use crate::step::watch::Deposit;

/// The stored records that a transfer or payout refers to.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    pub order: Option<Order>,
    pub review: Option<ReviewItem>,
    /// The order beside which that item is in suspense, if it names one.
    pub beside: Option<Order>,
    /// The deposits whose coins it takes from their address.
    pub deposits: Vec<Deposit>,
    /// The newest shortage item, if suspense lacks what it returned.
    pub shortage: Option<ReviewItem>,
    /// Its replacement, if it was treated as failed.
    pub instead: Option<PendingOutgoing>,
    /// The payout it replaces, if that has settled late and is booked as lost.
    pub lost: Option<Payout>,
}

impl Outgoing {
    /// It did not leave: its deposits are uncollected again. Returns the reopened review item, unless a reorganisation removed
    /// its deposit: then nothing of it is in suspense.
    fn did_not_leave(&mut self, mint: &Mint<'_>, reason: &str, step: &mut Step) -> Option<ReviewItem> {
        self.deposits.drain(..).for_each(|deposit| step.write(Deposit { swept: false, ..deposit }));
        let item = self.review.take().filter(|item| !item.is_undone());
        item.map(|item| item.reopened(mint, reason.to_owned()))
    }
}

/// Marks the refunds of a step as created by an operator, who has seen the customer's eligibility.
pub fn ordered_by_person(step: &mut Step) {
    for record in &mut step.writes {
        match record {
            Record::Payout(payout) => payout.by_person = payout.purpose != PayoutPurpose::Rampoff,
            Record::Transfer(transfer) => {
                transfer.by_person = matches!(transfer.purpose, TransferPurpose::Refund | TransferPurpose::SuspenseReturn);
            }
            _ => {}
        }
    }
}

/// Applies a change of what is set aside to the order beside which it is.
fn observe_set_aside(order: Option<Order>, became: SetAside, amount: Amount, context: &Context<'_>) -> Step {
    order.map_or_else(Step::new, |order| order.apply_set_aside(became, amount, context))
}

/// Moves the additional holds from one state to the next.
fn change_holds<A: Into<Asset> + Copy + PartialEq>(
    step: &mut Step,
    before: &[(Account, A, Amount)],
    after: &[(Account, A, Amount)],
    origin: Origin,
) {
    let ended = before.iter().filter(|hold| !after.contains(hold));
    ended.for_each(|(account, asset, amount)| step.hold(*account, *asset, amount.negated(), origin));
    let begun = after.iter().filter(|hold| !before.contains(hold));
    begun.for_each(|(account, asset, amount)| step.hold(*account, *asset, *amount, origin));
}
