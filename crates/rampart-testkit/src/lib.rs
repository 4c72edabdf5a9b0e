//! A whole ramp for tests: an application on a database of its own, on either engine, with the simulated world around
//! it, a partner, and customers that are ready to trade.
//!
//! A test is a scenario: [`scenario`] starts a [`TestApp`], runs it, and afterwards recomputes the ledger from its entries.
//! Business time is moved by [`TestApp::advance`]; nothing sleeps longer than it takes for a condition to hold.

mod app;
mod catalogue;
mod chance;
mod customers;
mod database;
mod gateway;
mod orders;
mod scenario;

pub use app::{KEY, TestApp};
pub use catalogue::{catalogue, catalogue_with};
pub use chance::SeededChance;
pub use customers::{CustomerOf, documented_registration};
pub use database::{TestDatabase, TestEngine};
pub use gateway::payable;
pub use orders::{buy, data_of, refusal_of, sell};
pub use rampart_sandbox::{Deposit, TRIGGERS, TriggerField};
pub use scenario::{PATIENCE, scenario};
