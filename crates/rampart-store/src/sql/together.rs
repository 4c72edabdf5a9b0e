//! Several statements in one go. To PostgreSQL every statement is a way there and back, and a batch has a dozen: those that
//! nearly every batch needs are put into one, as common table expressions whose results are appended, which also runs them
//! in their order. A statement without rows stays in, so that there is one text, which stays prepared. To SQLite they are
//! what they are, one after the other.

use std::sync::OnceLock;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _, SqlStr};

use super::many::{Kind, among_keys, bind_rows, text};
use super::{DatabaseEngine, Row, Rows, Session, SqlError, Value, sqlite};

/// One of several statements. None may need what another one does, and no two may write the same row.
pub(crate) struct Statement {
    /// Its text on an engine, told where its rows come from, or how to say that a column is among its keys.
    sql: fn(DatabaseEngine, &str) -> String,
    /// What the columns of its rows hold; keys are rows of one column.
    kinds: &'static [Kind],
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

impl Statement {
    /// Reads what a statement finds for some keys, each given once. It selects `columns`; further values are numbered from
    /// `$2`.
    pub(crate) const fn read(
        keys: &'static [Kind],
        further: usize,
        columns: &'static [&'static str],
        sql: fn(DatabaseEngine, &str) -> String,
    ) -> Self {
        Self { sql, kinds: keys, further, returns: Returns::Rows(columns) }
    }

    /// Writes rows. Further values are numbered behind the columns.
    pub(crate) const fn write(kinds: &'static [Kind], further: usize, sql: fn(DatabaseEngine, &str) -> String) -> Self {
        Self { sql, kinds, further, returns: Returns::Count }
    }

    fn text(&self, engine: DatabaseEngine) -> String {
        match self.returns {
            Returns::Rows(_) => (self.sql)(engine, among_keys(engine)),
            Returns::Count => (self.sql)(engine, &Rows::of(self.kinds, Vec::new()).source(engine)),
        }
    }
}

/// What a statement is given.
pub(crate) struct Given {
    /// Its rows or keys, as one flat list.
    pub(crate) rows: Vec<Value>,
    /// Its further values.
    pub(crate) further: Vec<Value>,
}

impl From<Vec<Value>> for Given {
    fn from(rows: Vec<Value>) -> Self {
        Self { rows, further: Vec::new() }
    }
}

/// What a statement came to.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The rows it found.
    pub(crate) rows: Vec<Row>,
    /// How many rows it changed.
    pub(crate) changed: u64,
}

/// Statements that run together. Their texts are made once, because every batch needs them.
pub(crate) struct Bundle<const N: usize> {
    statements: [Statement; N],
    each: OnceLock<[String; N]>,
    combined: OnceLock<SqlStr>,
}

impl<const N: usize> Bundle<N> {
    /// These statements, in the order in which they run.
    pub(crate) const fn new(statements: [Statement; N]) -> Self {
        Self { statements, each: OnceLock::new(), combined: OnceLock::new() }
    }

    /// What SQLite is asked, one after the other.
    fn each(&self) -> &[String; N] {
        self.each.get_or_init(|| std::array::from_fn(|place| self.statements[place].text(DatabaseEngine::Sqlite)))
    }

    /// What PostgreSQL is asked: a row tells first whose it is, then its columns as texts.
    fn combined(&self) -> &SqlStr {
        self.combined.get_or_init(|| {
            let width = |statement: &Statement| if let Returns::Rows(columns) = statement.returns { columns.len() } else { 1 };
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
                first += statement.kinds.len() + statement.further;
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
        let end = piece.find(|figure: char| !figure.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        renumbered.push_str(&format!("${}{rest}", number.parse::<usize>().unwrap_or_default() + first));
    }
    renumbered
}

fn bind<'q>(query: Query<'q, Postgres, PgArguments>, rows: &'q Rows, further: &[Value]) -> Query<'q, Postgres, PgArguments> {
    further.iter().fold(bind_rows(query, rows), |query, value| value.bind(query))
}

impl Session {
    /// Runs statements together, and tells of each what it came to. When none was given any rows, none is run.
    pub(crate) async fn together<const N: usize>(
        &mut self,
        asked: &'static Bundle<N>,
        given: [Given; N],
    ) -> Result<[Outcome; N], SqlError> {
        let mut outcomes = std::array::from_fn(|_| Outcome::default());
        debug_assert!(asked.statements.iter().zip(&given).all(|(statement, given)| statement.further == given.further.len()));
        if given.iter().all(|given| given.rows.is_empty()) {
            return Ok(outcomes);
        }
        match self {
            Self::Sqlite(connection) => {
                let statements = asked.statements.iter().zip(asked.each()).zip(&given).zip(&mut outcomes);
                for (((statement, sql), Given { rows, further }), outcome) in statements.filter(|((_, given), _)| !given.rows.is_empty()) {
                    let width = statement.kinds.len();
                    match statement.returns {
                        Returns::Rows(_) => {
                            let found = sqlite::fetch_each(connection, sql, width, rows, further)?;
                            outcome.rows = found.into_iter().map(Row::Sqlite).collect();
                        }
                        Returns::Count => outcome.changed = sqlite::execute_each(connection, sql, width, rows, further)?,
                    }
                }
            }
            Self::Postgres(connection) => {
                let given =
                    asked.statements.iter().zip(given).map(|(statement, given)| (Rows::of(statement.kinds, given.rows), given.further));
                let given: Vec<(Rows, Vec<Value>)> = given.collect();
                let query = given.iter().fold(sqlx::query(asked.combined().clone()), |query, (rows, further)| bind(query, rows, further));
                for row in query.fetch_all(connection).await? {
                    let place = statement_of(&row)?;
                    let row = Row::Together(row);
                    match asked.statements[place].returns {
                        Returns::Rows(_) => outcomes[place].rows.push(row),
                        Returns::Count => outcomes[place].changed = u64::try_from(row.int(0)?).unwrap_or_default(),
                    }
                }
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_through() {
        assert_eq!(renumbered("a = ANY($1) AND b > $2", 0), "a = ANY($1) AND b > $2");
        assert_eq!(renumbered("UNNEST($1::text[], $10::bigint[]) $2", 3), "UNNEST($4::text[], $13::bigint[]) $5");
        let bundle = Bundle::new([
            Statement::read(&[Kind::Text], 1, &["id", "version"], |_, among| {
                format!("SELECT id, version FROM partners WHERE id {among} AND n > $2")
            }),
            Statement::write(&[Kind::Text, Kind::Int], 0, |_, rows| format!("INSERT INTO t (id, n) {rows}")),
        ]);
        assert_eq!(
            bundle.combined().as_str(),
            "WITH p0 AS (SELECT id, version FROM partners WHERE id = ANY($1) AND n > $2), \
             p1 AS (INSERT INTO t (id, n) SELECT * FROM UNNEST($3::text[], $4::bigint[]) RETURNING 1) \
             SELECT 0::bigint, id::text, version::text FROM p0 UNION ALL SELECT 1::bigint, COUNT(*)::text, NULL FROM p1"
        );
        assert_eq!(*bundle.each(), ["SELECT id, version FROM partners WHERE id = $1 AND n > $2", "INSERT INTO t (id, n) VALUES ($1, $2)"]);
    }
}
