//! The use cases on both engines, each scenario ending with a recomputed ledger.

mod buying;
mod limits;
mod pages;
mod partners;
mod quotes;
mod registration;
mod repeats;
mod selling;
mod tenancy;
mod webhooks;
