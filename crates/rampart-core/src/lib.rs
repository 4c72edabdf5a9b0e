//! The rules of the ramp, and nothing else.
//!
//! This crate does no input or output, starts no thread, reads no clock and draws no random number: time, identifiers and
//! market prices are passed in, and a decision is returned as data (a [`step::Step`]). It uses no floating-point numbers.

pub mod address;
pub mod amount;
pub mod arrival;
pub mod asset;
pub mod bank_account;
pub mod catalogue;
mod char_buffer;
pub mod code;
pub mod commands;
pub mod counter;
pub mod country;
pub mod customer;
pub mod earlier_link;
pub mod email;
pub mod event;
pub mod example;
pub mod fact;
pub mod id;
pub mod identification;
pub mod installation_key;
pub mod job;
pub mod kyc;
pub mod ledger;
pub mod limits;
pub mod name;
pub mod order;
pub mod outgoing;
pub mod partner;
pub mod pay_to;
pub mod payment;
pub mod phone;
pub mod policy;
pub mod ports;
pub mod quote;
pub mod rampoff;
pub mod rate;
pub mod record;
pub mod redacted;
pub mod reference;
pub mod refusal;
pub mod review;
pub mod step;
pub mod suspense;
pub mod text;
pub mod time;
pub mod transitions;
pub mod treasury;
pub mod view;
pub mod watch;
pub mod webhook;
