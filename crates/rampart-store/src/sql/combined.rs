//! Several statements in one go. To PostgreSQL every statement is a way there and back, and a batch has a dozen: those that
//! nearly every batch needs are put into one, as common table expressions whose results are appended, which also runs them
//! in their order. A statement without rows stays in, so that there is one text, which stays prepared. To SQLite they are
//! what they are, one after the other.

use std::sync::OnceLock;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _, SqlStr};

use super::bulk::{ColumnType, bind_rows, key_condition, text};
use super::{DatabaseEngine, DbRow, DbSession, Rows, SqlError, SqlValue, sqlite};

/// One of several statements. None may need what another one does, and no two may write the same row.
pub(crate) struct BulkStatement {
    /// Its text on an engine, told where its rows come from, or how to say that a column is among its keys.
    sql: fn(DatabaseEngine, &str) -> String,
    /// What the columns of its rows hold; keys are rows of one column.
    types: &'static [ColumnType],
    /// How many further values it takes.
    further: usize,
    returns: Returns,
}

#[derive(Clone, Copy)]
enum Returns {
    /// Rows of these columns.
    Rows(&'static [&'static str]),
    /// How many rows were changed.
    Count,
}

impl BulkStatement {
    /// Reads what a statement finds for some keys, each given once. It selects `columns`; further values are numbered from
    /// `$2`.
    pub(crate) const fn read(
        keys: &'static [ColumnType],
        further: usize,
        columns: &'static [&'static str],
        sql: fn(DatabaseEngine, &str) -> String,
    ) -> Self {
        Self { sql, types: keys, further, returns: Returns::Rows(columns) }
    }

    /// Writes rows. Further values are numbered behind the columns.
    pub(crate) const fn write(types: &'static [ColumnType], further: usize, sql: fn(DatabaseEngine, &str) -> String) -> Self {
        Self { sql, types, further, returns: Returns::Count }
    }

    fn text(&self, engine: DatabaseEngine) -> String {
        match self.returns {
            Returns::Rows(_) => (self.sql)(engine, key_condition(engine)),
            Returns::Count => (self.sql)(engine, &Rows::of(self.types, Vec::new()).source(engine)),
        }
    }
}

/// What a statement is given.
pub(crate) struct Params {
    /// Its rows or keys, as one flat list.
    pub(crate) rows: Vec<SqlValue>,
    /// Its further values.
    pub(crate) further: Vec<SqlValue>,
}

impl From<Vec<SqlValue>> for Params {
    fn from(rows: Vec<SqlValue>) -> Self {
        Self { rows, further: Vec::new() }
    }
}

/// What a statement came to.
#[derive(Default)]
pub(crate) struct StatementResult {
    /// The rows it found.
    pub(crate) rows: Vec<DbRow>,
    /// How many rows it changed.
    pub(crate) changed: u64,
}

/// Statements that run together. Their texts are made once, because every batch needs them.
pub(crate) struct CombinedStatement<const N: usize> {
    statements: [BulkStatement; N],
    each: OnceLock<[String; N]>,
    combined: OnceLock<SqlStr>,
}

impl<const N: usize> CombinedStatement<N> {
    /// These statements, in the order in which they run.
    pub(crate) const fn new(statements: [BulkStatement; N]) -> Self {
        Self { statements, each: OnceLock::new(), combined: OnceLock::new() }
    }

    /// What SQLite is asked, one after the other.
    fn sqlite_sql(&self) -> &[String; N] {
        self.each.get_or_init(|| std::array::from_fn(|place| self.statements[place].text(DatabaseEngine::Sqlite)))
    }

    /// What PostgreSQL is asked: a row tells first whose it is, then its columns as texts.
    fn postgres_sql(&self) -> &SqlStr {
        self.combined.get_or_init(|| {
            let width = |statement: &BulkStatement| if let Returns::Rows(columns) = statement.returns { columns.len() } else { 1 };
            let widest = self.statements.iter().map(width).max().unwrap_or(1);
            let (mut with, mut select, mut first) = (String::from("WITH "), String::new(), 0);
            for (number, statement) in self.statements.iter().enumerate() {
                let (comma, union) = if number == 0 { ("", "") } else { (", ", " UNION ALL ") };
                let (mut columns, returning) = match statement.returns {
                    Returns::Rows(columns) => (columns.iter().map(|column| format!("{column}::text")).collect::<Vec<_>>(), ""),
                    Returns::Count => (vec!["COUNT(*)::text".to_owned()], " RETURNING 1"),
                };
                columns.resize(widest, "NULL".to_owned());
                with.push_str(&format!(
                    "{comma}p{number} AS ({}{returning})",
                    renumbered(&statement.text(DatabaseEngine::Postgres), first)
                ));
                select.push_str(&format!("{union}SELECT {number}::bigint, {} FROM p{number}", columns.join(", ")));
                first += statement.types.len() + statement.further;
            }
            text(format!("{with} {select}"))
        })
    }
}

/// Which statement a row belongs to.
fn statement_of(row: &PgRow) -> Result<usize, SqlError> {
    let number: i64 = row.try_get(0)?;
    usize::try_from(number).map_err(|_| SqlError::Column(0))
}

/// A text whose values are numbered from `$1` with so many in front of them.
fn renumbered(sql: &str, first: usize) -> String {
    let mut pieces = sql.split('$');
    let mut renumbered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        renumbered.push_str(&format!("${}{rest}", number.parse::<usize>().unwrap_or_default() + first));
    }
    renumbered
}

fn bind<'q>(query: Query<'q, Postgres, PgArguments>, rows: &'q Rows, further: &[SqlValue]) -> Query<'q, Postgres, PgArguments> {
    further.iter().fold(bind_rows(query, rows), |query, value| value.bind(query))
}

impl DbSession {
    /// Runs statements together, and tells of each what it came to. When none was given any rows, none is run.
    pub(crate) async fn run_combined<const N: usize>(
        &mut self,
        combined: &'static CombinedStatement<N>,
        params: [Params; N],
    ) -> Result<[StatementResult; N], SqlError> {
        let mut results = std::array::from_fn(|_| StatementResult::default());
        debug_assert!(combined.statements.iter().zip(&params).all(|(statement, params)| statement.further == params.further.len()));
        if params.iter().all(|params| params.rows.is_empty()) {
            return Ok(results);
        }
        match self {
            Self::Sqlite(connection) => {
                let statements = combined.statements.iter().zip(combined.sqlite_sql()).zip(&params).zip(&mut results);
                for (((statement, sql), Params { rows, further }), result) in statements.filter(|((_, params), _)| !params.rows.is_empty())
                {
                    let width = statement.types.len();
                    match statement.returns {
                        Returns::Rows(_) => {
                            let found = sqlite::fetch_each(connection, sql, width, rows, further)?;
                            result.rows = found.into_iter().map(DbRow::Sqlite).collect();
                        }
                        Returns::Count => result.changed = sqlite::execute_each(connection, sql, width, rows, further)?,
                    }
                }
            }
            Self::Postgres(connection) => {
                let params = combined
                    .statements
                    .iter()
                    .zip(params)
                    .map(|(statement, params)| (Rows::of(statement.types, params.rows), params.further));
                let params: Vec<(Rows, Vec<SqlValue>)> = params.collect();
                let query =
                    params.iter().fold(sqlx::query(combined.postgres_sql().clone()), |query, (rows, further)| bind(query, rows, further));
                for row in query.fetch_all(connection).await? {
                    let place = statement_of(&row)?;
                    let row = DbRow::Combined(row);
                    match combined.statements[place].returns {
                        Returns::Rows(_) => results[place].rows.push(row),
                        Returns::Count => results[place].changed = u64::try_from(row.int(0)?).unwrap_or_default(),
                    }
                }
            }
        }
        Ok(results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_through() {
        assert_eq!(renumbered("a = ANY($1) AND b > $2", 0), "a = ANY($1) AND b > $2");
        assert_eq!(renumbered("UNNEST($1::text[], $10::bigint[]) $2", 3), "UNNEST($4::text[], $13::bigint[]) $5");
        let combined = CombinedStatement::new([
            BulkStatement::read(&[ColumnType::Text], 1, &["id", "version"], |_, keys_match| {
                format!("SELECT id, version FROM partners WHERE id {keys_match} AND n > $2")
            }),
            BulkStatement::write(&[ColumnType::Text, ColumnType::Int], 0, |_, rows| format!("INSERT INTO t (id, n) {rows}")),
        ]);
        assert_eq!(
            combined.postgres_sql().as_str(),
            "WITH p0 AS (SELECT id, version FROM partners WHERE id = ANY($1) AND n > $2), \
             p1 AS (INSERT INTO t (id, n) SELECT * FROM UNNEST($3::text[], $4::bigint[]) RETURNING 1) \
             SELECT 0::bigint, id::text, version::text FROM p0 UNION ALL SELECT 1::bigint, COUNT(*)::text, NULL FROM p1"
        );
        assert_eq!(
            *combined.sqlite_sql(),
            ["SELECT id, version FROM partners WHERE id = $1 AND n > $2", "INSERT INTO t (id, n) VALUES ($1, $2)"]
        );
    }
}
