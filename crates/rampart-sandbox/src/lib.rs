//! The outside world, simulated: a bank with all its rails, processors of redirect payments, chains, an identity
//! provider, a screening provider, a price source and the business clock.
//!
//! The world keeps its own books, clock and faults in its own file, which several processes of one installation may
//! share. The engine reaches it through the ports of `rampart_core` only; people and tests play it through the routes
//! under `/sandbox`.

mod agenda;
mod bank;
mod books;
mod chain;
mod clock;
mod config;
mod error;
mod faults;
mod inbox;
mod kyc;
mod magic;
mod payment;
mod payouts;
mod play;
mod prices;
mod processor;
mod routes;
mod schema;
mod screening;
mod settings;
mod signals;
mod world;

pub use bank::{BankTransfer, Booked, StatementEntry};
pub use chain::{ChainTransaction, Deposit, Reorganisation};
pub use clock::SandboxClock;
pub use config::{ChainConfig, CoinConfig, CurrencyConfig, OpeningBalance, RailConfig, WorldConfig};
pub use error::WorldError;
pub use faults::{Calls, FaultOutcome, FaultPort, FaultRule};
pub use inbox::{Received, Signature};
pub use kyc::ManualDecision;
pub use magic::{MAGIC, Magic, MagicExample, MagicField, MagicOutcome, magic_examples};
pub use payment::{PayResult, PayableMethod, PayablePayment};
pub use processor::{CardPayment, CardResult};

pub use routes::{AuthenticatedPartner, CustomerView, RampoffView, SandboxEngine, WebhookKeys, openapi, router, routes};
pub use world::World;
