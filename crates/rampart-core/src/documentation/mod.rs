//! What the documents and their snapshots say of the rules, computed by running them: the tables of the state machines, of what becomes of
//! what arrives, and the commands that resolve what waits. Only with the feature `documentation`.

pub mod arrivals;
pub mod commands;
pub mod outgoing;
pub mod payments;
pub mod rampoffs;
mod transitions;
pub mod transmissions;

pub use transitions::Transition;
