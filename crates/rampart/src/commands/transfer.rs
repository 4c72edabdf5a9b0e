//! `rampart transfer`: shows transfers of coins and what was sent for them, replaces and cancels it.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use rampart_app::operate::transfers;
use rampart_core::id::TransferId;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::TransferStatus;

use super::context::CommandContext;
use crate::error::CommandError;
use crate::output;

const PAGE_ROWS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum TransferCommand {
    /// List transfers without a final outcome
    List {
        /// Chain, such as polygon
        #[arg(long)]
        chain: Option<Chain>,
        /// List only transfers in this state
        #[arg(long, value_parser = PossibleValuesParser::new(TransferStatus::TEXTS).try_map(|text| TransferStatus::from_text(&text).ok_or("is no state")))]
        state: Option<TransferStatus>,
        /// Continue after this transfer
        #[arg(long, value_name = "TRANSFER")]
        after: Option<TransferId>,
    },
    /// Show a transfer with every transaction that was signed for it
    Show(TransferArgument),
    /// Replace the transaction of a transfer by a dearer one now
    Bump {
        #[command(flatten)]
        transfer: TransferArgument,
        /// Also if it costs more than the chain's ceiling
        #[arg(long)]
        lift_ceiling: bool,
    },
    /// Have the nonce of a transfer spent for nothing; it fails once that is final, unless it is included first
    Cancel(TransferArgument),
}

#[derive(Debug, Args)]
pub(crate) struct TransferArgument {
    /// Identifier of the transfer
    id: TransferId,
}

const FIELDS: &[&str] =
    &["id", "state", "purpose", "order", "chain", "amount", "to", "created_at", "txid", "slot", "transmission", "cancel"];
const LISTS: &[(&str, &[&str])] = &[
    ("attempts", &["txid", "purpose", "price", "most_fee", "taken", "signed_at"]),
    ("jobs", &["id", "what", "state"]),
    ("audit", &["at", "actor", "action", "reason", "detail"]),
];

pub(crate) async fn run(context: &CommandContext, command: TransferCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    let id = match command {
        TransferCommand::List { chain, state, after } => {
            let states = state.map(|state| [state]);
            let states = states.as_ref().map_or(&transfers::OPEN[..], |states| states);
            let found = transfers::list(app, chain, states, after, PAGE_ROWS).await?;
            return context.show_page(&found, &FIELDS[..8], PAGE_ROWS, |transfer| &transfer.id);
        }
        TransferCommand::Show(TransferArgument { id }) => id,
        TransferCommand::Bump { transfer: TransferArgument { id }, lift_ceiling } => {
            transfers::bump(app, &context.operator()?, id, lift_ceiling).await.map(|()| id)?
        }
        TransferCommand::Cancel(TransferArgument { id }) => transfers::cancel(app, &context.operator()?, id).await.map(|()| id)?,
    };
    context.printer.show(&transfers::show(app, id).await?, |transfer| output::record(transfer, FIELDS, LISTS))
}
