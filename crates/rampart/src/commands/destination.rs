//! The command line arguments for a destination of money or coins.

use clap::Args;
use rampart_app::operate::orders::DestinationInput;

/// A bank account with its holder, or a wallet.
#[derive(Debug, Clone, Args)]
pub(crate) struct DestinationArguments {
    /// Bank account that receives the money
    #[arg(long, requires = "holder", conflicts_with = "wallet")]
    account: Option<String>,
    /// Name of the account holder
    #[arg(long, requires = "account")]
    holder: Option<String>,
    /// Wallet that receives the coins
    #[arg(long)]
    wallet: Option<String>,
}

impl DestinationArguments {
    /// The destination, if one was given.
    pub(crate) fn destination(self) -> Option<DestinationInput> {
        let account = self.account.zip(self.holder).map(|(account, holder)| DestinationInput::Account { account, holder });
        account.or(self.wallet.map(DestinationInput::Wallet))
    }
}
