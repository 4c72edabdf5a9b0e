//! `rampart webhook`: shows webhook deliveries and repeats them.

use clap::{Args, Subcommand};
use rampart_app::operate::webhooks;
use rampart_core::id::{DeliveryId, SubscriptionId};

use super::context::CommandContext;
use super::partner;
use crate::error::CommandError;

const PAGE_ROWS: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List subscriptions whose receivers answered 410 Gone. They receive nothing until the partner subscribes again
    Disabled {
        /// Continue after this subscription
        #[arg(long, value_name = "SUBSCRIPTION")]
        after: Option<SubscriptionId>,
    },
    /// List parked deliveries: those that failed for three days or whose subscription is disabled
    Parked {
        /// Continue after this delivery
        #[arg(long, value_name = "DELIVERY")]
        after: Option<DeliveryId>,
    },
    /// Deliver parked deliveries again
    Replay(ReplayArguments),
}

/// What to deliver again.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ReplayArguments {
    /// Delivery to repeat
    delivery: Option<DeliveryId>,
    /// Repeat all parked deliveries of this partner, by its identifier or name
    #[arg(long)]
    partner: Option<String>,
}

pub(crate) async fn run(context: &CommandContext, command: WebhookCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    let arguments = match command {
        WebhookCommand::Disabled { after } => {
            let disabled = webhooks::disabled(app, after, PAGE_ROWS).await?;
            let fields = ["id", "partner", "kind", "url", "disabled_at"];
            return context.show_page(&disabled, &fields, PAGE_ROWS, |subscription| &subscription.id);
        }
        WebhookCommand::Parked { after } => {
            let parked = webhooks::parked(app, after, PAGE_ROWS).await?;
            let fields = ["id", "partner", "sequence", "kind", "attempts", "last_error", "created_at"];
            return context.show_page(&parked, &fields, PAGE_ROWS, |delivery| &delivery.id);
        }
        WebhookCommand::Replay(arguments) => arguments,
    };
    let operator = context.operator()?;
    let replayed = match (arguments.delivery, arguments.partner) {
        (Some(delivery), _) => webhooks::replay(app, &operator, delivery).await.map(|_| 1)?,
        (None, Some(named)) => webhooks::replay_all(app, &operator, partner::find(context, &named).await?).await?,
        (None, None) => return Err(CommandError::Usage("give a delivery, or --partner".to_owned())),
    };
    context.printer.show(&serde_json::json!({ "replayed": replayed }), |_| format!("{replayed} deliveries are queued again."))
}
