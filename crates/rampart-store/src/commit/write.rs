//! Writing what survived a batch: a bounded number of statements over many rows each, in the one order.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::amount::Amount;
use rampart_core::id::ReviewId;
use rampart_core::ledger::{Origin, Side};
use rampart_core::payment::Payment;
use rampart_core::rampoff::Rampoff;
use rampart_core::record::Record;
use rampart_core::review::{ReviewItem, ReviewKind};

use super::batch::{BatchFault, Scene};
use super::evaluate::{Change, World};
use super::prepare::{BalanceKey, Prepared, PreparedClaim};
use super::{Committed, NumberedEvent};
use crate::error::CommitError;
use crate::sql::{Kind, Part, Rows, Value};
use crate::tables::{Stored, TABLES, Table, key_value, record_values, table_of};

/// The columns of claims, and what they hold.
pub(super) const CLAIM: [&str; 6] = ["id", "subject", "fingerprint", "answer", "expires_at", "batch"];
pub(super) const CLAIM_KINDS: &[Kind] = &[Kind::Text, Kind::Text, Kind::Text, Kind::Text, Kind::Int, Kind::Text];

const POSTING: &str = "id, kind, origin, order_id, posted_at, booked_at";
const POSTING_KINDS: &[Kind] = &[Kind::Text, Kind::Text, Kind::Text, Kind::Text, Kind::Int, Kind::Int];
const ENTRY: &str = "balance, number, posting, side, amount, order_id";
const ENTRY_KINDS: &[Kind] = &[Kind::Text, Kind::Int, Kind::Text, Kind::Text, Kind::Text, Kind::Text];
const EVENT: &str = "partner, sequence, id, kind, subject, data, created_at";
const EVENT_KINDS: &[Kind] = &[Kind::Text, Kind::Int, Kind::Text, Kind::Text, Kind::Text, Kind::Text, Kind::Int];
const BALANCE_KINDS: &[Kind] = &[Kind::Text, Kind::Text, Kind::Text, Kind::Int];
const COUNTER_KINDS: &[Kind] = &[Kind::Text, Kind::Text, Kind::Int];

/// The tables of orders, and what their columns hold.
const ORDERS: [(&Table, &[Kind]); 2] = [
    (Payment::TABLE, &[Kind::Text, Kind::Int, Kind::Text, Kind::Int, Kind::Text, Kind::Bool, Kind::Int, Kind::Int, Kind::Text]),
    (
        Rampoff::TABLE,
        &[Kind::Text, Kind::Int, Kind::Text, Kind::Int, Kind::Text, Kind::Bool, Kind::Int, Kind::Int, Kind::Text, Kind::Text, Kind::Text],
    ),
];

/// `column = excluded.column, …`
pub(super) fn assignments(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ")
}

/// An insertion of records that are new. Should one exist, it fails.
fn insertion(table: &'static Table) -> impl Fn(&str) -> String {
    let columns = table.column_list();
    move |rows| format!("INSERT INTO {} ({columns}) {rows}", table.name)
}

/// What becomes of a table's records: rows to insert and to update, and keys to remove.
#[derive(Default)]
struct Changes {
    inserts: Vec<Value>,
    updates: Vec<Value>,
    removals: Vec<Value>,
}

impl Changes {
    fn of(table: &'static Table, world: &World, steps: &[Prepared]) -> Self {
        let mut changes = Self::default();
        for (key, slot) in world.records.iter().filter(|(key, _)| table_of(key) == table) {
            match slot.change {
                Some(Change::Write { step, write }) => {
                    let rows = if slot.stored == 0 { &mut changes.inserts } else { &mut changes.updates };
                    let write = &steps[step].writes[write];
                    rows.push(write.id.clone());
                    rows.push(slot.current.into());
                    rows.extend(write.columns.iter().cloned());
                    rows.push(Value::Text(Arc::clone(&write.data)));
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
        let mut born = [Vec::new(), Vec::new()];
        for table in TABLES {
            let mut changes = Changes::of(table, world, steps);
            if let Some(place) = ORDERS.iter().position(|(orders, _)| *orders == table) {
                born[place] = std::mem::take(&mut changes.inserts);
            }
            // Of most tables a batch has nothing.
            if !changes.is_empty() {
                self.write_records(table, changes).await?;
            }
        }
        let engine = self.session.engine();
        let [postings, entries] = self.ledger(world, steps, &accepted);
        let [payments, rampoffs] = born;
        let parts = [
            self.orders(ORDERS[0], payments),
            self.orders(ORDERS[1], rampoffs),
            Part::write(engine, |rows| format!("INSERT INTO postings ({POSTING}) {rows}"), Rows::of(POSTING_KINDS, postings), Vec::new()),
            Part::write(engine, |rows| format!("INSERT INTO entries ({ENTRY}) {rows}"), Rows::of(ENTRY_KINDS, entries), Vec::new()),
            self.balances(world),
            self.counters(world)?,
            Part::write(engine, |rows| format!("INSERT INTO events ({EVENT}) {rows}"), Rows::of(EVENT_KINDS, events), Vec::new()),
        ];
        self.session.together(&parts).await?;
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
        self.session.execute_among(|among| format!("DELETE FROM claims WHERE id {among}"), &given_back).await?;
        let set = assignments(&CLAIM[1..]);
        let sql = |rows: &str| format!("INSERT INTO claims ({}) {rows} ON CONFLICT (id) DO UPDATE SET {set}", CLAIM.join(", "));
        self.session.write_rows(sql, &Rows::new(CLAIM.len(), handed_on), &[]).await?;
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
        let counts = wanted.iter().flat_map(|(partner, count)| [Value::Text(Arc::clone(partner)), (*count).into()]).collect();
        let sql = |rows: &str| {
            format!(
                "INSERT INTO event_counters (partner, last) {rows} \
                 ON CONFLICT (partner) DO UPDATE SET last = event_counters.last + excluded.last RETURNING partner, last"
            )
        };
        for row in self.session.write_rows_returning(sql, &Rows::new(2, counts)).await? {
            // From how many there are to the number before the first of these.
            if let Some(slot) = wanted.get_mut(row.text(0)?) {
                *slot = row.int(1)? - *slot;
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

    /// New orders of a kind. Busy batches are full of them, so they are written together with what is counted.
    fn orders(&self, (table, kinds): (&'static Table, &'static [Kind]), rows: Vec<Value>) -> Part {
        Part::write(self.session.engine(), insertion(table), Rows::of(kinds, rows), Vec::new())
    }

    async fn write_records(&mut self, table: &'static Table, changes: Changes) -> Result<(), BatchFault> {
        let insertion = insertion(table);
        self.session.write_rows(&insertion, &Rows::new(table.width(), changes.inserts), &[]).await?;
        // The rows are locked and their versions were checked: an insertion that always finds its row is an update of many.
        let set = assignments(&[&["version"], table.columns, &["data"]].concat());
        let sql = |rows: &str| format!("{} ON CONFLICT (id) DO UPDATE SET {set}", insertion(rows));
        self.session.write_rows(sql, &Rows::new(table.width(), changes.updates), &[]).await?;
        self.session.execute_among(|among| format!("DELETE FROM {} WHERE id {among}", table.name), &changes.removals).await?;
        Ok(())
    }

    /// The rows of postings, and those of their entries.
    fn ledger(&mut self, world: &mut World, steps: &[Prepared], accepted: &[usize]) -> [Vec<Value>; 2] {
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
        [postings, entries]
    }

    fn balances(&self, world: &World) -> Part {
        let dirty = world.balances.values().filter(|slot| slot.dirty);
        let rows = dirty.flat_map(|slot| {
            [Value::Text(Arc::clone(&slot.id)), Value::display(slot.posted), Value::display(slot.held), slot.entries.into()]
        });
        let set = assignments(&["posted", "held", "entries"]);
        let sql = |rows: &str| format!("INSERT INTO balances (id, posted, held, entries) {rows} ON CONFLICT (id) DO UPDATE SET {set}");
        Part::write(self.session.engine(), sql, Rows::of(BALANCE_KINDS, rows.collect()), Vec::new())
    }

    fn counters(&self, world: &mut World) -> Result<Part, BatchFault> {
        let now = self.now.micros();
        let mut rows = Vec::new();
        for (owner, slot) in world.counters.iter_mut().filter(|(_, slot)| slot.dirty) {
            slot.counters.forget(now);
            rows.extend([Value::display(owner), slot.counters.text()?.into(), Value::IntOrNull(slot.counters.expires_at(now))]);
        }
        let set = assignments(&["value", "expires_at"]);
        let sql = |rows: &str| format!("INSERT INTO counters (id, value, expires_at) {rows} ON CONFLICT (id) DO UPDATE SET {set}");
        Ok(Part::write(self.session.engine(), sql, Rows::of(COUNTER_KINDS, rows), Vec::new()))
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
                screening_hit: false,
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
        let sql = |rows: &str| format!("INSERT INTO {} ({}) {rows} ON CONFLICT DO NOTHING", table.name, table.column_list());
        self.session.write_rows(sql, &Rows::new(table.width(), rows), &[]).await?;
        Ok(())
    }
}
