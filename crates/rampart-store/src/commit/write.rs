//! Writes the accepted steps of a batch: a bounded number of statements over many rows each, in the lock order.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::ledger::{Origin, Side};
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;

use super::batch::{BatchAttempt, BatchError};
use super::evaluate::{BalanceSlot, BatchState, Change};
use super::prepare::{Prepared, PreparedClaim};
use super::{Committed, NumberedEvent};
use crate::error::CommitError;
use crate::sql::ColumnType::{self, Bool, Int, Text};
use crate::sql::{BulkStatement, CombinedStatement, Rows, SqlValue};
use crate::tables::{RecordTable, Stored, TABLES, key_value, table_of};

/// The columns of claims, and their types.
pub(super) const CLAIM: [&str; 6] = ["id", "subject", "fingerprint", "answer", "expires_at", "batch"];
pub(super) const CLAIM_TYPES: &[ColumnType] = &[Text, Text, Text, Text, Int, Text];

/// The last statement of every batch: new orders (busy batches consist of them), the ledger, balances, counters and events.
static ENDING: CombinedStatement<7> = CombinedStatement::new([PAYMENTS, RAMPOFFS, POSTINGS, ENTRIES, BALANCES, COUNTERS, EVENTS]);

const PAYMENTS: BulkStatement =
    BulkStatement::write(&[Text, Int, Text, Int, Text, Bool, Int, Int, Text], 0, |_, rows| insertion(Payment::TABLE, rows));
const RAMPOFFS: BulkStatement =
    BulkStatement::write(&[Text, Int, Text, Int, Text, Bool, Int, Int, Text, Text], 0, |_, rows| insertion(Rampoff::TABLE, rows));
const POSTINGS: BulkStatement = BulkStatement::write(&[Text, Text, Text, Text, Int, Int], 0, |_, rows| {
    format!("INSERT INTO postings (id, kind, origin, order_id, posted_at, booked_at) {rows}")
});
const ENTRIES: BulkStatement = BulkStatement::write(&[Text, Int, Text, Text, Text, Text], 0, |_, rows| {
    format!("INSERT INTO entries (balance, number, posting, side, amount, order_id) {rows}")
});
const BALANCES: BulkStatement = BulkStatement::write(&[Text, Text, Text, Int], 0, |_, rows| {
    let set = assignments(&["posted", "held", "entries"]);
    format!("INSERT INTO balances (id, posted, held, entries) {rows} ON CONFLICT (id) DO UPDATE SET {set}")
});
const COUNTERS: BulkStatement = BulkStatement::write(&[Text, Text, Int], 0, |_, rows| {
    let set = assignments(&["value", "expires_at"]);
    format!("INSERT INTO counters (id, value, expires_at) {rows} ON CONFLICT (id) DO UPDATE SET {set}")
});
const EVENTS: BulkStatement = BulkStatement::write(&[Text, Int, Text, Text, Text, Text, Int], 0, |_, rows| {
    format!("INSERT INTO events (partner, sequence, id, kind, subject, data, created_at) {rows}")
});

pub(super) fn assignments(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ")
}

/// Inserts new records. Fails if one exists.
fn insertion(table: &RecordTable, rows: &str) -> String {
    format!("INSERT INTO {} ({}) {rows}", table.name, table.column_list())
}

/// The changes of one table's records: rows to insert and to update, and keys to remove.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) inserts: Vec<SqlValue>,
    pub(super) updates: Vec<SqlValue>,
    removals: Vec<SqlValue>,
}

impl Changes {
    fn of(table: &'static RecordTable, state: &BatchState, steps: &[Prepared]) -> Self {
        let mut changes = Self::default();
        for (key, slot) in state.records.iter().filter(|(key, _)| table_of(key) == table) {
            match slot.change {
                Some(Change::Write { step, write }) => {
                    let rows = if slot.stored == 0 { &mut changes.inserts } else { &mut changes.updates };
                    let write = &steps[step].writes[write];
                    rows.push(write.id.clone());
                    rows.push(slot.current.into());
                    rows.extend(write.columns.iter().cloned());
                    rows.push(SqlValue::Text(Arc::clone(&write.data)));
                }
                Some(Change::Remove) if slot.stored != 0 => changes.removals.push(key_value(key)),
                Some(Change::Remove) | None => {}
            }
        }
        changes
    }

    const fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.updates.is_empty() && self.removals.is_empty()
    }
}

fn balances(state: &BatchState) -> Vec<SqlValue> {
    let dirty = state.balances.values().filter(|slot| slot.dirty);
    let row = |slot: &BalanceSlot| {
        [SqlValue::Text(Arc::clone(&slot.id)), SqlValue::display(slot.posted), SqlValue::display(slot.held), slot.entries.into()]
    };
    dirty.flat_map(row).collect()
}

impl BatchAttempt<'_> {
    pub(super) fn claim_row(&self, claim: &PreparedClaim) -> [SqlValue; 6] {
        [
            SqlValue::Text(Arc::clone(&claim.id)),
            SqlValue::Text(Arc::clone(&claim.subject)),
            SqlValue::Text(Arc::clone(&claim.fingerprint)),
            SqlValue::Text(Arc::clone(&claim.answer)),
            SqlValue::IntOrNull(claim.expires_at.map(|at| at.micros())),
            SqlValue::Text(Arc::clone(&self.batch)),
        ]
    }

    /// Writes the accepted steps, those whose answer is `Ok`, and adds their event numbers to the answers.
    pub(super) async fn write(
        &mut self,
        state: &mut BatchState,
        steps: &[Prepared],
        answers: &mut [Result<Committed, CommitError>],
    ) -> Result<(), BatchError> {
        self.finish_claims(state, steps).await?;
        let accepted: Vec<usize> = (0..steps.len()).filter(|index| answers[*index].is_ok()).collect();
        let events = self.number_events(steps, &accepted, answers).await?;
        let (mut payments, mut rampoffs) = (Vec::new(), Vec::new());
        for table in TABLES {
            let mut changes = Changes::of(table, state, steps);
            if table == Payment::TABLE {
                payments = std::mem::take(&mut changes.inserts);
            } else if table == Rampoff::TABLE {
                rampoffs = std::mem::take(&mut changes.inserts);
            }
            // A batch changes few tables.
            if !changes.is_empty() {
                self.write_records(table, changes).await?;
            }
        }
        let [postings, entries] = self.ledger(state, steps, &accepted);
        let rows = [payments, rampoffs, postings, entries, balances(state), self.counters(state)?, events];
        self.session.run_combined(&ENDING, rows.map(Into::into)).await?;
        self.update_alarms(state).await
    }

    /// Releases keys that only refused steps wanted, and writes the others for their owner.
    async fn finish_claims(&mut self, state: &BatchState, steps: &[Prepared]) -> Result<(), BatchError> {
        let mut released: Vec<SqlValue> = Vec::new();
        let mut reassigned: Vec<SqlValue> = Vec::new();
        for (id, slot) in state.claims.iter().filter(|(_, slot)| slot.foreign.is_none()) {
            match slot.owner {
                None => released.push(SqlValue::Text(Arc::clone(id))),
                Some(owner) if owner != slot.inserted_for => reassigned.extend(self.claim_row(&steps[owner.0].claims[owner.1])),
                Some(_) => {}
            }
        }
        self.session.execute_by_keys(|keys_match| format!("DELETE FROM claims WHERE id {keys_match}"), &released).await?;
        let sql = |rows: &str| {
            let (columns, set) = (CLAIM.join(", "), assignments(&CLAIM[1..]));
            format!("INSERT INTO claims ({columns}) {rows} ON CONFLICT (id) DO UPDATE SET {set}")
        };
        self.session.write_rows(sql, &Rows::new(CLAIM.len(), reassigned), &[]).await?;
        Ok(())
    }

    /// Numbers the events of the accepted steps from their partners' counters, and returns their rows.
    async fn number_events(
        &mut self,
        steps: &[Prepared],
        accepted: &[usize],
        answers: &mut [Result<Committed, CommitError>],
    ) -> Result<Vec<SqlValue>, BatchError> {
        let mut next_numbers: BTreeMap<Arc<str>, i64> = BTreeMap::new();
        for event in accepted.iter().flat_map(|index| &steps[*index].events) {
            *next_numbers.entry(Arc::clone(&event.partner_id)).or_default() += 1;
        }
        if next_numbers.is_empty() {
            return Ok(Vec::new());
        }
        let counts = next_numbers.iter().flat_map(|(partner, count)| [SqlValue::Text(Arc::clone(partner)), (*count).into()]).collect();
        let sql = |rows: &str| {
            format!(
                "INSERT INTO event_counters (partner, last) {rows} \
                 ON CONFLICT (partner) DO UPDATE SET last = event_counters.last + excluded.last RETURNING partner, last"
            )
        };
        for row in self.session.write_rows_returning(sql, &Rows::new(2, counts)).await? {
            // The number before the first of these events: the counter less their count.
            if let Some(slot) = next_numbers.get_mut(row.text(0)?) {
                *slot = row.int(1)? - *slot;
            }
        }
        let mut rows = Vec::new();
        for index in accepted {
            let mut numbered = Vec::with_capacity(steps[*index].events.len());
            for event in &steps[*index].events {
                let slot = next_numbers.entry(Arc::clone(&event.partner_id)).or_default();
                *slot += 1;
                numbered.push(NumberedEvent { partner: event.partner, sequence: *slot });
                rows.extend([
                    SqlValue::Text(Arc::clone(&event.partner_id)),
                    (*slot).into(),
                    SqlValue::Text(Arc::clone(&event.id)),
                    SqlValue::Text(Arc::clone(&event.kind)),
                    SqlValue::Text(Arc::clone(&event.subject)),
                    SqlValue::Text(Arc::clone(&event.data)),
                    event.created_at.into(),
                ]);
            }
            if let Ok(committed) = &mut answers[*index] {
                committed.events = numbered;
            }
        }
        Ok(rows)
    }

    pub(super) async fn write_records(&mut self, table: &'static RecordTable, changes: Changes) -> Result<(), BatchError> {
        self.session.write_rows(|rows| insertion(table, rows), &Rows::new(table.width(), changes.inserts), &[]).await?;
        // The rows are locked and their versions checked, so this upsert always finds its row: it is a bulk update.
        let set = assignments(&[&["version"], table.columns, &["data"]].concat());
        let sql = |rows: &str| format!("{} ON CONFLICT (id) DO UPDATE SET {set}", insertion(table, rows));
        self.session.write_rows(sql, &Rows::new(table.width(), changes.updates), &[]).await?;
        self.session.execute_by_keys(|keys_match| format!("DELETE FROM {} WHERE id {keys_match}", table.name), &changes.removals).await?;
        Ok(())
    }

    /// The rows of postings and of their entries.
    fn ledger(&mut self, state: &mut BatchState, steps: &[Prepared], accepted: &[usize]) -> [Vec<SqlValue>; 2] {
        let (mut postings, mut entries) = (Vec::new(), Vec::new());
        let [request, fact, debit, credit]: [Arc<str>; 4] = ["request".into(), "fact".into(), "debit".into(), "credit".into()];
        for posting in accepted.iter().flat_map(|index| &steps[*index].postings) {
            *self.booked_at += 1;
            postings.extend([
                SqlValue::Text(Arc::clone(&posting.id)),
                SqlValue::Text(Arc::clone(&posting.kind)),
                SqlValue::Text(Arc::clone(match posting.origin {
                    Origin::Request => &request,
                    Origin::Fact => &fact,
                })),
                SqlValue::TextOrNull(posting.order.clone()),
                posting.posted_at.into(),
                (*self.booked_at).into(),
            ]);
            for entry in &posting.entries {
                let Some(slot) = state.balances.get_mut(&entry.balance) else { continue };
                slot.last_entry_number += 1;
                entries.extend([
                    SqlValue::Text(Arc::clone(&slot.id)),
                    slot.last_entry_number.into(),
                    SqlValue::Text(Arc::clone(&posting.id)),
                    SqlValue::Text(Arc::clone(match entry.side {
                        Side::Debit => &debit,
                        Side::Credit => &credit,
                    })),
                    SqlValue::Text(Arc::clone(&entry.amount)),
                    SqlValue::TextOrNull(posting.order.clone()),
                ]);
            }
        }
        [postings, entries]
    }

    fn counters(&self, state: &mut BatchState) -> Result<Vec<SqlValue>, BatchError> {
        let now = self.now.micros();
        let mut rows = Vec::new();
        for (owner, slot) in state.counters.iter_mut().filter(|(_, slot)| slot.dirty) {
            slot.counters.remove_expired(now);
            rows.extend([SqlValue::display(owner), slot.counters.to_json()?.into(), SqlValue::IntOrNull(slot.counters.expires_at(now))]);
        }
        Ok(rows)
    }
}
