//! `rampart review`: lists and resolves what needs a person.

use clap::Subcommand;
use rampart_app::operate::orders::DestinationInput;
use rampart_app::operate::reviews::{self, HeldOrder, ReviewDecision, ReviewLine};
use rampart_core::id::{OrderId, ReviewId};
use serde::Serialize;

use super::context::CommandContext;
use super::destination::DestinationArguments;
use crate::error::CommandError;
use crate::output;

const PAGE_ROWS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// List the open review items (suspense, quarantined facts, alarms) and the orders on hold
    List {
        /// Include resolved items
        #[arg(long)]
        all: bool,
        /// Continue after this item
        #[arg(long, value_name = "ITEM")]
        after: Option<ReviewId>,
        /// Continue the orders on hold after this one
        #[arg(long, value_name = "ORDER")]
        orders_after: Option<OrderId>,
    },
    /// Recall the payout or transfer that returns an item: stop it if it was not attempted, cancel it on its chain if it was only signed
    Recall {
        /// Identifier of the item
        id: ReviewId,
    },
    /// Resolve an item (for orders on hold, use `rampart order release` or `rampart order refund`)
    Resolve {
        /// Identifier of the item
        id: ReviewId,
        #[command(subcommand)]
        decision: DecisionArgument,
    },
}

/// The decisions about an item.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DecisionArgument {
    /// Assign money or coins in suspense to this order
    Assign {
        /// Identifier of the order
        order: OrderId,
    },
    /// Return money or coins in suspense to where they came from, or to the given destination. A returned payout is paid once more
    Return {
        #[command(flatten)]
        to: DestinationArguments,
    },
    /// Keep money or coins in suspense that belong to nobody: they become the company's
    Keep,
    /// Write off what is missing in suspense as a loss
    WriteOff,
    /// Apply a quarantined fact again, or retry a transfer that cannot be signed
    Retry,
    /// Abandon a transfer that vanished from its chain or cannot be signed: its coins are ours again, its order is put on hold
    GiveUp,
    /// Resume sending after a stop, with what the providers report taken over
    GoOn,
    /// Move the money of a fact that cannot be applied to suspense
    Suspend,
    /// Move what was kept back to suspense, for a new decision
    Reopen,
    /// Close the item without any action
    Dismiss,
}

impl DecisionArgument {
    /// The decision, and the order or destination that it names.
    fn into_decision(self) -> (ReviewDecision, Option<OrderId>, Option<DestinationInput>) {
        let decision = match self {
            Self::Return { to } => {
                let to = to.destination();
                return (if to.is_some() { ReviewDecision::ReturnTo } else { ReviewDecision::Return }, None, to);
            }
            Self::Assign { order } => return (ReviewDecision::Assign, Some(order), None),
            Self::Keep => ReviewDecision::Keep,
            Self::WriteOff => ReviewDecision::WriteOff,
            Self::Retry => ReviewDecision::Retry,
            Self::GiveUp => ReviewDecision::GiveUp,
            Self::GoOn => ReviewDecision::GoOn,
            Self::Suspend => ReviewDecision::Suspend,
            Self::Reopen => ReviewDecision::Reopen,
            Self::Dismiss => ReviewDecision::Dismiss,
        };
        (decision, None, None)
    }
}

#[derive(Serialize)]
struct ReviewListOutput {
    items: Vec<ReviewLine>,
    held_orders: Vec<HeldOrder>,
}

pub(crate) async fn run(context: &CommandContext, command: ReviewCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    match command {
        ReviewCommand::List { all, after, orders_after } => {
            let items = reviews::list(app, all, after, PAGE_ROWS).await?;
            let waiting = ReviewListOutput { items, held_orders: reviews::held_orders(app, orders_after, PAGE_ROWS).await? };
            context.printer.show(&waiting, |waiting| {
                let fields =
                    ["id", "kind", "order", "amount", "source", "destination", "order_destination", "reason", "created_at", "resolution"];
                let fields = if all { &fields[..] } else { &fields[..8] };
                let items = output::page_of(&waiting.items, fields, PAGE_ROWS, waiting.items.last().map(|item| item.id.as_str()));
                let fields = ["id", "kind", "customer", "reason", "finding", "destination", "since"];
                let last = waiting.held_orders.last().map(|order| order.id.as_str());
                let orders = output::page_by("--orders-after", &waiting.held_orders, &fields, PAGE_ROWS, last);
                format!("Items\n{items}\n\nOrders on hold\n{orders}")
            })
        }
        ReviewCommand::Recall { id } => {
            reviews::recall(app, &context.operator()?, id).await?;
            context.printer.show(&serde_json::json!({ "id": id, "decision": "recall" }), |_| format!("The return of {id} is recalled."))
        }
        ReviewCommand::Resolve { id, decision } => {
            let (operator, (decision, order, to)) = (context.operator()?, decision.into_decision());
            match (order, to) {
                (Some(order), _) => reviews::assign(app, &operator, id, order).await?,
                (None, Some(to)) => reviews::return_to(app, &operator, id, &to).await?,
                (None, None) => reviews::resolve(app, &operator, id, decision).await?,
            }
            let resolved = serde_json::json!({ "id": id, "decision": decision.to_string() });
            context.printer.show(&resolved, |_| format!("{id} is resolved."))
        }
    }
}
