//! Several statements in one go. To PostgreSQL every statement is a way there and back, and a batch has a dozen: those that
//! nearly every batch needs are put into one, as common table expressions whose results are appended, which also runs them
//! in their order. A part without rows stays in, so that there is one text, which stays prepared. To SQLite they are what
//! they are, one after the other.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _, SqlStr};

use super::many::{among_keys, bind_rows, text};
use super::{Engine, Row, Rows, Session, SqlError, Value, sqlite};

/// One of several statements. None may need what another one does, and no two may write the same row.
pub(crate) struct Part {
    sql: String,
    /// Keys are rows of one column.
    given: Rows,
    further: Vec<Value>,
    returns: Returns,
}

enum Returns {
    /// Rows of these columns.
    Rows(&'static [&'static str]),
    /// How many rows were changed.
    Count,
}

/// What a part came to.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The rows it found.
    pub(crate) rows: Vec<Row>,
    /// How many rows it changed.
    pub(crate) changed: u64,
}

impl Part {
    /// Reads what a statement finds for some keys, each given once. `sql` is told how to say that a column is among them and
    /// selects `columns`; further values are numbered from `$2`.
    pub(crate) fn read(
        engine: Engine,
        sql: impl Fn(&str) -> String,
        columns: &'static [&'static str],
        keys: Rows,
        further: Vec<Value>,
    ) -> Self {
        Self { sql: sql(among_keys(engine)), given: keys, further, returns: Returns::Rows(columns) }
    }

    /// Writes rows. `sql` is told where they come from; further values are numbered behind the columns.
    pub(crate) fn write(engine: Engine, sql: impl Fn(&str) -> String, rows: Rows, further: Vec<Value>) -> Self {
        Self { sql: sql(&rows.source(engine)), given: rows, further, returns: Returns::Count }
    }

    fn run(&self, connection: &rusqlite::Connection) -> Result<Outcome, SqlError> {
        match self.returns {
            Returns::Rows(_) => {
                let rows = sqlite::fetch_each(connection, &self.sql, self.given.width, &self.given.values, &self.further)?;
                Ok(Outcome { rows: rows.into_iter().map(Row::Sqlite).collect(), changed: 0 })
            }
            Returns::Count => {
                let changed = sqlite::execute_each(connection, &self.sql, self.given.width, &self.given.values, &self.further)?;
                Ok(Outcome { rows: Vec::new(), changed })
            }
        }
    }

    fn bind<'q>(&'q self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments> {
        self.further.iter().fold(bind_rows(query, &self.given), |query, value| value.bind(query))
    }
}

/// The statement of all parts: a row tells first whose it is, then its columns as texts.
fn combined(parts: &[Part]) -> SqlStr {
    let widest = parts.iter().map(|part| if let Returns::Rows(columns) = part.returns { columns.len() } else { 1 }).max().unwrap_or(1);
    let (mut with, mut select, mut first) = (String::from("WITH "), String::new(), 0);
    for (number, part) in parts.iter().enumerate() {
        let (comma, union) = if number == 0 { ("", "") } else { (", ", " UNION ALL ") };
        let (mut columns, returning) = match part.returns {
            Returns::Rows(columns) => (columns.iter().map(|column| format!("{column}::text")).collect::<Vec<_>>(), ""),
            Returns::Count => (vec!["COUNT(*)::text".to_owned()], " RETURNING 1"),
        };
        columns.resize(widest, "NULL".to_owned());
        with.push_str(&format!("{comma}p{number} AS ({}{returning})", renumbered(&part.sql, first)));
        select.push_str(&format!("{union}SELECT {number}::bigint, {} FROM p{number}", columns.join(", ")));
        first += part.given.width + part.further.len();
    }
    text(format!("{with} {select}"))
}

/// Which part a row belongs to.
fn part_of(row: &PgRow) -> Result<usize, SqlError> {
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

impl Session {
    /// Runs statements together, and tells of each what it came to. When none was given anything, none is run.
    pub(crate) async fn together(&mut self, parts: &[Part]) -> Result<Vec<Outcome>, SqlError> {
        let mut outcomes: Vec<Outcome> = parts.iter().map(|_| Outcome::default()).collect();
        if parts.iter().all(|part| part.given.count() == 0) {
            return Ok(outcomes);
        }
        match self {
            Self::Sqlite(connection) => {
                for (part, outcome) in parts.iter().zip(&mut outcomes) {
                    *outcome = part.run(connection)?;
                }
            }
            Self::Postgres(connection) => {
                let query = parts.iter().fold(sqlx::query(combined(parts)), |query, part| part.bind(query));
                for row in query.fetch_all(connection).await? {
                    let place = part_of(&row)?;
                    let row = Row::Together(row);
                    match parts[place].returns {
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
    use crate::sql::Kind;

    #[test]
    fn values_are_numbered_through() {
        assert_eq!(renumbered("a = ANY($1) AND b > $2", 0), "a = ANY($1) AND b > $2");
        assert_eq!(renumbered("UNNEST($1::text[], $10::bigint[]) $2", 3), "UNNEST($4::text[], $13::bigint[]) $5");
        let read = Part::read(
            Engine::Postgres,
            |among| format!("SELECT id, version FROM partners WHERE id {among} FOR UPDATE"),
            &["id", "version"],
            Rows::of(&[Kind::Text], Vec::new()),
            Vec::new(),
        );
        let rows = Rows::new(2, vec!["a".into(), 1_i64.into()]);
        let write = Part::write(Engine::Postgres, |rows| format!("INSERT INTO t (id, n) {rows}"), rows, Vec::new());
        assert_eq!(
            combined(&[read, write]).as_str(),
            "WITH p0 AS (SELECT id, version FROM partners WHERE id = ANY($1) FOR UPDATE), \
             p1 AS (INSERT INTO t (id, n) SELECT * FROM UNNEST($2::text[], $3::bigint[]) RETURNING 1) \
             SELECT 0::bigint, id::text, version::text FROM p0 UNION ALL SELECT 1::bigint, COUNT(*)::text, NULL FROM p1"
        );
    }
}
