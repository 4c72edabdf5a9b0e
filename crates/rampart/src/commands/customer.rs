//! `rampart customer`: customers.

use clap::{Subcommand, ValueEnum};
use rampart_app::operate::customers;
use rampart_core::id::CustomerId;
use rampart_core::kyc::KycLevel;

use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// `rampart customer …`
#[derive(Debug, Subcommand)]
pub(crate) enum CustomerCommand {
    /// Print what is known of a customer, and what persons did
    Show {
        /// The customer's number
        id: i64,
    },
    /// Let a customer trade no more
    Ban {
        /// The customer's number
        id: i64,
    },
    /// Let a customer trade again who was banned, or whose paid orders wait because money was taken back whose coins had left
    Unban {
        /// The customer's number
        id: i64,
    },
    /// Set the level of a customer's identity check by hand
    Kyc {
        /// The customer's number
        id: i64,
        /// The level
        level: LevelArgument,
    },
}

/// A level of the identity check.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LevelArgument {
    /// Not verified
    None,
    /// Level 1: the form
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

/// What is printed of a customer, in this order.
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

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: CustomerCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    let id = match command {
        CustomerCommand::Show { id } => CustomerId(id),
        CustomerCommand::Ban { id } => {
            customers::ban(app, &office.operator()?, CustomerId(id)).await?;
            CustomerId(id)
        }
        CustomerCommand::Unban { id } => {
            customers::unban(app, &office.operator()?, CustomerId(id)).await?;
            CustomerId(id)
        }
        CustomerCommand::Kyc { id, level } => {
            customers::kyc(app, &office.operator()?, CustomerId(id), level.level()).await?;
            CustomerId(id)
        }
    };
    office.printer.show(&customers::show(app, id).await?, |file| output::record(file, FIELDS, LISTS))
}
