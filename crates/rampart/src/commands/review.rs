//! `rampart review`: what waits for a person.

use clap::Subcommand;
use rampart_app::operate::orders::DestinationInput;
use rampart_app::operate::reviews::{self, HeldOrder, ReviewDecision, ReviewLine};
use rampart_core::id::{OrderId, ReviewId};
use serde::Serialize;

use super::destination::DestinationArguments;
use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// How much is listed at once.
const PAGE: u32 = 200;

/// `rampart review …`
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// List what waits: suspense, quarantined facts, alarms, and orders on hold
    List {
        /// What was settled, too
        #[arg(long)]
        all: bool,
        /// Go on behind this item
        #[arg(long, value_name = "ITEM")]
        after: Option<ReviewId>,
        /// Go on with the orders on hold behind this one
        #[arg(long, value_name = "ORDER")]
        orders_after: Option<OrderId>,
    },
    /// Call back what an item was sent back by: it is stopped if it was not attempted, and recalled if it was only signed
    Recall {
        /// The item
        id: ReviewId,
    },
    /// Settle an item (orders on hold: `rampart order release|refund`)
    Resolve {
        /// The item
        id: ReviewId,
        #[command(subcommand)]
        decision: DecisionArgument,
    },
}

/// How an item is settled.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DecisionArgument {
    /// What lies in suspense is for this order
    Assign {
        /// The order
        order: OrderId,
    },
    /// What lies in suspense goes back to where it came from, or to the destination that is said; a payout that was returned is paid
    /// once more
    Return {
        #[command(flatten)]
        to: DestinationArguments,
    },
    /// What lies in suspense belongs to nobody and becomes the company's
    Keep,
    /// What suspense lacks is lost
    WriteOff,
    /// A quarantined fact is applied again; a transfer that cannot be signed is tried at once
    Retry,
    /// A transfer that vanished from its chain, or cannot be signed, is given up: its coins are ours again, its order is put on hold
    GiveUp,
    /// Sending that was stopped goes on, with what was seen outside taken over
    GoOn,
    /// Money of a fact that cannot be applied is put into suspense
    Suspend,
    /// What was kept lies in suspense again, to be decided about anew
    Reopen,
    /// Nothing is to be done: there is nothing behind it
    Dismiss,
}

impl DecisionArgument {
    /// The decision, and the destination that it names.
    fn told(self) -> (ReviewDecision, Option<DestinationInput>) {
        let decision = match self {
            Self::Return { to } => {
                let to = to.destination();
                return (if to.is_some() { ReviewDecision::ReturnTo } else { ReviewDecision::Return }, to);
            }
            Self::Assign { order } => ReviewDecision::Assign(order),
            Self::Keep => ReviewDecision::Keep,
            Self::WriteOff => ReviewDecision::WriteOff,
            Self::Retry => ReviewDecision::Retry,
            Self::GiveUp => ReviewDecision::GiveUp,
            Self::GoOn => ReviewDecision::GoOn,
            Self::Suspend => ReviewDecision::Suspend,
            Self::Reopen => ReviewDecision::Reopen,
            Self::Dismiss => ReviewDecision::Dismiss,
        };
        (decision, None)
    }
}

#[derive(Serialize)]
struct Waiting {
    items: Vec<ReviewLine>,
    held_orders: Vec<HeldOrder>,
}

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: ReviewCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    match command {
        ReviewCommand::List { all, after, orders_after } => {
            let items = reviews::list(app, all, after, PAGE).await?;
            let waiting = Waiting { items, held_orders: reviews::held_orders(app, orders_after, PAGE).await? };
            office.printer.show(&waiting, |waiting| {
                let fields =
                    ["id", "kind", "order", "amount", "source", "destination", "order_destination", "reason", "created_at", "resolution"];
                let fields = if all { &fields[..] } else { &fields[..8] };
                let items = output::page_of(&waiting.items, fields, PAGE, waiting.items.last().map(|item| item.id.as_str()));
                let fields = ["id", "kind", "customer", "reason", "finding", "destination", "since"];
                let last = waiting.held_orders.last().map(|order| order.id.as_str());
                let orders = output::page_by("--orders-after", &waiting.held_orders, &fields, PAGE, last);
                format!("Items\n{items}\n\nOrders on hold\n{orders}")
            })
        }
        ReviewCommand::Recall { id } => {
            reviews::recall(app, &office.operator()?, id).await?;
            office
                .printer
                .show(&serde_json::json!({ "id": id, "decision": "recall" }), |_| format!("What {id} was sent back by is called back."))
        }
        ReviewCommand::Resolve { id, decision } => {
            let (decision, to) = decision.told();
            match to {
                Some(to) => reviews::return_to(app, &office.operator()?, id, &to).await?,
                None => reviews::resolve(app, &office.operator()?, id, decision).await?,
            }
            let settled = serde_json::json!({ "id": id, "decision": decision.to_string() });
            office.printer.show(&settled, |_| format!("{id} is settled."))
        }
    }
}
