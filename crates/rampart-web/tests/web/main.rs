//! HTTP tests through the real router: the contract as snapshots, refusals of every route, limits, the server.

mod abuse;
mod accounts;
mod contract;
mod description;
mod idempotency;
mod limits;
mod live;
mod operations;
mod order_of_checks;
mod pages_kyc;
mod pages_orders;
mod reading;
mod server;
mod support;
mod texts;
mod validate;
mod wallets;
