//! The outside world, simulated: a bank with its rails, processors of redirect payments, chains, an identity provider,
//! a screening provider, a price source and the business clock.
//!
//! The world has its own database, clock and faults. Several processes of one installation may share the database. The
//! engine reaches the world only through the ports of `rampart_core`. People and tests control it through the routes
//! under `/sandbox`.

mod bank;
mod chain;
mod clock;
mod config;
mod database;
mod error;
mod faults;
mod inbox;
mod kyc;
mod payment;
mod payouts;
mod prices;
mod processor;
mod routes;
mod schedule;
mod scheduler;
mod schema;
mod screening;
mod settings;
mod signals;
mod trigger;
mod world;

pub use bank::{BankTransfer, Booked, StatementEntry};
pub use chain::{ChainDeposit, ChainTransaction, Reorganisation};
pub use clock::SandboxClock;
pub use config::{ChainConfig, CoinConfig, CurrencyConfig, OpeningBalance, RailConfig, WorldConfig};
pub use error::WorldError;
pub use faults::{FaultCalls, FaultOutcome, FaultPort, FaultRule};
pub use inbox::{InboxWebhook, SignatureStatus};
pub use kyc::ManualDecision;
pub use payment::{PayResult, PayableMethod, PayablePayment};
pub use processor::{CardPayment, CardResult};
pub use trigger::{TRIGGERS, Trigger, TriggerField, TriggerOutcome};

pub use routes::{CustomerView, RampoffPayouts, SandboxCaller, SandboxEngine, WebhookKeys, openapi, router, routes};
pub use world::World;
