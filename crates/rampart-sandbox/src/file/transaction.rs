//! A transaction on the world's file: statements, the journal, settings, and what waiters are to learn after the commit.

use std::sync::Arc;

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::time::{Clock, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Params, Row};

use super::clock::SandboxClock;
use super::settings::WorldSettings;
use super::signals::{Signal, Signals};
use crate::config::WorldConfig;
use crate::error::WorldError;

/// An open transaction. Without a commit it is rolled back.
pub(crate) struct Transaction<'a> {
    sqlite: rusqlite::Transaction<'a>,
    pub(crate) config: &'a WorldConfig,
    /// When it began, in business time.
    pub(crate) now: Timestamp,
    /// The settings as it sees them.
    pub(crate) settings: Arc<WorldSettings>,
    signals: Vec<Signal>,
}

/// The amount in a column of a row.
pub(crate) fn amount_at(row: &Row<'_>, column: usize) -> Result<Amount, WorldError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| WorldError::Unreadable(format!("'{text}' is not an amount")))
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(sqlite: rusqlite::Transaction<'a>, config: &'a WorldConfig, signals: &Signals, clock: &SandboxClock) -> Self {
        Self { sqlite, config, now: clock.now(), settings: signals.settings.borrow().clone(), signals: Vec::new() }
    }

    /// Learns what other processes have written. Settings come first: a waiter that is woken by a block or a line knows every setting made
    /// before it.
    pub(super) fn refresh(&mut self, signals: &Signals) -> Result<(), WorldError> {
        if let Some(body) = self.value::<String>("SELECT body FROM settings WHERE id = 1", [])? {
            signals.send(Signal::Settings(Arc::new(serde_json::from_str(&body)?)));
            self.settings = signals.settings.borrow().clone();
        }
        let lines = self.rows("SELECT name, last FROM streams WHERE name NOT LIKE 'inbox-%'", [], |row| {
            Ok(Signal::Line { stream: row.get(0)?, last: row.get(1)? })
        });
        let tips = self.rows("SELECT name, fork, height FROM chains", [], |row| {
            let (name, fork, height): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(name.parse().ok().map(|chain| Signal::Tip { chain, fork, height }))
        });
        lines?.into_iter().chain(tips?.into_iter().flatten()).for_each(|signal| signals.send(signal));
        Ok(())
    }

    /// Commits, and returns what waiters must learn.
    pub(super) fn commit(self) -> Result<Vec<Signal>, WorldError> {
        self.sqlite.commit()?;
        Ok(self.signals)
    }

    /// Runs a statement, and returns how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, parameters: impl Params) -> Result<usize, WorldError> {
        Ok(self.sqlite.prepare_cached(sql)?.execute(parameters)?)
    }

    /// The rows of a statement.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, WorldError>,
    ) -> Result<Vec<T>, WorldError> {
        let mut statement = self.sqlite.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// The first row of a statement.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, WorldError>,
    ) -> Result<Option<T>, WorldError> {
        let mut statement = self.sqlite.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        rows.next()?.map(read).transpose()
    }

    /// The first column of a statement's first row.
    pub(crate) fn value<T: FromSql>(&self, sql: &str, parameters: impl Params) -> Result<Option<T>, WorldError> {
        self.row(sql, parameters, |row| Ok(row.get(0)?))
    }

    /// Appends a line to a stream of the journal and returns its sequence number. `topic` is the account of a bank line.
    pub(crate) fn append(&mut self, stream: &str, topic: Option<&str>, line: &impl serde::Serialize) -> Result<i64, WorldError> {
        const NEXT: &str =
            "INSERT INTO streams (name, last) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last";
        let last = self.value(NEXT, [stream])?.unwrap_or_default();
        let body = serde_json::to_string(line)?;
        self.execute("INSERT INTO journal (stream, seq, topic, body) VALUES (?1, ?2, ?3, ?4)", (stream, last, topic, body))?;
        self.signals.push(Signal::Line { stream: stream.to_owned(), last });
        Ok(last)
    }

    /// A page of a stream: the lines after `after` with their sequence numbers, and whether there are more.
    pub(crate) fn lines(&self, stream: &str, after: i64, limit: usize) -> Result<(Vec<(i64, String)>, bool), WorldError> {
        let limit = limit.clamp(1, 1_000);
        let (sql, rows) = ("SELECT seq, body FROM journal WHERE stream = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3", limit + 1);
        let parameters = (stream, after, i64::try_from(rows).unwrap_or(i64::MAX));
        let mut lines = self.rows(sql, parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let has_more = lines.len() > limit;
        lines.truncate(limit);
        Ok((lines, has_more))
    }

    pub(crate) fn change_settings<T>(&mut self, change: impl FnOnce(&mut WorldSettings) -> Result<T, WorldError>) -> Result<T, WorldError> {
        let mut settings = WorldSettings::clone(&self.settings);
        let value = change(&mut settings)?;
        settings.version += 1;
        self.execute("INSERT OR REPLACE INTO settings (id, body) VALUES (1, ?1)", [serde_json::to_string(&settings)?])?;
        self.settings = Arc::new(settings);
        self.signals.push(Signal::Settings(self.settings.clone()));
        Ok(value)
    }

    /// Records a new head of a chain, to be published after the commit.
    pub(crate) fn tip(&mut self, chain: Chain, fork: i64, height: i64) {
        self.signals.push(Signal::Tip { chain, fork, height });
    }
}
