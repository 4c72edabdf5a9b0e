//! The rules, through their public items.

mod machines;
mod money;
mod references;
mod wallets;
