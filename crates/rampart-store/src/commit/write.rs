//! Writes the accepted steps of a batch: a bounded number of statements over many rows each, in the lock order.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::ledger::{Origin, Side};

use super::batch::{BatchAttempt, BatchError};
use super::evaluate::{BalanceSlot, BatchState, Change};
use super::prepare::{Prepared, PreparedClaim};
use super::{Committed, NumberedEvent};
use crate::error::CommitError;
use crate::sql::{BulkStatement, DatabaseEngine, SqlValue};
use crate::tables::{RecordTable, TABLES, key_value, table_of};

/// The columns of claims.
pub(super) const CLAIM: [&str; 6] = ["id", "subject", "fingerprint", "answer", "expires_at", "batch"];

const BALANCE: [&str; 4] = ["id", "posted", "held", "entries"];
const COUNTER: [&str; 3] = ["id", "value", "expires_at"];
const POSTING: [&str; 6] = ["id", "kind", "origin", "order_id", "posted_at", "booked_at"];
const ENTRY: [&str; 6] = ["balance", "number", "posting", "side", "amount", "order_id"];
const EVENT: [&str; 7] = ["partner", "sequence", "id", "kind", "subject", "data", "created_at"];

pub(super) fn assignments(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ")
}

/// Inserts new rows. Fails if one exists.
fn insert(engine: DatabaseEngine, table: &str, columns: &[&str], rows: Vec<SqlValue>) -> BulkStatement {
    let sql = |rows: &str| format!("INSERT INTO {table} ({}) {rows}", columns.join(", "));
    BulkStatement::write(engine, sql, columns.len(), rows, Vec::new())
}

/// Inserts rows, or replaces those with the same first column.
fn upsert(engine: DatabaseEngine, table: &str, columns: &[&str], rows: Vec<SqlValue>) -> BulkStatement {
    let sql = |rows: &str| {
        let (list, set) = (columns.join(", "), assignments(&columns[1..]));
        format!("INSERT INTO {table} ({list}) {rows} ON CONFLICT ({}) DO UPDATE SET {set}", columns[0])
    };
    BulkStatement::write(engine, sql, columns.len(), rows, Vec::new())
}

/// Writes the changed records of a table.
pub(super) fn record_changes(engine: DatabaseEngine, table: &'static RecordTable, changes: Changes) -> [BulkStatement; 3] {
    let columns = table.all_columns();
    let removal = |keys_match: &str| format!("DELETE FROM {} WHERE id {keys_match}", table.name);
    [
        insert(engine, table.name, &columns, changes.inserts),
        // The rows are locked and their versions checked, so this always finds its row: it is a bulk update.
        upsert(engine, table.name, &columns, changes.updates),
        BulkStatement::change(engine, removal, changes.removals),
    ]
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

    /// Writes the accepted steps, those whose answer is `Ok`, and adds their event numbers to the answers. Returns the last
    /// statements, which are left to be run with the commit.
    pub(super) async fn write(
        &mut self,
        state: &mut BatchState,
        steps: &[Prepared],
        answers: &mut [Result<Committed, CommitError>],
    ) -> Result<Vec<BulkStatement>, BatchError> {
        let engine = self.session.engine();
        let accepted: Vec<usize> = (0..steps.len()).filter(|index| answers[*index].is_ok()).collect();
        let events = self.claims_and_events(state, steps, &accepted, answers).await?;
        let mut last = Vec::new();
        for table in TABLES {
            let changes = Changes::of(table, state, steps);
            // A batch changes few tables.
            if !changes.is_empty() {
                last.extend(record_changes(engine, table, changes));
            }
        }
        let [postings, entries] = self.ledger(state, steps, &accepted);
        last.extend([
            insert(engine, "postings", &POSTING, postings),
            insert(engine, "entries", &ENTRY, entries),
            upsert(engine, "balances", &BALANCE, balances(state)),
            upsert(engine, "counters", &COUNTER, self.counters(state)?),
            insert(engine, "events", &EVENT, events),
        ]);
        if state.alarms.is_empty() {
            return Ok(last);
        }
        // An alarm may be among the records.
        self.session.run(&last).await?;
        self.alarm_changes(state).await
    }

    /// Releases keys that only refused steps wanted, writes the others for their owner, and numbers the events of the accepted steps
    /// from their partners' counters. Returns the rows of the events.
    async fn claims_and_events(
        &mut self,
        state: &BatchState,
        steps: &[Prepared],
        accepted: &[usize],
        answers: &mut [Result<Committed, CommitError>],
    ) -> Result<Vec<SqlValue>, BatchError> {
        let mut released: Vec<SqlValue> = Vec::new();
        let mut reassigned: Vec<SqlValue> = Vec::new();
        for (id, slot) in state.claims.iter().filter(|(_, slot)| slot.foreign.is_none()) {
            match slot.owner {
                None => released.push(SqlValue::Text(Arc::clone(id))),
                Some(owner) if owner != slot.inserted_for => reassigned.extend(self.claim_row(&steps[owner.0].claims[owner.1])),
                Some(_) => {}
            }
        }
        let mut next_numbers: BTreeMap<Arc<str>, i64> = BTreeMap::new();
        for event in accepted.iter().flat_map(|index| &steps[*index].events) {
            *next_numbers.entry(Arc::clone(&event.partner_id)).or_default() += 1;
        }
        let counts = next_numbers.iter().flat_map(|(partner, count)| [SqlValue::Text(Arc::clone(partner)), (*count).into()]).collect();
        let count = |rows: &str| {
            format!(
                "INSERT INTO event_counters (partner, last) {rows} \
                 ON CONFLICT (partner) DO UPDATE SET last = event_counters.last + excluded.last RETURNING partner, last"
            )
        };
        let engine = self.session.engine();
        let statements = [
            BulkStatement::change(engine, |keys_match| format!("DELETE FROM claims WHERE id {keys_match}"), released),
            upsert(engine, "claims", &CLAIM, reassigned),
            BulkStatement::write(engine, count, 2, counts, Vec::new()).returning(),
        ];
        for row in self.session.run(&statements).await?.into_iter().flat_map(|result| result.rows) {
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
