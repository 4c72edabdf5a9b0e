//! The rules, through their public items.

mod accounts;
mod arrivals;
mod blind_spots;
mod decisions;
mod destinations;
mod documents;
mod exceptions;
mod fillers;
mod holders;
mod machines;
mod mistakes;
mod money;
mod names;
mod references;
mod sequences;
mod support;
mod transmissions;
mod vectors;
mod wallets;
mod whole_steps;
