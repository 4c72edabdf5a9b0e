//! Tests of the real binary as a process.

mod abuse;
mod accounts;
mod configuration;
mod demo;
mod earlier_schema;
mod first_start;
mod keys;
mod operators;
mod private_files;
mod readme;
mod sandbox;
mod serving;
mod stopping;
mod support;
mod texts;
mod validate;
