//! The simulated world, through its ports and its routes.

mod bank;
mod chain;
mod chain_trouble;
mod clock;
mod people;
mod processor;
mod replay;
mod routes;
mod sharing;
mod test_world;
