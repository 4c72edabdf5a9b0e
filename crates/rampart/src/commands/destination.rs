//! Where a person has money or coins sent, as it is said on the command line.

use clap::Args;
use rampart_app::operate::orders::DestinationInput;

/// An account with its holder, or a wallet.
#[derive(Debug, Clone, Args)]
pub(crate) struct DestinationArguments {
    /// The account that money goes to
    #[arg(long, requires = "holder", conflicts_with = "wallet")]
    account: Option<String>,
    /// Who holds it
    #[arg(long, requires = "account")]
    holder: Option<String>,
    /// The wallet that coins go to
    #[arg(long)]
    wallet: Option<String>,
}

impl DestinationArguments {
    /// What was said, if anything.
    pub(crate) fn destination(self) -> Option<DestinationInput> {
        let account = self.account.zip(self.holder).map(|(account, holder)| DestinationInput::Account { account, holder });
        account.or(self.wallet.map(DestinationInput::Wallet))
    }
}
