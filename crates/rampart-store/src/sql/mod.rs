//! Both database engines behind one interface: values to bind, rows to read, and sessions.

mod bulk;
mod combined;
mod earlier_links;
mod error;
mod migrate;
mod postgres_url;
mod reader_pool;
mod row;
mod sqlite;
mod value;

use std::path::PathBuf;
use std::str::FromStr;

use rusqlite::Connection as SqliteConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, Executor, Postgres, SqlSafeStr, SqlStr};

pub(crate) use bulk::{ColumnType, Rows};
pub(crate) use combined::{BulkStatement, CombinedStatement, StatementParams};
pub(crate) use error::{ErrorClass, SqlError, classify};
pub(crate) use migrate::{SchemaState, migrate, schema_state};
pub(crate) use reader_pool::ReaderPool;
pub(crate) use row::DbRow;
pub(crate) use value::{SqlValue, shared, shared_json};

use crate::error::StoreError;

/// Prepared statements per session. The commit path has a few hundred.
const CACHED_STATEMENTS: usize = 1_000;

/// Settings of every PostgreSQL session. All access is by index. Generic plans without sequential or bitmap scans keep a plan good
/// that was made on an empty table. Sessions that idle inside a transaction are ended, so that a vanished client holds no locks.
const POSTGRES_SETTINGS: [(&str, &str); 6] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("tcp_keepalives_idle", "30"),
];

/// WAL size in pages at which the writer itself runs a checkpoint and restarts the log; 64,000 pages are 250 MiB. The checkpointer
/// has moved nearly all of them before, so no batch waits long.
const SQLITE_WRITER_CHECKPOINT_PAGES: &str = "64000";

/// Page cache of the writer, in KiB (SQLite marks KiB by a negative number). A small cache suffices: the system caches the file as
/// well, and SQLite walks its own cache at the end of nearly every commit that splits a page.
const SQLITE_WRITER_CACHE_KIB: &str = "-8192";

fn bound(sql: SqlStr, values: &[SqlValue]) -> Query<'static, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| value.bind(query))
}

/// A supported database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseEngine {
    Sqlite,
    /// A server: any number of serving processes.
    Postgres,
}

/// The location of the database, parsed from its URL.
#[derive(Debug, Clone)]
pub(crate) enum DatabaseTarget {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
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
            let url = postgres_url::known(url)?;
            // The driver's error is dropped: it quotes the URL, which may hold a password.
            let options = PgConnectOptions::from_str(&url).map_err(|_| postgres_url::malformed())?;
            let options = options.application_name("rampart").statement_cache_capacity(CACHED_STATEMENTS).disable_statement_logging();
            return Ok(Self::Postgres(Box::new(options.options(POSTGRES_SETTINGS))));
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
            Self::Postgres(options) => {
                let mut connection = options.connect().await?;
                // An acknowledged commit must be durable, whatever the server's default is.
                let sql =
                    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";
                connection.execute(sql).await?;
                Ok(DbSession::Postgres(connection))
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
            Self::Postgres(options) => {
                let options = (**options).clone().options([("statement_timeout", "30s")]);
                Ok(DbSession::Postgres(options.connect().await?))
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
    Postgres(PgConnection),
}

impl DbSession {
    pub(crate) const fn engine(&self) -> DatabaseEngine {
        match self {
            Self::Sqlite(_) => DatabaseEngine::Sqlite,
            Self::Postgres(_) => DatabaseEngine::Postgres,
        }
    }

    pub(crate) async fn fetch_all(&mut self, sql: impl SqlSafeStr, values: Vec<SqlValue>) -> Result<Vec<DbRow>, SqlError> {
        let sql = sql.into_sql_str();
        match self {
            Self::Sqlite(connection) => Ok(sqlite::fetch_all(connection, sql.as_str(), &values)?.into_iter().map(DbRow::Sqlite).collect()),
            Self::Postgres(connection) => Ok(bound(sql, &values).fetch_all(connection).await?.into_iter().map(DbRow::Postgres).collect()),
        }
    }

    pub(crate) async fn fetch_optional(&mut self, sql: impl SqlSafeStr, values: Vec<SqlValue>) -> Result<Option<DbRow>, SqlError> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Runs one statement and returns the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<SqlValue>) -> Result<u64, SqlError> {
        let sql = sql.into_sql_str();
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql.as_str(), &values),
            Self::Postgres(connection) => Ok(bound(sql, &values).execute(connection).await?.rows_affected()),
        }
    }

    /// Returns the rows of a statement for some keys. The keys must be distinct. `sql` receives the condition on the key column;
    /// further parameters are numbered from `$2`.
    pub(crate) async fn fetch_by_keys(
        &mut self,
        sql: impl Fn(&str) -> String,
        keys: &[SqlValue],
        further: &[SqlValue],
    ) -> Result<Vec<DbRow>, SqlError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sql = bulk::text(sql(bulk::key_condition(self.engine())));
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlite::fetch_each(connection, sql.as_str(), 1, keys, further)?;
                Ok(rows.into_iter().map(DbRow::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let rows = bulk::over_keys(sql, keys, further).fetch_all(connection).await?;
                Ok(rows.into_iter().map(DbRow::Postgres).collect())
            }
        }
    }

    /// Runs a statement for some keys and returns the number of rows it changed. The keys must be distinct.
    pub(crate) async fn execute_by_keys(&mut self, sql: impl Fn(&str) -> String, keys: &[SqlValue]) -> Result<u64, SqlError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let sql = bulk::text(sql(bulk::key_condition(self.engine())));
        match self {
            Self::Sqlite(connection) => sqlite::execute_each(connection, sql.as_str(), 1, keys, &[]),
            Self::Postgres(connection) => Ok(bulk::over_keys(sql, keys, &[]).execute(connection).await?.rows_affected()),
        }
    }

    /// Writes rows and returns the number of rows changed. `sql` receives the source of the rows; further parameters are numbered
    /// after the columns.
    pub(crate) async fn write_rows(&mut self, sql: impl Fn(&str) -> String, rows: &Rows, further: &[SqlValue]) -> Result<u64, SqlError> {
        if rows.count() == 0 {
            return Ok(0);
        }
        let sql = bulk::text(sql(&rows.source(self.engine())));
        match self {
            Self::Sqlite(connection) => sqlite::execute_each(connection, sql.as_str(), rows.width, &rows.values, further),
            Self::Postgres(connection) => Ok(bulk::over_rows(sql, rows, further).execute(connection).await?.rows_affected()),
        }
    }

    /// Like [`DbSession::write_rows`], for a statement with `RETURNING`.
    pub(crate) async fn write_rows_returning(&mut self, sql: impl Fn(&str) -> String, rows: &Rows) -> Result<Vec<DbRow>, SqlError> {
        if rows.count() == 0 {
            return Ok(Vec::new());
        }
        let sql = bulk::text(sql(&rows.source(self.engine())));
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlite::fetch_each(connection, sql.as_str(), rows.width, &rows.values, &[])?;
                Ok(rows.into_iter().map(DbRow::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let rows = bulk::over_rows(sql, rows, &[]).fetch_all(connection).await?;
                Ok(rows.into_iter().map(DbRow::Postgres).collect())
            }
        }
    }

    /// Runs several statements without parameters.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(connection) => Ok(connection.execute(sqlx::raw_sql(sql)).await.map(drop)?),
        }
    }

    /// Begins a write transaction. SQLite takes its only write lock at once, so that no later statement fails to get it.
    pub(crate) async fn begin(&mut self) -> Result<(), SqlError> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        self.execute(sql, Vec::new()).await.map(drop)
    }

    /// Begins a read-only transaction on one snapshot.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), SqlError> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.execute(sql, Vec::new()).await.map(drop)
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
        self.execute("ROLLBACK", Vec::new()).await.map(drop)
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(connection) => drop(connection),
            // Informs the server that the session ends. Commits are durable without it.
            Self::Postgres(connection) => drop(connection.close().await),
        }
    }
}
