//! A complete ramp for tests: an application with its own database on either engine, the sandbox as its outside world, a partner,
//! and customers that can trade.
//!
//! A test is a scenario: [`scenario`] starts a [`TestApp`], runs the test, and then recomputes the ledger from its entries.
//! [`TestApp::advance`] moves business time; tests wait no longer than until a condition is met.
//! A helper panics when the ramp does not do what the test needs.

mod app;
mod catalogue;
mod chance;
mod clock;
mod customers;
mod database;
mod gateway;
mod orders;
pub mod partner_api;
mod scenario;

pub use app::{CONDITION_TIMEOUT, KEY, TestApp};
pub use catalogue::{catalogue, catalogue_with};
pub use chance::SeededRandomness;
pub use clock::ManualClock;
pub use customers::{CustomerOf, documented_registration};
pub use database::{TestDatabase, TestEngine};
pub use gateway::payable;
pub use orders::{buy, data_of, refusal_of, sell, some};
pub use rampart_sandbox::{ChainDeposit, TRIGGERS, TriggerField};
pub use scenario::scenario;
