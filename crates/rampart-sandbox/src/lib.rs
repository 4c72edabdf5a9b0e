//! The outside world, simulated: a bank with its rails, processors of redirect payments, chains, an identity provider,
//! a screening provider, a price source and the business clock.
//!
//! The world has its own database, clock and faults. Several processes of one installation may share the database. The
//! engine reaches the world only through the ports of `rampart_core`. People and tests control it through the routes
//! under `/sandbox`.
//!
//! It stands on three floors. `file` is the ground: the file, its journal and schedule, the clock, faults and signals. On it stand the
//! providers, which know nothing of one another. `world` puts them together and runs what is due; `routes` and the engine use that.

mod bank;
mod chain;
mod chains;
mod config;
mod error;
mod file;
mod inbox;
mod kyc;
mod market;
mod payment;
mod prices;
mod processor;
mod routes;
mod screening;
mod trigger;
mod world;

pub use bank::{BankTransfer, Booked, StatementEntry};
pub use chain::{ChainDeposit, ChainTransaction, Reorganisation, ReorganisationPlan, SharedDeposit};
pub use config::{ChainConfig, CoinConfig, CurrencyConfig, OpeningBalance, RailConfig, WorldConfig};
pub use error::WorldError;
pub use file::{
    CardPayment, FaultCalls, FaultOutcome, FaultPort, FaultRule, FeeSettings, Misreading, SandboxClock, SignerOutcome, SignerRule,
};
pub use inbox::{InboxWebhook, SignatureStatus};
pub use kyc::ManualDecision;
pub use payment::{PayResult, PayableMethod, PayablePayment};
pub use processor::CardResult;
pub use trigger::{TRIGGERS, Trigger, TriggerField, TriggerOutcome};

pub use routes::{CustomerView, RampoffPayouts, SandboxEngine, WebhookKeys, calls, openapi, routes};
pub use world::World;
