//! The rules of the ramp, and nothing else.
//!
//! This crate does no input or output, starts no thread, reads no clock and draws no random number: time, identifiers and
//! market prices are passed in, and a decision is returned as data (a [`step::Step`]). It uses no floating-point numbers.

pub mod address;
pub mod catalogue;
pub mod customer;
#[cfg(feature = "documentation")]
pub mod documentation;
#[cfg(feature = "documentation")]
pub mod example;
pub mod id;
pub mod identity;
pub mod ledger;
pub mod money;
pub mod order;
pub mod outgoing;
pub mod partner;
pub mod ports;
pub mod quote;
pub mod refusal;
pub mod review;
pub mod step;
mod stored;
pub mod text;
pub mod time;
