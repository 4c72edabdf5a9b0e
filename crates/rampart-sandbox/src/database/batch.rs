//! One transaction of the writer. Journal lines and scheduled actions of all its operations are collected and written
//! at its end, with one statement per table.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;
use rampart_core::time::{Clock, Timestamp};
use sqlx::sqlite::SqliteConnection;

use crate::clock::SandboxClock;
use crate::config::WorldConfig;
use crate::error::WorldError;
use crate::schedule::ScheduledAction;
use crate::settings::WorldSettings;
use crate::signals::Signals;

/// A line to append to a stream of the journal.
pub(crate) struct StreamLine {
    pub(crate) stream: String,
    /// The account, for a bank line. Indexed.
    pub(crate) topic: Option<String>,
    pub(crate) body: String,
}

/// An open transaction of the writer.
pub(crate) struct Batch {
    pub(crate) connection: SqliteConnection,
    pub(crate) config: WorldConfig,
    /// When the transaction began, in business time.
    pub(crate) now: Timestamp,
    signals: Arc<Signals>,
    pub(crate) clock: Arc<SandboxClock>,
    streams: BTreeMap<String, i64>,
    journal: Vec<(String, i64, Option<String>, String)>,
    schedule: Vec<(i64, String)>,
    settings: Option<WorldSettings>,
    settings_changed: bool,
    tips: Vec<(Chain, i64, BlockHead)>,
}

impl Batch {
    pub(crate) fn new(connection: SqliteConnection, signals: Arc<Signals>, clock: Arc<SandboxClock>, config: WorldConfig) -> Self {
        let now = clock.now();
        Self {
            connection,
            config,
            now,
            signals,
            clock,
            streams: BTreeMap::new(),
            journal: Vec::new(),
            schedule: Vec::new(),
            settings: None,
            settings_changed: false,
            tips: Vec::new(),
        }
    }

    /// Begins a transaction and clears what the last one collected.
    pub(crate) async fn begin(&mut self) -> Result<(), WorldError> {
        self.streams.clear();
        self.journal.clear();
        self.schedule.clear();
        self.tips.clear();
        self.settings = None;
        self.settings_changed = false;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        self.now = self.clock.now();
        Ok(())
    }

    /// Appends a line to a stream and returns its sequence number.
    pub(crate) async fn append(&mut self, line: StreamLine) -> Result<i64, WorldError> {
        let last = match self.streams.get(&line.stream) {
            Some(last) => *last,
            None => {
                let last = sqlx::query_scalar("SELECT last FROM streams WHERE name = ?1").bind(&line.stream);
                last.fetch_optional(&mut self.connection).await?.unwrap_or(0)
            }
        };
        let seq = last + 1;
        self.streams.insert(line.stream.clone(), seq);
        self.journal.push((line.stream, seq, line.topic, line.body));
        Ok(seq)
    }

    /// Schedules an action for a moment of business time.
    pub(crate) fn schedule(&mut self, due_at: Timestamp, action: &ScheduledAction) -> Result<(), WorldError> {
        self.schedule.push((due_at.micros(), serde_json::to_string(action)?));
        Ok(())
    }

    /// The settings as this transaction sees them.
    pub(crate) async fn settings(&mut self) -> Result<WorldSettings, WorldError> {
        if self.settings.is_none() {
            let body: Option<String> =
                sqlx::query_scalar("SELECT body FROM settings WHERE id = 1").fetch_optional(&mut self.connection).await?;
            self.settings = Some(body.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default());
        }
        Ok(self.settings.clone().unwrap_or_default())
    }

    pub(crate) fn put_settings(&mut self, settings: WorldSettings) {
        self.settings = Some(settings);
        self.settings_changed = true;
    }

    /// Records a new head of a chain, to be published after the commit.
    pub(crate) fn tip(&mut self, chain: Chain, fork: i64, head: BlockHead) {
        self.tips.push((chain, fork, head));
    }

    /// Writes what was collected, commits, and wakes the waiters.
    pub(crate) async fn commit(&mut self) -> Result<(), WorldError> {
        if !self.journal.is_empty() {
            sqlx::query(
                "INSERT INTO journal (stream, seq, topic, body) SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)",
            )
            .bind(serde_json::to_string(&self.journal)?)
            .execute(&mut self.connection)
            .await?;
            sqlx::query("INSERT OR REPLACE INTO streams (name, last) SELECT key, value FROM json_each(?1)")
                .bind(serde_json::to_string(&self.streams)?)
                .execute(&mut self.connection)
                .await?;
        }
        if !self.schedule.is_empty() {
            sqlx::query("INSERT INTO agenda (due_at, action) SELECT value->>0, value->>1 FROM json_each(?1)")
                .bind(serde_json::to_string(&self.schedule)?)
                .execute(&mut self.connection)
                .await?;
        }
        if self.settings_changed
            && let Some(settings) = &mut self.settings
        {
            settings.version += 1;
            sqlx::query("INSERT OR REPLACE INTO settings (id, body) VALUES (1, ?1)")
                .bind(serde_json::to_string(settings)?)
                .execute(&mut self.connection)
                .await?;
        }
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        self.notify();
        Ok(())
    }

    fn notify(&mut self) {
        if self.settings_changed
            && let Some(settings) = self.settings.take()
        {
            self.signals.install(settings);
        }
        for (stream, last) in std::mem::take(&mut self.streams) {
            self.signals.advance(&stream, last);
        }
        for (chain, fork, head) in self.tips.drain(..) {
            self.signals.tip(chain, fork, head);
        }
    }

    pub(crate) async fn roll_back(&mut self) {
        if let Err(error) = sqlx::query("ROLLBACK").execute(&mut self.connection).await {
            tracing::warn!(%error, "a transaction of the sandbox database could not be rolled back");
        }
    }
}
