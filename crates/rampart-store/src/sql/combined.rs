//! Runs several statements in one round trip. A batch needs a dozen statements, each a round trip to PostgreSQL. Those that nearly
//! every batch needs are combined into one, as common table expressions (CTEs) whose results are appended with `UNION ALL`.
//!
//! PostgreSQL does not guarantee the order in which the CTEs run: its manual says that sub-statements of `WITH` run concurrently and
//! that the order of data-modifying ones is unpredictable. Correctness relies on three things only:
//! - All CTEs of a statement see one snapshot, so none sees the writes of another.
//! - No statement needs the effect of another or writes the same row as another.
//! - When two batches lock rows in different orders, PostgreSQL reports a deadlock and the writer runs the batch again.
//!
//! In practice the CTEs run in the order in which their results are appended, which keeps deadlocks rare.
//!
//! A statement without rows stays in the text, so that there is one text, which stays prepared. SQLite runs the statements one after
//! the other in the order given, and skips those without rows.

use std::sync::OnceLock;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _, SqlStr};

use super::bulk::{ColumnType, bind_rows, key_condition, text};
use super::{DatabaseEngine, DbRow, DbSession, Rows, SqlError, SqlValue, sqlite};

/// One statement of a combined one. It must not need the effect of another, and no two may write the same row.
pub(crate) struct BulkStatement {
    /// Builds the SQL of an engine from the source of its rows or the condition on its keys.
    sql: fn(DatabaseEngine, &str) -> String,
    /// The column types of its rows. Keys are rows of one column.
    types: &'static [ColumnType],
    further: usize,
    returns: Returns,
}

#[derive(Clone, Copy)]
enum Returns {
    Rows(&'static [&'static str]),
    /// It returns the number of rows changed.
    Count,
}

impl BulkStatement {
    /// A statement that reads `columns` for some distinct keys. Further parameters are numbered from `$2`.
    pub(crate) const fn read(
        keys: &'static [ColumnType],
        further: usize,
        columns: &'static [&'static str],
        sql: fn(DatabaseEngine, &str) -> String,
    ) -> Self {
        Self { sql, types: keys, further, returns: Returns::Rows(columns) }
    }

    /// A statement that writes rows. Further parameters are numbered after the columns.
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

/// The parameters of one statement.
pub(crate) struct StatementParams {
    /// Rows or keys, as one flat list.
    pub(crate) rows: Vec<SqlValue>,
    pub(crate) further: Vec<SqlValue>,
}

impl From<Vec<SqlValue>> for StatementParams {
    fn from(rows: Vec<SqlValue>) -> Self {
        Self { rows, further: Vec::new() }
    }
}

#[derive(Default)]
pub(crate) struct StatementResult {
    pub(crate) rows: Vec<DbRow>,
    pub(crate) changed: u64,
}

/// Statements that run together. The SQL is built once and reused by every batch.
pub(crate) struct CombinedStatement<const N: usize> {
    statements: [BulkStatement; N],
    sqlite: OnceLock<[String; N]>,
    postgres: OnceLock<SqlStr>,
}

impl<const N: usize> CombinedStatement<N> {
    /// Combines statements. SQLite runs them in this order.
    pub(crate) const fn new(statements: [BulkStatement; N]) -> Self {
        Self { statements, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// The statements for SQLite, one each.
    fn sqlite_sql(&self) -> &[String; N] {
        self.sqlite.get_or_init(|| std::array::from_fn(|place| self.statements[place].text(DatabaseEngine::Sqlite)))
    }

    /// The one statement for PostgreSQL. A row holds the number of its statement, then its columns as text.
    fn postgres_sql(&self) -> &SqlStr {
        self.postgres.get_or_init(|| {
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

fn statement_of(row: &PgRow) -> Result<usize, SqlError> {
    let number: i64 = row.try_get(0)?;
    usize::try_from(number).map_err(|_| SqlError::Column(0))
}

/// Renumbers the parameters of a statement that follow `first` other parameters.
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
    /// Runs the statements and returns the result of each. Runs none when no statement has rows.
    pub(crate) async fn run_combined<const N: usize>(
        &mut self,
        combined: &'static CombinedStatement<N>,
        params: [StatementParams; N],
    ) -> Result<[StatementResult; N], SqlError> {
        let mut results = std::array::from_fn(|_| StatementResult::default());
        debug_assert!(combined.statements.iter().zip(&params).all(|(statement, params)| statement.further == params.further.len()));
        if params.iter().all(|params| params.rows.is_empty()) {
            return Ok(results);
        }
        match self {
            Self::Sqlite(connection) => {
                let statements = combined.statements.iter().zip(combined.sqlite_sql()).zip(&params).zip(&mut results);
                for (((statement, sql), StatementParams { rows, further }), result) in
                    statements.filter(|((_, params), _)| !params.rows.is_empty())
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
