//! `rampart treasury`: the company's own money and coins.

use clap::{Args, Subcommand};
use rampart_app::operate::treasury;
use rampart_core::asset::{Asset, Chain};
use rampart_core::ledger::Account;

use super::office::Office;
use crate::failure::Failure;

/// `rampart treasury …`
#[derive(Debug, Subcommand)]
pub(crate) enum TreasuryCommand {
    /// Print what we hold, what is promised of it, and what the chains say
    Show,
    /// Book money or coins that the company has put in
    Fund(MoveArguments),
    /// Take money or coins out: money is booked (it is moved at the bank), coins are sent
    Withdraw {
        #[command(flatten)]
        what: MoveArguments,
        /// The address that coins are sent to
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Collect the coins on deposit addresses into the hot wallet
    Sweep {
        /// The chain
        chain: Chain,
    },
}

/// What is moved.
#[derive(Debug, Args)]
pub(crate) struct MoveArguments {
    /// The account, such as bank:sepa or chain:polygon:hot
    account: Account,
    /// The asset, such as EUR or USDC:polygon
    asset: Asset,
    /// How much, in major units
    amount: String,
}

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: TreasuryCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    match command {
        TreasuryCommand::Show => {
            office.show_list(&treasury::show(app).await?, &["account", "asset", "posted", "held", "available", "outside"])
        }
        TreasuryCommand::Fund(MoveArguments { account, asset, amount }) => {
            office.show(&treasury::fund(app, &office.operator()?, account, asset, &amount).await?)
        }
        TreasuryCommand::Withdraw { what: MoveArguments { account, asset, amount }, to } => {
            office.show(&treasury::withdraw(app, &office.operator()?, account, asset, &amount, to.as_deref()).await?)
        }
        TreasuryCommand::Sweep { chain } => office.show(&treasury::sweep(app, &office.operator()?, chain).await?),
    }
}
