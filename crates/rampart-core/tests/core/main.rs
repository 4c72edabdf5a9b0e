//! The rules, through their public items.

mod accounts;
mod documents;
mod machines;
mod money;
mod references;
mod vectors;
mod wallets;
