//! The use cases on both engines, each scenario ending with a recomputed ledger.

mod buying;
mod configuration;
mod exceptions;
mod limits;
mod moved_by_persons;
mod nodes;
mod operations;
mod pages;
mod partners;
mod quotes;
mod registration;
mod repeats;
mod selling;
mod simulation;
mod tenancy;
mod webhooks;
mod workers_buying;
mod workers_contradictions;
mod workers_nodes;
mod workers_payouts;
mod workers_refunds;
mod workers_screening;
mod workers_selling;
mod workers_signing;
mod workers_stops;
mod workers_webhooks;
