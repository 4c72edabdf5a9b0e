//! What every use case about an order shares: its checks, its destinations, repeats of requests and links to its pages.

pub mod date_of_birth;
pub mod documents;
pub mod idempotency;
pub mod order_checks;
pub mod page_links;
