//! Tables of what becomes of what arrives, computed by running the state machines of both legs: for the documentation, its
//! snapshot and the tests of every cell.

mod amounts;
mod cell;
mod simulation;
mod sources;

use std::fmt;

pub use amounts::amounts;
pub use cell::{ArrivalSums, Cell, PostingSummary};
pub use sources::whose;

/// One row of a table.
#[derive(Debug, Clone)]
pub struct ArrivalRow {
    pub arrives: &'static str,
    /// What prevents the exchange, or the stage of the order.
    pub but: &'static str,
    /// Whether it is from someone else, or another asset than ordered: none of it may be exchanged automatically.
    pub is_strange: bool,
    /// The outcome when buying and when selling; `None` where it cannot happen.
    pub becomes: [Option<Cell>; 2],
}

impl ArrivalRow {
    /// The row's cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.becomes.iter().flatten()
    }

    fn texts(&self) -> [String; 2] {
        self.becomes.each_ref().map(|cell| cell.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string))
    }

    /// The same without deviations, which do not depend on the obstacle.
    fn without_flags(&self) -> Self {
        let becomes = self.becomes.clone().map(|cell| cell.map(|cell| Cell { flags: Vec::new(), ..cell }));
        Self { becomes, ..self.clone() }
    }
}

/// Printed rows: rows with equal outcomes are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedRow {
    pub of: &'static str,
    /// The rest: what arrives, or the stage of the order.
    pub when: String,
    pub becomes: [String; 2],
}

impl fmt::Display for PrintedRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [buying, selling] = &self.becomes;
        let when = if self.when.is_empty() { String::new() } else { format!(" {} |", self.when) };
        write!(formatter, "| {} |{when} {buying} | {selling} |", self.of)
    }
}

/// The rows of [`amounts`] without an obstacle.
#[must_use]
pub fn plain(rows: &[ArrivalRow]) -> Vec<PrintedRow> {
    let plain = rows.iter().filter(|row| row.but.is_empty());
    plain.map(|row| PrintedRow { of: row.arrives, when: String::new(), becomes: row.texts() }).collect()
}

/// What changes with an obstacle: for each one, the outcome of which arrivals.
#[must_use]
pub fn against(rows: &[ArrivalRow]) -> Vec<PrintedRow> {
    let (plain, others): (Vec<&ArrivalRow>, Vec<&ArrivalRow>) = rows.iter().partition(|row| row.but.is_empty());
    let is_as_before = |row: &ArrivalRow| plain.iter().any(|known| known.arrives == row.arrives && known.texts() == row.texts());
    let changed: Vec<ArrivalRow> = others.into_iter().filter(|row| !is_as_before(row)).map(ArrivalRow::without_flags).collect();
    let mut printed: Vec<(PrintedRow, Vec<&'static str>)> = Vec::new();
    for row in &changed {
        let becomes = row.texts();
        match printed.iter_mut().find(|(known, _)| known.of == row.but && known.becomes == becomes) {
            Some((_, arrivals)) => arrivals.push(row.arrives),
            None => printed.push((PrintedRow { of: row.but, when: String::new(), becomes }, vec![row.arrives])),
        }
    }
    let named = |arrivals: &[&str]| {
        let others: Vec<&str> = plain.iter().map(|row| row.arrives).filter(|name| !arrivals.contains(name)).collect();
        if others.len() < arrivals.len() { format!("all but: {}", others.join("; ")) } else { arrivals.join("; ") }
    };
    printed.into_iter().map(|(row, arrivals)| PrintedRow { when: named(&arrivals), ..row }).collect()
}

/// The rows of [`whose`]: stages with the same outcome are one row.
#[must_use]
pub fn by_standing(rows: &[ArrivalRow]) -> Vec<PrintedRow> {
    let mut printed: Vec<PrintedRow> = Vec::new();
    for row in rows {
        let becomes = row.texts();
        match printed.iter_mut().find(|known| known.of == row.arrives && known.becomes == becomes) {
            Some(known) => known.when = format!("{}, {}", known.when, row.but),
            None => printed.push(PrintedRow { of: row.arrives, when: row.but.to_owned(), becomes }),
        }
    }
    printed
}

/// Every distinct posting of these rows, in the order of the ledger's list.
#[must_use]
pub fn posted<'a>(rows: impl IntoIterator<Item = &'a ArrivalRow>) -> Vec<PostingSummary> {
    let mut all: Vec<PostingSummary> = Vec::new();
    for posted in rows.into_iter().flat_map(ArrivalRow::cells).flat_map(|cell| &cell.posted) {
        if !all.contains(posted) {
            all.push(posted.clone());
        }
    }
    all.sort_by_key(|posted| (posted.kind, posted.debits.clone(), posted.credits.clone()));
    all
}
