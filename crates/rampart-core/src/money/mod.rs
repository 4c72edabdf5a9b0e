//! Money: amounts in minor units, rates, and the assets they count.

pub mod amount;
pub mod asset;
pub mod rate;
