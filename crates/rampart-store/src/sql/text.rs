//! Texts of statements over several rows, in a few fixed sizes so that they stay prepared.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Rows per writing statement. A batch is cut greedily, so that at most a handful of statements write any number of rows.
/// With at most 20 columns the largest stays far below SQLite's 32,766 values and PostgreSQL's 65,535.
const WRITE_SIZES: [usize; 18] = [512, 384, 256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// Keys per reading statement. A list is filled up with its last key to the next size.
const READ_SIZES: [usize; 6] = [1, 4, 16, 64, 256, 512];

/// Cuts `rows` into statement sizes.
pub(crate) fn write_sizes(rows: usize) -> impl Iterator<Item = usize> {
    let mut left = rows;
    std::iter::from_fn(move || {
        let size = WRITE_SIZES.into_iter().find(|size| *size <= left)?;
        left -= size;
        Some(size)
    })
}

/// Writes `rows` tuples of `columns` placeholders: `($1, $2), ($3, $4)`.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}${}", row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

/// Texts that were built before, so that they are built once per process and not once per batch.
#[derive(Default)]
pub(crate) struct Texts {
    built: HashMap<(&'static str, &'static str, usize), Arc<str>>,
}

impl Texts {
    /// The text of a statement (named by a purpose and a table) over so many rows.
    pub(crate) fn get(&mut self, purpose: &'static str, table: &'static str, rows: usize, build: impl FnOnce() -> String) -> SqlStr {
        let text = self.built.entry((purpose, table, rows)).or_insert_with(|| build().into());
        AssertSqlSafe(Arc::clone(text)).into_sql_str()
    }
}

/// The size a list of so many keys is filled up to; longer lists come in pieces of the largest.
pub(crate) fn read_size(keys: usize) -> usize {
    READ_SIZES.into_iter().find(|size| *size >= keys).unwrap_or(READ_SIZES[READ_SIZES.len() - 1])
}

/// Cuts keys into pieces of a read size, each filled up with its last key.
pub(crate) fn read_pieces<T: Clone>(keys: &[T]) -> impl Iterator<Item = Vec<T>> {
    keys.chunks(READ_SIZES[READ_SIZES.len() - 1]).map(|piece| {
        let mut piece = piece.to_vec();
        if let Some(last) = piece.last().cloned() {
            piece.resize(read_size(piece.len()), last);
        }
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_add_up() {
        for rows in 0..700 {
            assert_eq!(write_sizes(rows).sum::<usize>(), rows);
        }
        assert_eq!(write_sizes(131).collect::<Vec<_>>(), [128, 3]);
        assert_eq!(write_sizes(1_100).collect::<Vec<_>>(), [512, 512, 64, 12]);
    }

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(2, 2), "($1, $2), ($3, $4)");
    }

    #[test]
    fn pieces_are_filled_up() {
        assert_eq!(read_pieces(&[1, 2]).collect::<Vec<_>>(), [vec![1, 2, 2, 2]]);
        assert_eq!(read_pieces(&vec![7; 300]).map(|piece| piece.len()).collect::<Vec<_>>(), [512]);
        assert_eq!(read_pieces::<i32>(&[]).count(), 0);
    }
}
