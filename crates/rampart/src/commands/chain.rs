//! `rampart chain`: shows how far the chains were followed, and reads past blocks again.

use clap::Subcommand;
use rampart_app::operate::chains;
use rampart_core::money::asset::Chain;

use super::context::CommandContext;
use crate::error::CommandError;

#[derive(Debug, Subcommand)]
pub(crate) enum ChainCommand {
    /// Show how far each chain was followed, what it calls final, and whether it is stalled
    Status {
        /// Chain, such as polygon
        chain: Option<Chain>,
    },
    /// Read past blocks again and add the deposits that are missing
    Rescan {
        /// Chain, such as polygon
        chain: Chain,
        /// First block
        #[arg(long, value_name = "HEIGHT")]
        from: u64,
        /// Last block; by default the newest that was followed
        #[arg(long, value_name = "HEIGHT")]
        to: Option<u64>,
    },
}

pub(crate) async fn run(context: &CommandContext, command: ChainCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    match command {
        ChainCommand::Status { chain } => {
            let columns = &[
                "chain",
                "newest",
                "followed",
                "behind",
                "followed_age",
                "last_final",
                "final_age",
                "read_again_to",
                "pending_deposits",
                "stalled",
            ];
            context.show_list(&chains::status(app, chain).await?, columns)
        }
        ChainCommand::Rescan { chain, from, to } => {
            let operator = context.operator()?;
            let mut next = Some(from);
            while let Some(from) = next {
                let report = chains::rescan(app, &operator, chain, from, to).await?;
                context.show(&report)?;
                next = report.next;
            }
            Ok(())
        }
    }
}
