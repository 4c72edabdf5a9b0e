//! What becomes of what arrives, as tables: computed by running the machines of both legs, for the documentation, its snapshot
//! and the tests of every cell.

mod amounts;
mod cell;
mod course;
mod whose;

use std::fmt;

pub use amounts::amounts;
pub use cell::{Cell, Posted, Sums};
pub use whose::whose;

/// One row of a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What arrives, and when.
    pub arrives: &'static str,
    /// What speaks against going on, or where the order stands.
    pub but: String,
    /// Whether it is somebody else's, or something else than was ordered: nothing of it may be exchanged by itself.
    pub is_strange: bool,
    /// What becomes of it when it is money for coins, and when it is coins for money; nothing where it cannot happen.
    pub becomes: [Option<Cell>; 2],
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [buying, selling] = self.becomes.each_ref().map(|cell| cell.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string));
        write!(formatter, "| {} | {} | {buying} | {selling} |", self.arrives, self.but)
    }
}

impl Row {
    /// Whether the same becomes of it.
    fn is_like(&self, other: &Self) -> bool {
        let told = |row: &Self| row.becomes.each_ref().map(|cell| cell.as_ref().map(ToString::to_string));
        told(self) == told(other)
    }

    /// Its cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.becomes.iter().flatten()
    }
}
