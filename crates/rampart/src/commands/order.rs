//! `rampart order`: shows and changes an order.

use clap::{Args, Subcommand};
use rampart_app::operate::orders;
use rampart_core::id::OrderId;

use super::context::CommandContext;
use super::destination::DestinationArguments;
use crate::error::CommandError;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum OrderCommand {
    /// Show an order: state, amounts, jobs, events, webhook deliveries and audit log
    Show(OrderArgument),
    /// Put an order on hold before coins or money leave
    Hold(OrderArgument),
    /// Continue an order that is on hold
    Release(OrderArgument),
    /// Refund an order to the destination that the customer gave
    Refund {
        /// Identifier of the order
        id: OrderId,
        /// Last characters of the account or wallet it goes to, at least four; required if a hosted page set that a short time ago
        #[arg(long)]
        to: Option<String>,
    },
    /// Set the destination of an order on behalf of its customer: the account for the refund of a purchase or the payout of a sale,
    /// or the wallet for the refund of a sale
    Destination {
        /// Identifier of the order
        id: OrderId,
        #[command(flatten)]
        to: DestinationArguments,
    },
    /// Move an order's money or coins to suspense, one review item per receipt, and end the order
    ToSuspense(OrderArgument),
    /// Recall the payout or transfer of an order: stop it if it was not attempted, cancel it on its chain if it was only signed
    Recall(OrderArgument),
    /// Cancel an order that has not been paid
    Cancel(OrderArgument),
}

#[derive(Debug, Args)]
pub(crate) struct OrderArgument {
    /// Identifier of the order
    id: OrderId,
}

/// The printed fields, in this order.
const FIELDS: &[&str] = &[
    "kind",
    "id",
    "partner",
    "customer",
    "status",
    "hold",
    "finding",
    "exception",
    "reversal",
    "terms",
    "price",
    "refund_destination",
    "payout_destination",
    "received",
    "balance",
    "reserved",
    "created_at",
    "held_until",
];
const LISTS: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("transfers", &["id", "what", "state"]),
    ("payouts", &["id", "what", "state"]),
    ("jobs", &["id", "what", "state"]),
    ("entries", &["posted_at", "kind", "account", "side", "amount", "asset"]),
    ("events", &["id", "what", "state"]),
    ("deliveries", &["id", "what", "state"]),
    ("reviews", &["id", "what", "state"]),
    ("audit", &["at", "actor", "action", "reason", "detail"]),
];

pub(crate) async fn run(context: &CommandContext, command: OrderCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    let id = match command {
        OrderCommand::Show(OrderArgument { id }) => id,
        OrderCommand::Hold(OrderArgument { id }) => orders::hold(app, &context.operator()?, id).await.map(|()| id)?,
        OrderCommand::Release(OrderArgument { id }) => orders::release(app, &context.operator()?, id).await.map(|()| id)?,
        OrderCommand::Refund { id, to } => orders::refund_to(app, &context.operator()?, id, to.as_deref()).await.map(|()| id)?,
        OrderCommand::Destination { id, to } => {
            let destination = to.destination();
            let destination = destination
                .ok_or_else(|| CommandError::Usage("a destination is missing: give --account with --holder, or --wallet".to_owned()))?;
            orders::give_destination(app, &context.operator()?, id, &destination).await?;
            id
        }
        OrderCommand::ToSuspense(OrderArgument { id }) => orders::set_aside(app, &context.operator()?, id).await.map(|()| id)?,
        OrderCommand::Recall(OrderArgument { id }) => orders::recall(app, &context.operator()?, id).await.map(|()| id)?,
        OrderCommand::Cancel(OrderArgument { id }) => orders::cancel(app, &context.operator()?, id).await.map(|()| id)?,
    };
    context.printer.show(&orders::show(app, id).await?, |order| output::record(order, FIELDS, LISTS))
}
