//! `rampart wallet`: shows the hot wallets.

use clap::Subcommand;
use rampart_app::operate::wallets;
use rampart_core::money::asset::Chain;

use super::context::CommandContext;
use crate::error::CommandError;

#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// List the hot wallets: address, nonces here and on the chain, transactions that are not final, and balances
    List {
        /// Chain, such as polygon
        chain: Option<Chain>,
    },
}

pub(crate) async fn run(context: &CommandContext, command: WalletCommand) -> Result<(), CommandError> {
    let WalletCommand::List { chain } = command;
    let wallets = wallets::list(&context.installation.app, chain).await?;
    context.show_list(&wallets, &["wallet", "address", "next_nonce", "spent_nonces", "open", "balances"])
}
