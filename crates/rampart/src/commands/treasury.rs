//! `rampart treasury`: shows and moves the company's own money and coins.

use clap::{Args, Subcommand};
use rampart_app::operate::treasury;
use rampart_core::ledger::Account;
use rampart_core::money::asset::{Asset, Chain};

use super::context::CommandContext;
use crate::error::CommandError;

#[derive(Debug, Subcommand)]
pub(crate) enum TreasuryCommand {
    /// Show the balances of our accounts and wallets: posted, held, available, and as reported by the chains
    Show,
    /// Record money or coins that the company has deposited
    Fund(MoveArguments),
    /// Withdraw money or coins. Money is only recorded (transfer it at the bank yourself); coins are sent
    Withdraw {
        #[command(flatten)]
        transfer: MoveArguments,
        /// Address that receives the coins
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Move the coins on deposit addresses to the hot wallet
    Sweep {
        /// Chain, such as polygon
        chain: Chain,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MoveArguments {
    /// Account, such as bank:sepa or chain:polygon:hot
    account: Account,
    /// Asset, such as EUR or USDC:polygon
    asset: Asset,
    /// Amount in major units
    amount: String,
}

pub(crate) async fn run(context: &CommandContext, command: TreasuryCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    match command {
        TreasuryCommand::Show => {
            context.show_list(&treasury::show(app).await?, &["account", "asset", "posted", "held", "available", "outside"])
        }
        TreasuryCommand::Fund(MoveArguments { account, asset, amount }) => {
            context.show(&treasury::fund(app, &context.operator()?, account, asset, &amount).await?)
        }
        TreasuryCommand::Withdraw { transfer: MoveArguments { account, asset, amount }, to } => {
            context.show(&treasury::withdraw(app, &context.operator()?, account, asset, &amount, to.as_deref()).await?)
        }
        TreasuryCommand::Sweep { chain } => context.show(&treasury::sweep(app, &context.operator()?, chain).await?),
    }
}
