//! `rampart payout`: shows payouts and records their outcome.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use rampart_app::operate::payouts;
use rampart_core::id::PayoutId;
use rampart_core::outgoing::PayoutStatus;

use super::context::CommandContext;
use crate::error::CommandError;
use crate::output;

const PAGE_ROWS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum PayoutCommand {
    /// List payouts without a final outcome: queued, unknown (the answer of the bank was lost) or accepted by the rail
    List {
        /// List only payouts in this state
        #[arg(long, value_parser = PossibleValuesParser::new(PayoutStatus::TEXTS).try_map(|text| PayoutStatus::from_text(&text).ok_or("is no state")))]
        state: Option<PayoutStatus>,
        /// Continue after this payout
        #[arg(long, value_name = "PAYOUT")]
        after: Option<PayoutId>,
    },
    /// Show a payout with its jobs and audit log
    Show(PayoutArgument),
    /// Record that a payout arrived, as the bank has confirmed, if no report of it arrives otherwise
    Settle {
        /// Identifier of the payout
        id: PayoutId,
        /// Reference of the payout at the bank
        #[arg(long)]
        reference: String,
    },
    /// Record that a payout failed for good, as the bank has confirmed, if no report of it arrives otherwise
    Fail(PayoutArgument),
    /// Stop a payout that was not submitted to its rail yet
    Stop(PayoutArgument),
}

#[derive(Debug, Args)]
pub(crate) struct PayoutArgument {
    /// Identifier of the payout
    id: PayoutId,
}

const FIELDS: &[&str] =
    &["id", "state", "purpose", "order", "route", "amount", "account", "screening", "created_at", "resolves", "rounding"];
const LISTS: &[(&str, &[&str])] = &[("jobs", &["id", "what", "state"]), ("audit", &["at", "actor", "action", "reason", "detail"])];

pub(crate) async fn run(context: &CommandContext, command: PayoutCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    let id = match command {
        PayoutCommand::List { state, after } => {
            let states = state.map(|state| [state]);
            let found = payouts::list(app, states.as_ref().map_or(&payouts::OPEN[..], |states| states), after, PAGE_ROWS).await?;
            return context.show_page(&found, &FIELDS[..9], PAGE_ROWS, |payout| &payout.id);
        }
        PayoutCommand::Show(PayoutArgument { id }) => id,
        PayoutCommand::Settle { id, reference } => payouts::settle(app, &context.operator()?, id, &reference).await.map(|()| id)?,
        PayoutCommand::Fail(PayoutArgument { id }) => payouts::fail(app, &context.operator()?, id).await.map(|()| id)?,
        PayoutCommand::Stop(PayoutArgument { id }) => payouts::stop(app, &context.operator()?, id).await.map(|()| id)?,
    };
    context.printer.show(&payouts::show(app, id).await?, |payout| output::record(payout, FIELDS, LISTS))
}
