//! Taking the locks and claims of a batch, in the one order, and loading what stands behind them.

use std::sync::Arc;

use rampart_core::record::RecordKey;

use super::batch::{BatchFault, Scene};
use super::counters::Counters;
use super::evaluate::{BalanceSlot, ClaimSlot, CounterSlot, World};
use super::prepare::Prepared;
use crate::read::{read_balance, read_claim};
use crate::sql::{Engine, Row, Rows, Value};
use crate::tables::{TABLES, key_value, read_key, table_of};

impl Scene<'_> {
    /// Loads everything that the steps touch. With `careful`, records that are taken to be new are looked for as well.
    pub(super) async fn load(&mut self, steps: &[Prepared], careful: bool) -> Result<World, BatchFault> {
        let mut world = World::default();
        for step in steps {
            for (key, _) in step.relied.iter().chain(&step.removals) {
                world.records.entry(*key).or_default();
            }
            for write in step.writes.iter().filter(|write| careful || write.version != 0) {
                world.records.entry(write.key).or_default();
            }
            for entry in step.postings.iter().flat_map(|posting| &posting.entries) {
                world.balances.entry(entry.balance).or_insert_with(|| BalanceSlot::new(Arc::clone(&entry.balance_id)));
            }
            for hold in &step.holds {
                world.balances.entry(hold.balance).or_insert_with(|| BalanceSlot::new(Arc::clone(&hold.balance_id)));
            }
            for raise in &step.raises {
                if !world.counters.contains_key(raise.owner()) {
                    world.counters.insert(raise.owner().into(), CounterSlot::default());
                }
            }
        }
        self.load_records(&mut world).await?;
        self.load_balances(&mut world).await?;
        self.load_counters(&mut world).await?;
        self.take_claims(&mut world, steps).await?;
        Ok(world)
    }

    async fn load_records(&mut self, world: &mut World) -> Result<(), BatchFault> {
        let keys: Vec<RecordKey> = world.records.keys().copied().collect();
        for table in TABLES {
            let of_table: Vec<&RecordKey> = keys.iter().filter(|key| table_of(key) == table).collect();
            let Some(like) = of_table.first().copied() else { continue };
            let values: Vec<Value> = of_table.iter().map(|key| key_value(key)).collect();
            let lock = self.lock();
            let sql = |among: &str| format!("SELECT id, version FROM {} WHERE id {among}{lock}", table.name);
            for row in self.session.fetch_among(sql, &values, &[]).await? {
                let version = row.int(1)?;
                let slot = world.records.entry(read_key(like, &row, 0)?).or_default();
                slot.stored = version;
                slot.current = version;
            }
        }
        Ok(())
    }

    /// How rows that are read are locked, in the order of their keys. On SQLite the whole file is.
    const fn lock(&self) -> &'static str {
        match self.session.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " ORDER BY id FOR UPDATE",
        }
    }

    async fn load_balances(&mut self, world: &mut World) -> Result<(), BatchFault> {
        let ids: Vec<Value> = world.balances.values().map(|slot| Value::Text(Arc::clone(&slot.id))).collect();
        let empty = ["0".into(), "0".into(), 0_i64.into()];
        for row in self.locked("balances", "posted, held, entries", ids, &empty).await? {
            let balance = read_balance(&row)?;
            if let Some(slot) = world.balances.get_mut(&(balance.account, balance.asset)) {
                slot.posted = balance.posted;
                slot.held = balance.held;
                slot.numbered = balance.entries;
                slot.entries = balance.entries;
            }
        }
        Ok(())
    }

    async fn load_counters(&mut self, world: &mut World) -> Result<(), BatchFault> {
        let ids: Vec<Value> = world.counters.keys().map(|id| Value::Text(Arc::clone(id))).collect();
        let empty = [Counters::NONE.into(), Value::IntOrNull(None)];
        for row in self.locked("counters", "value, expires_at", ids, &empty).await? {
            if let Some(slot) = world.counters.get_mut(row.text(0)?) {
                slot.counters = Counters::read(row.text(1)?)?;
            }
        }
        Ok(())
    }

    /// Reads and locks rows by their keys. Where others write at the same time, what does not exist is made, so that there
    /// is something to lock.
    async fn locked(&mut self, table: &str, columns: &str, ids: Vec<Value>, empty: &[Value]) -> Result<Vec<Row>, BatchFault> {
        let lock = self.lock();
        let sql = |among: &str| format!("SELECT id, {columns} FROM {table} WHERE id {among}{lock}");
        let mut found = self.session.fetch_among(sql, &ids, &[]).await?;
        if self.session.engine() == Engine::Postgres && found.len() < ids.len() {
            let mut missing = Vec::with_capacity(ids.len() - found.len());
            for id in ids {
                if !found.iter().any(|row| row.text(0).is_ok_and(|text| id == Value::from(text))) {
                    missing.push(id);
                }
            }
            let rows = missing.iter().flat_map(|id| std::iter::once(id).chain(empty).cloned()).collect();
            let insert = |rows: &str| format!("INSERT INTO {table} (id, {columns}) {rows} ON CONFLICT (id) DO NOTHING");
            self.session.write_rows(insert, &Rows::new(empty.len() + 1, rows), &[]).await?;
            found.extend(self.session.fetch_among(sql, &missing, &[]).await?);
        }
        Ok(found)
    }

    /// Takes every key of the batch that is free (or whose claim has expired), and looks who has the others.
    async fn take_claims(&mut self, world: &mut World, steps: &[Prepared]) -> Result<(), BatchFault> {
        for (index, step) in steps.iter().enumerate() {
            for (place, claim) in step.claims.iter().enumerate() {
                let slot = || ClaimSlot { taken_for: (index, place), foreign: None, owner: None };
                world.claims.entry(Arc::clone(&claim.id)).or_insert_with(slot);
            }
        }
        if world.claims.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(world.claims.len() * 6);
        for slot in world.claims.values() {
            let (step, place) = slot.taken_for;
            rows.extend(self.claim_row(&steps[step].claims[place]));
        }
        let now = self.now.micros();
        let taken = self.take(rows, now).await?;
        if usize::try_from(taken).ok() == Some(world.claims.len()) {
            return Ok(());
        }
        let ids: Vec<Value> = world.claims.keys().map(|id| Value::Text(Arc::clone(id))).collect();
        let sql = |among: &str| format!("SELECT id, subject, fingerprint, answer, expires_at, batch FROM claims WHERE id {among}");
        for row in self.session.fetch_among(sql, &ids, &[]).await? {
            if row.text(5)? != &*self.batch
                && let Some(slot) = world.claims.get_mut(row.text(0)?)
            {
                slot.foreign = Some(Box::new(read_claim(&row)?));
            }
        }
        Ok(())
    }
}
