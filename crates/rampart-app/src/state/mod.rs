//! What a process keeps beside the database: keys, clocks, prices, what is remembered and who is woken.

pub(crate) mod cached_lookup;
pub(crate) mod clock;
pub(crate) mod customer_cache;
pub(crate) mod customer_number;
pub(crate) mod installation;
pub(crate) mod keys;
pub(crate) mod lasting_secrets;
pub(crate) mod mode;
pub mod network;
pub(crate) mod numbers;
pub(crate) mod ports;
pub(crate) mod prices;
pub(crate) mod random;
pub mod wake;
