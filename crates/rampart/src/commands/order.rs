//! `rampart order`: one order.

use clap::Subcommand;
use rampart_app::operate::orders;
use rampart_core::id::OrderId;

use super::destination::DestinationArguments;
use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// `rampart order …`
#[derive(Debug, Subcommand)]
pub(crate) enum OrderCommand {
    /// Print everything known of an order: its state, money, work, events, their deliveries and what persons did
    Show {
        /// The order
        id: OrderId,
    },
    /// Stop an order before coins or money leave
    Hold {
        /// The order
        id: OrderId,
    },
    /// Let an order that is on hold go on
    Release {
        /// The order
        id: OrderId,
    },
    /// Send an order's money or coins back to the destination the customer gave
    Refund {
        /// The order
        id: OrderId,
        /// The end of the account or wallet that it goes to, four signs or more; needed where a page gave that a moment ago
        #[arg(long)]
        to: Option<String>,
    },
    /// Give an order a destination in place of its customer: the account that a purchase is refunded to or a sale paid out to, or the
    /// wallet that a sale is refunded to
    Destination {
        /// The order
        id: OrderId,
        #[command(flatten)]
        to: DestinationArguments,
    },
    /// Put an order's money or coins into suspense, each receipt as an item of its own; the order has ended then
    ToSuspense {
        /// The order
        id: OrderId,
    },
    /// Call back what is on its way out for an order: it is stopped if it was not attempted, and recalled if it was only signed
    Recall {
        /// The order
        id: OrderId,
    },
    /// Call off an order that has not been paid
    Cancel {
        /// The order
        id: OrderId,
    },
}

/// What is printed of an order, in this order.
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

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: OrderCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    let id = match command {
        OrderCommand::Show { id } => id,
        OrderCommand::Hold { id } => {
            orders::hold(app, &office.operator()?, id).await?;
            id
        }
        OrderCommand::Release { id } => {
            orders::release(app, &office.operator()?, id).await?;
            id
        }
        OrderCommand::Refund { id, to } => {
            orders::refund_to(app, &office.operator()?, id, to.as_deref()).await?;
            id
        }
        OrderCommand::Destination { id, to } => {
            let destination = to.destination();
            let destination = destination.ok_or_else(|| Failure::Usage("say an account with its holder, or a wallet".to_owned()))?;
            orders::give_destination(app, &office.operator()?, id, &destination).await?;
            id
        }
        OrderCommand::ToSuspense { id } => {
            orders::set_aside(app, &office.operator()?, id).await?;
            id
        }
        OrderCommand::Recall { id } => {
            orders::recall(app, &office.operator()?, id).await?;
            id
        }
        OrderCommand::Cancel { id } => {
            orders::cancel(app, &office.operator()?, id).await?;
            id
        }
    };
    office.printer.show(&orders::show(app, id).await?, |file| output::record(file, FIELDS, LISTS))
}
