//! `rampart webhook`: deliveries of webhooks.

use clap::{Args, Subcommand};
use rampart_app::operate::webhooks;
use rampart_core::id::DeliveryId;

use super::office::Office;
use super::partner;
use crate::failure::Failure;
use crate::output;

/// How many parked deliveries are listed at once.
const PAGE: u32 = 500;

/// `rampart webhook …`
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List the deliveries that were tried for three days and parked
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
