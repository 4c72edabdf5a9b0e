//! `rampart webhook`: deliveries of webhooks.

use clap::{Args, Subcommand};
use rampart_app::operate::webhooks;
use rampart_core::id::{DeliveryId, SubscriptionId};

use super::office::Office;
use super::partner;
use crate::failure::Failure;
use crate::output;

/// How many parked deliveries or disabled subscriptions are listed at once.
const PAGE: u32 = 500;

/// `rampart webhook …`
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List the subscriptions whose receivers answered 410 Gone: nothing is delivered to them until they are subscribed again
    Disabled {
        /// Go on behind this subscription
        #[arg(long, value_name = "SUBSCRIPTION")]
        after: Option<SubscriptionId>,
    },
    /// List the deliveries that were tried for three days, or whose subscription is disabled, and parked
    Parked {
        /// Go on behind this delivery
        #[arg(long, value_name = "DELIVERY")]
        after: Option<DeliveryId>,
    },
    /// Deliver again what was parked
    Replay(ReplayArguments),
}

/// What is delivered again.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ReplayArguments {
    /// One delivery
    delivery: Option<DeliveryId>,
    /// Everything of a partner, by its identifier or name
    #[arg(long)]
    partner: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: WebhookCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    let arguments = match command {
        WebhookCommand::Disabled { after } => {
            let disabled = webhooks::disabled(app, after, PAGE).await?;
            let fields = ["id", "partner", "kind", "url", "disabled_at"];
            let last = disabled.last().map(|subscription| subscription.id.as_str());
            return office.printer.show(&disabled, |disabled| output::page_of(disabled, &fields, PAGE, last));
        }
        WebhookCommand::Parked { after } => {
            let parked = webhooks::parked(app, after, PAGE).await?;
            let fields = ["id", "partner", "sequence", "kind", "attempts", "last_error", "created_at"];
            let last = parked.last().map(|delivery| delivery.id.as_str());
            return office.printer.show(&parked, |parked| output::page_of(parked, &fields, PAGE, last));
        }
        WebhookCommand::Replay(arguments) => arguments,
    };
    let operator = office.operator()?;
    let replayed = match (arguments.delivery, arguments.partner) {
        (Some(delivery), _) => webhooks::replay(app, &operator, delivery).await.map(|_| 1)?,
        (None, Some(named)) => webhooks::replay_all(app, &operator, partner::find(office, &named).await?).await?,
        (None, None) => return Err(Failure::Usage("say which delivery, or --partner".to_owned())),
    };
    office.printer.show(&serde_json::json!({ "replayed": replayed }), |_| format!("{replayed} deliveries are on their way again."))
}
