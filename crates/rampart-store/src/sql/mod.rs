//! The two engines behind one text and one Rust body per query: values to bind, rows to read, pools and sessions.

mod fault;
mod migrate;
mod readers;
mod text;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, Row as _, SqlSafeStr};

pub(crate) use fault::{Trouble, trouble};
pub(crate) use migrate::migrate;
pub(crate) use readers::Db;
pub(crate) use text::{Texts, placeholders, read_pieces, write_sizes};

use crate::error::StoreError;

/// How many prepared statements a session keeps; the commit path has a few hundred.
const STATEMENTS: usize = 1_000;

/// What every PostgreSQL session is set to. Everything is read by keys and indexes, so a plan that was made while a table
/// was small must not scan it once it is large; a session whose other end has vanished must not keep its locks.
const POSTGRES_SETTINGS: [(&str, &str); 4] =
    [("enable_seqscan", "off"), ("jit", "off"), ("idle_in_transaction_session_timeout", "60s"), ("tcp_keepalives_idle", "30")];

/// How many pages the log of a SQLite file may hold before the writer itself moves them into the file. The checkpointer
/// has moved nearly all of them by then, so that no batch waits long.
const SQLITE_WRITER_CHECKPOINT: &str = "16000";

/// The most memory a writer keeps pages of a SQLite file in, in KiB (negative: that is how SQLite tells it from pages).
const SQLITE_WRITER_CACHE: &str = "-32768";

/// A value to bind. Texts are shared, so that a batch that is tried again copies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// A text.
    Text(Arc<str>),
    /// A text or nothing.
    TextOrNull(Option<Arc<str>>),
    /// A whole number.
    Int(i64),
    /// A whole number or nothing.
    IntOrNull(Option<i64>),
    /// A truth value.
    Bool(bool),
}

impl Value {
    /// What something prints as, to bind as text.
    pub(crate) fn display(value: impl std::fmt::Display) -> Self {
        Self::Text(value.to_string().into())
    }

    /// The same for something that may be absent.
    pub(crate) fn display_or_null(value: Option<impl std::fmt::Display>) -> Self {
        Self::TextOrNull(value.map(|value| value.to_string().into()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// Binds values to a query of either engine.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::TextOrNull(Some(text)) => query.bind(text),
                Value::TextOrNull(None) => query.bind(None::<String>),
                Value::Int(number) => query.bind(number),
                Value::IntOrNull(number) => query.bind(number),
                Value::Bool(truth) => query.bind(truth),
            };
        }
        query
    }};
}

/// A row of either engine, read by column position.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! get {
    ($self:expr, $index:expr) => {
        match $self {
            Row::Sqlite(row) => row.try_get($index),
            Row::Postgres(row) => row.try_get($index),
        }
    };
}

impl Row {
    pub(crate) fn text(&self, index: usize) -> Result<&str, sqlx::Error> {
        get!(self, index)
    }

    pub(crate) fn text_or_null(&self, index: usize) -> Result<Option<&str>, sqlx::Error> {
        get!(self, index)
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, sqlx::Error> {
        get!(self, index)
    }

    pub(crate) fn int_or_null(&self, index: usize) -> Result<Option<i64>, sqlx::Error> {
        get!(self, index)
    }

    pub(crate) fn bool(&self, index: usize) -> Result<bool, sqlx::Error> {
        get!(self, index)
    }

    /// Reads a text as what it stands for.
    pub(crate) fn parse<T: FromStr>(&self, index: usize) -> Result<T, StoreError> {
        let text = self.text(index)?;
        text.parse().map_err(|_| StoreError::defect(format!("column {index} holds a text that is not a {}", std::any::type_name::<T>())))
    }

    /// The same for a column that may be empty.
    pub(crate) fn parse_or_null<T: FromStr>(&self, index: usize) -> Result<Option<T>, StoreError> {
        match self.text_or_null(index)? {
            None => Ok(None),
            Some(_) => self.parse(index).map(Some),
        }
    }
}

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded; one file, one serving process.
    Sqlite,
    /// A server; many serving processes.
    Postgres,
}

/// Where the database is, read from a URL.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(":memory:") {
                return Err(StoreError::Configuration("a sqlite URL needs a file, such as sqlite:./data/rampart.db".into()));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The fault is not shown whole: the URL it quotes may hold a password.
            let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Configuration("the postgres URL is malformed".into()))?;
            let options = options.application_name("rampart").statement_cache_capacity(STATEMENTS).disable_statement_logging();
            return Ok(Self::Postgres(Box::new(options.options(POSTGRES_SETTINGS))));
        }
        Err(StoreError::Configuration("the database URL must start with sqlite: or postgres://".into()))
    }

    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    fn sqlite_options(path: &Path, create: bool) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging()
    }

    /// A connection of its own, in no pool; with `create`, a file that does not exist is made.
    pub(crate) async fn session(&self, create: bool) -> Result<Session, sqlx::Error> {
        match self {
            Self::Sqlite(path) => Self::sqlite_options(path, create)
                .pragma("cache_size", SQLITE_WRITER_CACHE)
                .pragma("wal_autocheckpoint", SQLITE_WRITER_CHECKPOINT)
                .connect()
                .await
                .map(Session::Sqlite),
            Self::Postgres(options) => {
                let mut connection = options.connect().await?;
                // Acknowledged means durable, whatever the server's default is.
                let sql =
                    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";
                connection.execute(sql).await?;
                Ok(Session::Postgres(connection))
            }
        }
    }

    /// A connection of a SQLite file that moves what its log holds into the file; none on PostgreSQL, which does so itself.
    pub(crate) async fn checkpointer(&self) -> Result<Option<Session>, sqlx::Error> {
        match self {
            Self::Sqlite(path) => Ok(Some(Session::Sqlite(Self::sqlite_options(path, false).connect().await?))),
            Self::Postgres(_) => Ok(None),
        }
    }

    /// A connection that only reads.
    async fn reader(&self) -> Result<Session, sqlx::Error> {
        match self {
            Self::Sqlite(path) => Self::sqlite_options(path, false).pragma("query_only", "ON").connect().await.map(Session::Sqlite),
            Self::Postgres(options) => (**options).clone().options([("statement_timeout", "30s")]).connect().await.map(Session::Postgres),
        }
    }
}

/// A connection that one task owns, for writing or for a snapshot.
pub(crate) enum Session {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Session {
    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) async fn fetch_all(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        let sql = sql.into_sql_str();
        match self {
            Self::Sqlite(connection) => Ok(bound!(sql, values).fetch_all(connection).await?.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(connection) => Ok(bound!(sql, values).fetch_all(connection).await?.into_iter().map(Row::Postgres).collect()),
        }
    }

    pub(crate) async fn fetch_optional(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Runs one statement and tells how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        let sql = sql.into_sql_str();
        match self {
            Self::Sqlite(connection) => Ok(bound!(sql, values).execute(connection).await?.rows_affected()),
            Self::Postgres(connection) => Ok(bound!(sql, values).execute(connection).await?.rows_affected()),
        }
    }

    /// Runs several statements without values.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
        }
    }

    /// Begins a transaction that writes. SQLite takes its one write lock at once, so that nothing fails half-way.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        self.execute(sql, Vec::new()).await.map(drop)
    }

    /// Begins a transaction that reads one snapshot of everything.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), sqlx::Error> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.execute(sql, Vec::new()).await.map(drop)
    }

    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.execute("COMMIT", Vec::new()).await.map(drop)
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.execute("ROLLBACK", Vec::new()).await.map(drop)
    }

    pub(crate) async fn close(self) {
        // Closing is a courtesy to the engine; what was committed is durable without it.
        let _ = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
    }
}
