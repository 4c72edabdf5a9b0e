//! Writing what survived a batch: a bounded number of statements over several rows each, in the one order.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::amount::Amount;
use rampart_core::id::ReviewId;
use rampart_core::ledger::{Origin, Side};
use rampart_core::record::Record;
use rampart_core::review::{ReviewItem, ReviewKind};

use super::batch::{BatchFault, Scene};
use super::evaluate::{Change, World};
use super::prepare::{BalanceKey, Prepared, PreparedClaim};
use super::{Committed, NumberedEvent};
use crate::error::CommitError;
use crate::sql::{Value, placeholders, read_pieces, write_sizes};
use crate::tables::{TABLES, Table, key_value, record_values, table_of};

/// Runs a statement over rows (given as one flat list of values) in pieces of a few fixed sizes; tells how many rows changed.
pub(super) async fn write_rows(
    scene: &mut Scene<'_>,
    purpose: &'static str,
    table: &'static str,
    width: usize,
    rows: Vec<Value>,
    text: impl Fn(&str) -> String,
) -> Result<u64, BatchFault> {
    let count = rows.len() / width;
    let mut rows = rows.into_iter();
    let mut changed = 0;
    for size in write_sizes(count) {
        let piece: Vec<Value> = rows.by_ref().take(size * width).collect();
        let sql = scene.texts.get(purpose, table, size, || text(&placeholders(size, width)));
        changed += scene.session.execute(sql, piece).await?;
    }
    Ok(changed)
}

/// `column = excluded.column, …`
fn assignments(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ")
}

impl Scene<'_> {
    pub(super) fn claim_row(&self, claim: &PreparedClaim) -> [Value; 6] {
        [
            Value::Text(Arc::clone(&claim.id)),
            Value::Text(Arc::clone(&claim.subject)),
            Value::Text(Arc::clone(&claim.fingerprint)),
            Value::Text(Arc::clone(&claim.answer)),
            Value::IntOrNull(claim.expires_at.map(|at| at.micros())),
            Value::Text(Arc::clone(&self.batch)),
        ]
    }

    /// Inserts claims, or nothing where a claim that has not expired stands already; tells how many were taken.
    pub(super) async fn take(&mut self, rows: Vec<Value>, now: i64) -> Result<u64, BatchFault> {
        const WIDTH: usize = 6;
        let mut rows = rows.into_iter();
        let mut taken = 0;
        for size in write_sizes(rows.len() / WIDTH) {
            let mut piece: Vec<Value> = rows.by_ref().take(size * WIDTH).collect();
            piece.push(now.into());
            let build = || {
                format!(
                    "INSERT INTO claims (id, subject, fingerprint, answer, expires_at, batch) VALUES {} ON CONFLICT (id) DO UPDATE SET \
                     subject = excluded.subject, fingerprint = excluded.fingerprint, answer = excluded.answer, expires_at = excluded.expires_at, \
                     batch = excluded.batch WHERE claims.expires_at <= ${}",
                    placeholders(size, WIDTH),
                    size * WIDTH + 1
                )
            };
            let sql = self.texts.get("take", "claims", size, build);
            taken += self.session.execute(sql, piece).await?;
        }
        Ok(taken)
    }

    /// Writes what the accepted steps want, and answers them. `answers` holds `Ok` for each accepted step.
    pub(super) async fn write(
        &mut self,
        world: &mut World,
        steps: &[Prepared],
        answers: &mut [Result<Committed, CommitError>],
    ) -> Result<(), BatchFault> {
        self.settle_claims(world, steps).await?;
        let accepted: Vec<usize> = (0..steps.len()).filter(|index| answers[*index].is_ok()).collect();
        let events = self.number_events(steps, &accepted, answers).await?;
        for table in TABLES {
            self.write_records(table, world, steps).await?;
        }
        self.write_ledger(world, steps, &accepted).await?;
        let columns = "INSERT INTO events (partner, sequence, id, kind, subject, data, created_at)";
        write_rows(self, "insert", "events", 7, events, |values| format!("{columns} VALUES {values}")).await?;
        self.raise_alarms(world).await
    }

    /// Gives back the keys that only refused steps wanted, and lets the others tell of their owners.
    async fn settle_claims(&mut self, world: &World, steps: &[Prepared]) -> Result<(), BatchFault> {
        let mut given_back: Vec<Value> = Vec::new();
        let mut handed_on: Vec<Value> = Vec::new();
        for (id, slot) in world.claims.iter().filter(|(_, slot)| slot.foreign.is_none()) {
            match slot.owner {
                None => given_back.push(Value::Text(Arc::clone(id))),
                Some(owner) if owner != slot.taken_for => handed_on.extend(self.claim_row(&steps[owner.0].claims[owner.1])),
                Some(_) => {}
            }
        }
        for piece in read_pieces(&given_back) {
            let build = || format!("DELETE FROM claims WHERE id IN {}", placeholders(1, piece.len()));
            let sql = self.texts.get("delete", "claims", piece.len(), build);
            self.session.execute(sql, piece).await?;
        }
        let set = assignments(&["subject", "fingerprint", "answer", "expires_at", "batch"]);
        write_rows(self, "hand on", "claims", 6, handed_on, |values| {
            format!("INSERT INTO claims (id, subject, fingerprint, answer, expires_at, batch) VALUES {values} ON CONFLICT (id) DO UPDATE SET {set}")
        })
        .await?;
        Ok(())
    }

    /// Numbers the events of the accepted steps from their partners' counters, and makes their rows.
    async fn number_events(
        &mut self,
        steps: &[Prepared],
        accepted: &[usize],
        answers: &mut [Result<Committed, CommitError>],
    ) -> Result<Vec<Value>, BatchFault> {
        let mut wanted: BTreeMap<Arc<str>, i64> = BTreeMap::new();
        for event in accepted.iter().flat_map(|index| &steps[*index].events) {
            *wanted.entry(Arc::clone(&event.partner_id)).or_default() += 1;
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut counts: Vec<Value> =
            wanted.iter().flat_map(|(partner, count)| [Value::Text(Arc::clone(partner)), (*count).into()]).collect();
        for size in write_sizes(wanted.len()) {
            let piece: Vec<Value> = counts.drain(..size * 2).collect();
            let build = || {
                format!(
                    "INSERT INTO event_counters (partner, last) VALUES {} \
                     ON CONFLICT (partner) DO UPDATE SET last = event_counters.last + excluded.last RETURNING partner, last",
                    placeholders(size, 2)
                )
            };
            let sql = self.texts.get("count", "event_counters", size, build);
            for row in self.session.fetch_all(sql, piece).await? {
                // From how many there are to the number before the first of these.
                if let Some(slot) = wanted.get_mut(row.text(0)?) {
                    *slot = row.int(1)? - *slot;
                }
            }
        }
        let mut rows = Vec::new();
        for index in accepted {
            let mut numbered = Vec::with_capacity(steps[*index].events.len());
            for event in &steps[*index].events {
                let slot = wanted.entry(Arc::clone(&event.partner_id)).or_default();
                *slot += 1;
                numbered.push(NumberedEvent { partner: event.partner, sequence: *slot });
                rows.extend([
                    Value::Text(Arc::clone(&event.partner_id)),
                    (*slot).into(),
                    Value::Text(Arc::clone(&event.id)),
                    Value::Text(Arc::clone(&event.kind)),
                    Value::Text(Arc::clone(&event.subject)),
                    Value::Text(Arc::clone(&event.data)),
                    event.created_at.into(),
                ]);
            }
            if let Ok(committed) = &mut answers[*index] {
                committed.events = numbered;
            }
        }
        Ok(rows)
    }

    async fn write_records(&mut self, table: &'static Table, world: &World, steps: &[Prepared]) -> Result<(), BatchFault> {
        let (mut inserts, mut updates, mut removals) = (Vec::new(), Vec::new(), Vec::new());
        for (key, slot) in world.records.iter().filter(|(key, _)| table_of(key) == table) {
            match slot.change {
                Some(Change::Write { step, write }) => {
                    let rows = if slot.stored == 0 { &mut inserts } else { &mut updates };
                    let write = &steps[step].writes[write];
                    rows.push(write.id.clone());
                    rows.push(slot.current.into());
                    rows.extend(write.columns.iter().cloned());
                    rows.push(Value::Text(Arc::clone(&write.data)));
                }
                Some(Change::Remove) if slot.stored != 0 => removals.push(key_value(key)),
                Some(Change::Remove) | None => {}
            }
        }
        let width = table.width();
        let expected = inserts.len() / width;
        if expected > 0 {
            let inserted = write_rows(self, "insert", table.name, width, inserts, |values| {
                format!("INSERT INTO {} ({}) VALUES {values} ON CONFLICT (id) DO NOTHING", table.name, table.column_list())
            })
            .await?;
            if usize::try_from(inserted).ok() != Some(expected) {
                return Err(BatchFault::NotNew);
            }
        }
        if !updates.is_empty() {
            // The rows are locked and their versions were checked: an insertion that always finds its row is an update of many.
            let mut columns = vec!["version"];
            columns.extend(table.columns);
            columns.push("data");
            let set = assignments(&columns);
            write_rows(self, "update", table.name, width, updates, |values| {
                format!("INSERT INTO {} ({}) VALUES {values} ON CONFLICT (id) DO UPDATE SET {set}", table.name, table.column_list())
            })
            .await?;
        }
        for piece in read_pieces(&removals) {
            let build = || format!("DELETE FROM {} WHERE id IN {}", table.name, placeholders(1, piece.len()));
            let sql = self.texts.get("delete", table.name, piece.len(), build);
            self.session.execute(sql, piece).await?;
        }
        Ok(())
    }

    async fn write_ledger(&mut self, world: &mut World, steps: &[Prepared], accepted: &[usize]) -> Result<(), BatchFault> {
        let (mut postings, mut entries) = (Vec::new(), Vec::new());
        let [request, fact, debit, credit]: [Arc<str>; 4] = ["request".into(), "fact".into(), "debit".into(), "credit".into()];
        for posting in accepted.iter().flat_map(|index| &steps[*index].postings) {
            *self.booked_at += 1;
            postings.extend([
                Value::Text(Arc::clone(&posting.id)),
                Value::Text(Arc::clone(&posting.kind)),
                Value::Text(Arc::clone(match posting.origin {
                    Origin::Request => &request,
                    Origin::Fact => &fact,
                })),
                Value::TextOrNull(posting.order.clone()),
                posting.posted_at.into(),
                (*self.booked_at).into(),
            ]);
            for entry in &posting.entries {
                let Some(slot) = world.balances.get_mut(&entry.balance) else { continue };
                slot.numbered += 1;
                entries.extend([
                    Value::Text(Arc::clone(&slot.id)),
                    slot.numbered.into(),
                    Value::Text(Arc::clone(&posting.id)),
                    Value::Text(Arc::clone(match entry.side {
                        Side::Debit => &debit,
                        Side::Credit => &credit,
                    })),
                    Value::Text(Arc::clone(&entry.amount)),
                    Value::TextOrNull(posting.order.clone()),
                ]);
            }
        }
        write_rows(self, "insert", "postings", 6, postings, |values| {
            format!("INSERT INTO postings (id, kind, origin, order_id, posted_at, booked_at) VALUES {values}")
        })
        .await?;
        write_rows(self, "insert", "entries", 6, entries, |values| {
            format!("INSERT INTO entries (balance, number, posting, side, amount, order_id) VALUES {values}")
        })
        .await?;
        let dirty = world.balances.values().filter(|slot| slot.dirty);
        let rows = dirty.flat_map(|slot| {
            [Value::Text(Arc::clone(&slot.id)), Value::display(slot.posted), Value::display(slot.held), slot.entries.into()]
        });
        let set = assignments(&["posted", "held", "entries"]);
        write_rows(self, "update", "balances", 4, rows.collect(), |values| {
            format!("INSERT INTO balances (id, posted, held, entries) VALUES {values} ON CONFLICT (id) DO UPDATE SET {set}")
        })
        .await?;
        let dirty = world.counters.iter().filter(|(_, slot)| slot.dirty);
        let rows =
            dirty.flat_map(|(id, slot)| [Value::Text(Arc::clone(id)), Value::display(slot.value), Value::IntOrNull(slot.expires_at)]);
        let set = assignments(&["value", "expires_at"]);
        write_rows(self, "update", "counters", 3, rows.collect(), |values| {
            format!("INSERT INTO counters (id, value, expires_at) VALUES {values} ON CONFLICT (id) DO UPDATE SET {set}")
        })
        .await?;
        Ok(())
    }

    /// Puts accounts that facts left below their floor on a person's list, each once while it is open.
    async fn raise_alarms(&mut self, world: &World) -> Result<(), BatchFault> {
        if world.alarms.is_empty() {
            return Ok(());
        }
        // The last alarm of a balance in the batch tells how far it went.
        let latest: BTreeMap<BalanceKey, Amount> = world.alarms.iter().copied().collect();
        let mut rows = Vec::new();
        for ((account, asset), available) in latest {
            let record = Record::from(ReviewItem {
                id: ReviewId::mint(self.now, self.randomness),
                version: 0,
                kind: ReviewKind::BelowFloor,
                order: None,
                fact: None,
                asset: Some(asset),
                amount: available.negated(),
                source: Some(account.to_string()),
                reason: format!("what is available of {asset} on {account} fell below zero"),
                created_at: self.now,
                resolution: None,
            });
            let (columns, data) = record_values(&record).map_err(|error| BatchFault::Defect(error.to_string()))?;
            rows.push(key_value(&record.key()));
            rows.push(1_i64.into());
            rows.extend(columns);
            rows.push(Value::Text(data));
        }
        let table =
            TABLES.into_iter().find(|table| table.name == "reviews").ok_or_else(|| BatchFault::Defect("no table of reviews".into()))?;
        write_rows(self, "alarm", table.name, table.width(), rows, |values| {
            format!("INSERT INTO {} ({}) VALUES {values} ON CONFLICT DO NOTHING", table.name, table.column_list())
        })
        .await?;
        Ok(())
    }
}
