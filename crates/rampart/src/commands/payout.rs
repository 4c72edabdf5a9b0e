//! `rampart payout`: money that leaves.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use rampart_app::operate::payouts;
use rampart_core::id::PayoutId;

use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// How many payouts are listed at once.
const PAGE: u32 = 200;

/// `rampart payout …`
#[derive(Debug, Subcommand)]
pub(crate) enum PayoutCommand {
    /// List the payouts that have not ended: queued, unknown (their answer was lost), accepted by the rail
    List {
        /// Only those in this state
        #[arg(long, value_parser = PossibleValuesParser::new([payouts::OPEN, payouts::ENDED].concat()))]
        state: Option<String>,
        /// Go on behind this payout
        #[arg(long, value_name = "PAYOUT")]
        after: Option<PayoutId>,
    },
    /// Print a payout with its work and what persons did
    Show {
        /// The payout
        id: PayoutId,
    },
    /// Book that it arrived: you have asked the bank, and nothing else tells us
    Settle {
        /// The payout
        id: PayoutId,
        /// The bank's own reference of it
        #[arg(long)]
        reference: String,
    },
    /// Book that it will not arrive: you have asked the bank, and nothing else tells us
    Fail {
        /// The payout
        id: PayoutId,
    },
    /// Stop a payout that was not handed to its rail yet
    Stop {
        /// The payout
        id: PayoutId,
    },
}

const FIELDS: &[&str] =
    &["id", "state", "purpose", "order", "route", "amount", "account", "screening", "created_at", "resolves", "rounding"];
const LISTS: &[(&str, &[&str])] = &[("jobs", &["id", "what", "state"]), ("audit", &["at", "actor", "action", "reason", "detail"])];

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: PayoutCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    let id = match command {
        PayoutCommand::List { state, after } => {
            let one = state.as_deref().map(|state| vec![state]);
            let found = payouts::list(app, one.as_deref().unwrap_or(&payouts::OPEN), after, PAGE).await?;
            let last = found.last().map(|payout| payout.id.as_str());
            let fields = &FIELDS[..9];
            return office.printer.show(&found, |found| output::page_of(found, fields, PAGE, last));
        }
        PayoutCommand::Show { id } => id,
        PayoutCommand::Settle { id, reference } => {
            payouts::settle(app, &office.operator()?, id, &reference).await?;
            id
        }
        PayoutCommand::Fail { id } => {
            payouts::fail(app, &office.operator()?, id).await?;
            id
        }
        PayoutCommand::Stop { id } => {
            payouts::stop(app, &office.operator()?, id).await?;
            id
        }
    };
    office.printer.show(&payouts::show(app, id).await?, |file| output::record(file, FIELDS, LISTS))
}
