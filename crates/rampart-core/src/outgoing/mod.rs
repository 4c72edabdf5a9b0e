//! Money and coins that leave: payouts over rails and transfers over chains. Each is committed before the outside
//! world hears of it, and each is done at most once whatever the answer.
//!
//! [`Payout::observe`] and [`Transfer::observe`] take facts and cannot refuse. What becomes of one concerns its order, the
//! item of the list of reviews that it resolves and the deposits it takes coins from: these are loaded beside it
//! ([`Outgoing`]), and what follows for them is in the same step.

mod pending;
mod payout;
mod screening;
pub mod table;
mod transfer;

pub use pending::{OutgoingRecord, PendingOutgoing, called_back, stopped_by};
pub use payout::{Payout, PayoutDestination, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState};
pub use screening::Screening;
pub use transfer::{SignedTransaction, Transfer, TransferFact, TransferPurpose, TransferSource, TransferState};

use crate::amount::Amount;
use crate::asset::Asset;
use crate::id::Mint;
use crate::ledger::{Account, Origin};
use crate::order::{Context, Order, SetAside};
use crate::record::Record;
use crate::review::ReviewItem;
use crate::step::Step;
use crate::watch::Deposit;

/// What a transfer or payout names, as it is stored: whatever becomes of it concerns these, too.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// The order it belongs to.
    pub order: Option<Order>,
    /// The item of the list of reviews that it resolves.
    pub review: Option<ReviewItem>,
    /// The order beside which that item lies in suspense, where it names one.
    pub beside: Option<Order>,
    /// The deposits whose coins it takes from their address.
    pub deposits: Vec<Deposit>,
    /// The item that says that suspense lacks what it sent back, where there was one: the newest.
    pub shortage: Option<ReviewItem>,
    /// What was ordered in its place, where it was taken for failed.
    pub instead: Option<PendingOutgoing>,
    /// The payout in whose place it was ordered, where that has arrived after all and is booked as lost.
    pub lost: Option<Payout>,
}

impl Outgoing {
    /// It did not leave: the coins of its deposits lie at their address again. Gives the item that it was to resolve, to be
    /// put back on the list; not one whose deposit the chain has undone: nothing of it lies in suspense.
    fn did_not_leave(&mut self, mint: &Mint<'_>, reason: &str, step: &mut Step) -> Option<ReviewItem> {
        self.deposits.drain(..).for_each(|deposit| step.write(Deposit { swept: false, ..deposit }));
        let item = self.review.take().filter(|item| !item.is_undone());
        item.map(|item| item.reopened(mint, reason.to_owned()))
    }
}

/// A person has ordered what goes back in a step, and has seen how its customer stands.
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

/// What an order hears of what was returned from suspense beside it.
fn observe_set_aside(order: Option<Order>, became: SetAside, amount: Amount, context: &Context<'_>) -> Step {
    order.map_or_else(Step::new, |order| order.beside(became, amount, context))
}

/// Brings what is promised beside an order's promise from one state to the next.
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
