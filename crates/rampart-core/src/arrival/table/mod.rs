//! What becomes of what arrives, as tables: computed by running the machines of both legs, for the documentation, its snapshot
//! and the tests of every cell.

mod amounts;
mod cell;
mod simulation;
mod sources;

use std::fmt;

pub use amounts::amounts;
pub use cell::{Cell, PostingSummary, ArrivalSums};
pub use sources::whose;

/// One row of a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What arrives, and when.
    pub arrives: &'static str,
    /// What speaks against going on, or where the order stands.
    pub but: &'static str,
    /// Whether it is somebody else's, or something else than was ordered: nothing of it may be exchanged by itself.
    pub is_strange: bool,
    /// What becomes of it when it is money for coins, and when it is coins for money; nothing where it cannot happen.
    pub becomes: [Option<Cell>; 2],
}

impl Row {
    /// Its cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.becomes.iter().flatten()
    }

    /// What becomes of it, as it is printed.
    fn texts(&self) -> [String; 2] {
        self.becomes.each_ref().map(|cell| cell.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string))
    }

    /// The same without what is unusual about the amount, which is as unusual whatever speaks against going on.
    fn without_flags(&self) -> Self {
        let becomes = self.becomes.clone().map(|cell| cell.map(|cell| Cell { flags: Vec::new(), ..cell }));
        Self { becomes, ..self.clone() }
    }
}

/// Rows as they are printed: those of which the same becomes are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// What they have in common.
    pub of: &'static str,
    /// The rest: what arrives, or where the order stands.
    pub when: String,
    /// What becomes of it.
    pub becomes: [String; 2],
}

impl fmt::Display for Printed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [buying, selling] = &self.becomes;
        let when = if self.when.is_empty() { String::new() } else { format!(" {} |", self.when) };
        write!(formatter, "| {} |{when} {buying} | {selling} |", self.of)
    }
}

/// The rows of [`amounts`] against which nothing speaks.
#[must_use]
pub fn plain(rows: &[Row]) -> Vec<Printed> {
    let plain = rows.iter().filter(|row| row.but.is_empty());
    plain.map(|row| Printed { of: row.arrives, when: String::new(), becomes: row.texts() }).collect()
}

/// What changes when something speaks against going on: for each such thing, what becomes of which arrivals.
#[must_use]
pub fn against(rows: &[Row]) -> Vec<Printed> {
    let (plain, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.but.is_empty());
    let is_as_before = |row: &Row| plain.iter().any(|known| known.arrives == row.arrives && known.texts() == row.texts());
    let changed: Vec<Row> = others.into_iter().filter(|row| !is_as_before(row)).map(Row::without_flags).collect();
    let mut printed: Vec<(Printed, Vec<&'static str>)> = Vec::new();
    for row in &changed {
        let becomes = row.texts();
        match printed.iter_mut().find(|(known, _)| known.of == row.but && known.becomes == becomes) {
            Some((_, arrivals)) => arrivals.push(row.arrives),
            None => printed.push((Printed { of: row.but, when: String::new(), becomes }, vec![row.arrives])),
        }
    }
    let named = |arrivals: &[&str]| {
        let others: Vec<&str> = plain.iter().map(|row| row.arrives).filter(|name| !arrivals.contains(name)).collect();
        if others.len() < arrivals.len() { format!("all but: {}", others.join("; ")) } else { arrivals.join("; ") }
    };
    printed.into_iter().map(|(row, arrivals)| Printed { when: named(&arrivals), ..row }).collect()
}

/// The rows of [`whose`]: standings of which the same becomes are one row.
#[must_use]
pub fn by_standing(rows: &[Row]) -> Vec<Printed> {
    let mut printed: Vec<Printed> = Vec::new();
    for row in rows {
        let becomes = row.texts();
        match printed.iter_mut().find(|known| known.of == row.arrives && known.becomes == becomes) {
            Some(known) => known.when = format!("{}, {}", known.when, row.but),
            None => printed.push(Printed { of: row.arrives, when: row.but.to_owned(), becomes }),
        }
    }
    printed
}

/// Every posting of these rows, each once, by the list of the ledger.
#[must_use]
pub fn posted<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<PostingSummary> {
    let mut all: Vec<PostingSummary> = Vec::new();
    for posted in rows.into_iter().flat_map(Row::cells).flat_map(|cell| &cell.posted) {
        if !all.contains(posted) {
            all.push(posted.clone());
        }
    }
    all.sort_by_key(|posted| (posted.kind, posted.debits.clone(), posted.credits.clone()));
    all
}
