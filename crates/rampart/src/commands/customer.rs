//! `rampart customer`: shows, bans and verifies customers.

use clap::{Args, Subcommand, ValueEnum};
use rampart_app::operate::customers;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::CustomerId;

use super::context::CommandContext;
use crate::error::CommandError;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum CustomerCommand {
    /// Show a customer with its audit log
    Show(CustomerArgument),
    /// Ban a customer from trading
    Ban(CustomerArgument),
    /// Allow a customer to trade again after a ban, or after a reversal of money whose coins had left
    Unban(CustomerArgument),
    /// Set the level of a customer's identity check manually
    Kyc {
        /// Number of the customer (user_id)
        id: i64,
        /// Level of the identity check
        level: LevelArgument,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CustomerArgument {
    /// Number of the customer (user_id)
    id: i64,
}

/// The levels of the identity check.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LevelArgument {
    /// Not verified
    None,
    /// Level 1: the identity form
    Basic,
    /// Level 2: the reinforced form
    Reinforced,
}

impl LevelArgument {
    const fn level(self) -> Option<KycLevel> {
        match self {
            Self::None => None,
            Self::Basic => Some(KycLevel::Basic),
            Self::Reinforced => Some(KycLevel::Reinforced),
        }
    }
}

/// The printed fields, in this order.
const FIELDS: &[&str] = &[
    "id",
    "partner",
    "name",
    "email",
    "phone",
    "country",
    "address",
    "date_of_birth",
    "identification",
    "bank_account",
    "kyc_status",
    "kyc_level",
    "banned",
    "charged_back",
    "created_at",
];
const LISTS: &[(&str, &[&str])] = &[("kyc_reasons", &[]), ("warnings", &[]), ("audit", &["at", "actor", "action", "reason", "detail"])];

pub(crate) async fn run(context: &CommandContext, command: CustomerCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    let id = match command {
        CustomerCommand::Show(CustomerArgument { id }) => id,
        CustomerCommand::Ban(CustomerArgument { id }) => customers::ban(app, &context.operator()?, CustomerId(id)).await.map(|()| id)?,
        CustomerCommand::Unban(CustomerArgument { id }) => {
            customers::unban(app, &context.operator()?, CustomerId(id)).await.map(|()| id)?
        }
        CustomerCommand::Kyc { id, level } => {
            customers::kyc(app, &context.operator()?, CustomerId(id), level.level()).await.map(|()| id)?
        }
    };
    context.printer.show(&customers::show(app, CustomerId(id)).await?, |customer| output::record(customer, FIELDS, LISTS))
}
