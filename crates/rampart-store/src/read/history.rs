//! Event logs and the audit log.

use rampart_core::id::{AuditId, PartnerId};
use rampart_core::partner::event::{Event, EventDraft};
use rampart_core::review::AuditEntry;
use rampart_core::time::Timestamp;

use super::upper_bound;
use crate::Store;
use crate::error::StoreError;
use crate::sql::{DbRow, SqlValue};

fn event(row: &DbRow) -> Result<Event, StoreError> {
    Ok(Event {
        sequence: row.int(1)?,
        draft: EventDraft {
            partner: row.parse(0)?,
            id: row.parse(2)?,
            kind: row.parse(3)?,
            subject: row.text(4)?.to_owned(),
            data: row.text(5)?.to_owned(),
            created_at: Timestamp::from_micros(row.int(6)?),
        },
    })
}

impl Store {
    /// A partner's events after the number `after`, in order and without gaps.
    pub async fn events_after(&self, partner: PartnerId, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT partner, sequence, id, kind, subject, data, created_at FROM events WHERE partner = $1 AND sequence > $2 \
                   ORDER BY sequence LIMIT $3";
        self.rows(sql, vec![partner.to_string().into(), after.into(), i64::from(limit).into()]).await?.iter().map(event).collect()
    }

    /// Events of a partner's log by number, in order. Missing ones are left out.
    pub async fn events_by_sequence(&self, partner: PartnerId, sequences: &[i64]) -> Result<Vec<Event>, StoreError> {
        let mut sorted = sequences.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let sequences = sorted.into_iter().map(SqlValue::from).collect();
        let sql = |keys_match: &str| {
            format!(
                "SELECT partner, sequence, id, kind, subject, data, created_at FROM events WHERE sequence {keys_match} AND partner = $2 \
                 ORDER BY sequence"
            )
        };
        self.inner.readers.fetch_by_keys(sql, sequences, vec![SqlValue::display(partner)]).await?.iter().map(event).collect()
    }

    /// A partner's events about one subject (an order or customer) after the number `after`, in order.
    pub async fn events_of_subject(&self, partner: PartnerId, subject: &str, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT partner, sequence, id, kind, subject, data, created_at FROM events \
                   WHERE subject = $1 AND partner = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";
        let values = vec![subject.into(), SqlValue::display(partner), after.into(), i64::from(limit).into()];
        self.rows(sql, values).await?.iter().map(event).collect()
    }

    /// One event of a partner's log.
    pub async fn event(&self, partner: PartnerId, sequence: i64) -> Result<Option<Event>, StoreError> {
        let sql = "SELECT partner, sequence, id, kind, subject, data, created_at FROM events WHERE partner = $1 AND sequence = $2";
        self.inner.readers.fetch_optional(sql, vec![partner.to_string().into(), sequence.into()]).await?.as_ref().map(event).transpose()
    }

    /// The number of a partner's last event; 0 when there is none.
    pub async fn last_event(&self, partner: PartnerId) -> Result<i64, StoreError> {
        let row = self
            .inner
            .readers
            .fetch_optional("SELECT last FROM event_counters WHERE partner = $1", vec![partner.to_string().into()])
            .await?;
        row.map_or(Ok(0), |row| Ok(row.int(0)?))
    }

    /// Audit entries of a subject, newest first, older than `before`.
    pub async fn audit_of(&self, subject: &str, before: Option<AuditId>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = "SELECT version, data FROM audit WHERE subject = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        self.list(sql, vec![subject.into(), upper_bound(before), i64::from(limit).into()]).await
    }

    /// Audit entries, newest first, older than `before`.
    pub async fn audit(&self, before: Option<AuditId>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.list(
            "SELECT version, data FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
            vec![upper_bound(before), i64::from(limit).into()],
        )
        .await
    }
}
