//! Both database engines behind one interface: values to bind, rows to read, and sessions.

mod bulk;
mod earlier_links;
mod error;
mod migrate;
mod postgres;
mod postgres_tls;
mod postgres_url;
mod reader_pool;
mod row;
mod sqlite;
mod value;

use std::borrow::Cow;
use std::path::PathBuf;

use rusqlite::Connection as SqliteConnection;

pub(crate) use bulk::{BulkStatement, StatementResult, TransactionError};
pub(crate) use error::{ErrorClass, SqlError, classify};
pub(crate) use migrate::{SchemaState, migrate, schema_state};
pub(crate) use reader_pool::ReaderPool;
pub(crate) use row::DbRow;
pub(crate) use value::{SqlValue, shared, shared_json};

use postgres::{PostgresSession, Request};
use postgres_url::{PostgresServer, with_setting};

use crate::error::StoreError;

/// Prepared statements per session. The commit path has a few hundred.
const CACHED_STATEMENTS: usize = 1_000;

/// WAL size in pages at which the writer itself runs a checkpoint and restarts the log; 64,000 pages are 250 MiB. The checkpointer
/// has moved nearly all of them before, so no batch waits long.
const SQLITE_WRITER_CHECKPOINT_PAGES: &str = "64000";

/// Page cache of the writer, in KiB (SQLite marks KiB by a negative number). A small cache suffices: the system caches the file as
/// well, and SQLite walks its own cache at the end of nearly every commit that splits a page.
const SQLITE_WRITER_CACHE_KIB: &str = "-8192";

/// SQL that is written in this crate, or built from identifiers of it, never from values.
pub(crate) type SqlText = Cow<'static, str>;

/// A supported database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseEngine {
    Sqlite,
    /// A server: any number of serving processes.
    Postgres,
}

/// The location of the database, parsed from its URL.
#[derive(Clone)]
pub(crate) enum DatabaseTarget {
    Sqlite(PathBuf),
    Postgres(Box<PostgresServer>),
}

impl DatabaseTarget {
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(":memory:") {
                return Err(StoreError::Configuration("a sqlite URL needs a file, such as sqlite:./data/rampart.db".into()));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(PostgresServer::parse(url)?)));
        }
        Err(StoreError::Configuration("the database URL must start with sqlite: or postgres://".into()))
    }

    pub(crate) const fn engine(&self) -> DatabaseEngine {
        match self {
            Self::Sqlite(_) => DatabaseEngine::Sqlite,
            Self::Postgres(_) => DatabaseEngine::Postgres,
        }
    }

    /// A connection outside the pool. With `create`, a missing SQLite file is created.
    pub(crate) async fn session(&self, create: bool) -> Result<DbSession, SqlError> {
        match self {
            Self::Sqlite(path) => {
                let settings = [("cache_size", SQLITE_WRITER_CACHE_KIB), ("wal_autocheckpoint", SQLITE_WRITER_CHECKPOINT_PAGES)];
                Ok(DbSession::Sqlite(sqlite::open(path, create, CACHED_STATEMENTS, &settings)?))
            }
            Self::Postgres(server) => {
                let mut session = PostgresSession::open(&server.config, &server.tls).await.map_err(SqlError::Connect)?;
                // An acknowledged commit must be durable, whatever the server's default is.
                let sql =
                    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";
                session.script(sql).await?;
                Ok(DbSession::Postgres(session))
            }
        }
    }

    /// A connection that checkpoints a SQLite file. None for PostgreSQL, which checkpoints by itself.
    pub(crate) fn checkpointer(&self) -> Result<Option<Checkpointer>, SqlError> {
        match self {
            Self::Sqlite(path) => Ok(Some(Checkpointer(sqlite::open(path, false, 1, &[])?))),
            Self::Postgres(_) => Ok(None),
        }
    }

    /// A read-only connection.
    async fn reader(&self) -> Result<DbSession, SqlError> {
        match self {
            Self::Sqlite(path) => Ok(DbSession::Sqlite(sqlite::open(path, false, CACHED_STATEMENTS, &[("query_only", "ON")])?)),
            Self::Postgres(server) => {
                let mut config = server.config.clone();
                config.options(with_setting(config.get_options(), "statement_timeout", "30s"));
                let session = PostgresSession::open(&config, &server.tls).await.map_err(SqlError::Connect)?;
                Ok(DbSession::Postgres(session))
            }
        }
    }
}

/// Checkpoints a SQLite file: moves pages from its WAL into the file.
pub(crate) struct Checkpointer(SqliteConnection);

impl Checkpointer {
    /// Runs a PASSIVE checkpoint: it blocks no reader or writer, and flushes to disk.
    pub(crate) fn run(&self) -> Result<(), SqlError> {
        sqlite::fetch_all(&self.0, "PRAGMA wal_checkpoint(PASSIVE)", &[]).map(drop)
    }
}

/// A connection owned by one task, for writing or for a snapshot. On SQLite every call blocks its thread until it is done.
pub(crate) enum DbSession {
    Sqlite(SqliteConnection),
    Postgres(PostgresSession),
}

impl DbSession {
    pub(crate) const fn engine(&self) -> DatabaseEngine {
        match self {
            Self::Sqlite(_) => DatabaseEngine::Sqlite,
            Self::Postgres(_) => DatabaseEngine::Postgres,
        }
    }

    pub(crate) async fn fetch_all(&mut self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Vec<DbRow>, SqlError> {
        let sql = sql.into();
        match self {
            Self::Sqlite(connection) => Ok(sqlite::fetch_all(connection, &sql, &values)?.into_iter().map(DbRow::Sqlite).collect()),
            Self::Postgres(session) => Ok(StatementResult::from(session.run_one(Request::new(&sql, &values)).await?).rows),
        }
    }

    pub(crate) async fn fetch_optional(&mut self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Option<DbRow>, SqlError> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Runs one statement and returns the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<u64, SqlError> {
        let sql = sql.into();
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, &sql, &values),
            Self::Postgres(session) => Ok(session.run_one(Request::new(&sql, &values)).await?.changed),
        }
    }

    /// Runs one statement over many rows or keys.
    pub(crate) async fn run_one(&mut self, statement: BulkStatement) -> Result<StatementResult, SqlError> {
        Ok(self.run(&[statement]).await?.pop().unwrap_or_default())
    }

    /// Runs several statements without parameters.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(session) => Ok(session.script(sql).await?),
        }
    }

    /// Begins a write transaction. SQLite takes its only write lock at once, so that no later statement fails to get it. PostgreSQL
    /// begins with the next statement.
    pub(crate) async fn begin(&mut self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(_) => self.execute("BEGIN IMMEDIATE", Vec::new()).await.map(drop),
            Self::Postgres(session) => {
                session.begin("BEGIN");
                Ok(())
            }
        }
    }

    /// Begins a read-only transaction on one snapshot, which on PostgreSQL is that of its first statement.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(_) => self.execute("BEGIN", Vec::new()).await.map(drop),
            Self::Postgres(session) => {
                session.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                Ok(())
            }
        }
    }

    /// A number that stays the same, as read within a transaction, until another connection changes the file. `None` on PostgreSQL,
    /// where other nodes write at any time.
    pub(crate) fn data_version(&self) -> Result<Option<i64>, SqlError> {
        match self {
            Self::Sqlite(connection) => match sqlite::fetch_all(connection, "PRAGMA data_version", &[])?.first() {
                Some(row) => row.int(0),
                None => Ok(None),
            },
            Self::Postgres(_) => Ok(None),
        }
    }

    pub(crate) async fn commit(&mut self) -> Result<(), SqlError> {
        self.execute("COMMIT", Vec::new()).await.map(drop)
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(_) => self.execute("ROLLBACK", Vec::new()).await.map(drop),
            Self::Postgres(session) => Ok(session.roll_back().await?),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(connection) => drop(connection),
            Self::Postgres(session) => session.close().await,
        }
    }
}
