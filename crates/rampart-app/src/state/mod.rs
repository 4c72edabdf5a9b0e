//! What a process keeps beside the database: keys, clocks, prices, what is remembered and who is woken.

pub(crate) mod cached_lookup;
pub(crate) mod clock;
pub(crate) mod customer_cache;
pub(crate) mod customer_number;
pub(crate) mod derivation;
pub(crate) mod in_flight;
pub(crate) mod installation;
pub(crate) mod keys;
pub(crate) mod lasting_secrets;
pub(crate) mod ledger_check;
pub(crate) mod metrics;
pub(crate) mod mode;
pub mod network;
pub(crate) mod numbers;
pub(crate) mod own_accounts;
pub(crate) mod partner_cache;
pub(crate) mod ports;
pub(crate) mod prices;
pub(crate) mod random;
pub(crate) mod reserved_addresses;
pub(crate) mod sources;
pub mod wake;
pub(crate) mod worker_health;
