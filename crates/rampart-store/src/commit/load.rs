//! Taking the locks and claims of a batch, in the one order, and loading what stands behind them.

use std::sync::Arc;

use rampart_core::record::RecordKey;

use super::batch::{BatchFault, Scene};
use super::evaluate::{BalanceSlot, ClaimSlot, CounterSlot, World};
use super::prepare::Prepared;
use super::write::write_rows;
use crate::read::{read_balance, read_claim};
use crate::sql::{Engine, Value, placeholders, read_pieces};
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
                world
                    .counters
                    .entry(Arc::clone(&raise.counter))
                    .or_insert_with(|| CounterSlot { expires_at: raise.expires_at, ..CounterSlot::default() });
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
            for piece in read_pieces(&values) {
                let lock = if self.session.engine() == Engine::Postgres { " ORDER BY id FOR UPDATE" } else { "" };
                let build = || format!("SELECT id, version FROM {} WHERE id IN {}{lock}", table.name, placeholders(1, piece.len()));
                let sql = self.texts.get("lock", table.name, piece.len(), build);
                for row in self.session.fetch_all(sql, piece).await? {
                    let version = row.int(1)?;
                    let slot = world.records.entry(read_key(like, &row, 0)?).or_default();
                    slot.stored = version;
                    slot.current = version;
                }
            }
        }
        Ok(())
    }

    async fn load_balances(&mut self, world: &mut World) -> Result<(), BatchFault> {
        if world.balances.is_empty() {
            return Ok(());
        }
        let ids: Vec<Value> = world.balances.values().map(|slot| Value::Text(Arc::clone(&slot.id))).collect();
        if self.session.engine() == Engine::Postgres {
            // Inserts what is missing and locks what is there, in order, in one statement; the condition changes nothing.
            let rows = ids.iter().flat_map(|id| [id.clone(), "0".into(), "0".into(), 0_i64.into()]).collect();
            write_rows(self, "lock", "balances", 4, rows, |values| {
                format!(
                    "INSERT INTO balances (id, posted, held, entries) VALUES {values} ON CONFLICT (id) DO UPDATE SET posted = balances.posted WHERE FALSE"
                )
            })
            .await?;
        }
        for piece in read_pieces(&ids) {
            let build = || format!("SELECT id, posted, held, entries FROM balances WHERE id IN {}", placeholders(1, piece.len()));
            let sql = self.texts.get("load", "balances", piece.len(), build);
            for row in self.session.fetch_all(sql, piece).await? {
                let balance = read_balance(&row)?;
                if let Some(slot) = world.balances.get_mut(&(balance.account, balance.asset)) {
                    slot.posted = balance.posted;
                    slot.held = balance.held;
                    slot.numbered = balance.entries;
                    slot.entries = balance.entries;
                }
            }
        }
        Ok(())
    }

    async fn load_counters(&mut self, world: &mut World) -> Result<(), BatchFault> {
        if world.counters.is_empty() {
            return Ok(());
        }
        let ids: Vec<Value> = world.counters.keys().map(|id| Value::Text(Arc::clone(id))).collect();
        if self.session.engine() == Engine::Postgres {
            let rows = world
                .counters
                .iter()
                .flat_map(|(id, slot)| [Value::Text(Arc::clone(id)), "0".into(), Value::IntOrNull(slot.expires_at)])
                .collect();
            write_rows(self, "lock", "counters", 3, rows, |values| {
                format!("INSERT INTO counters (id, value, expires_at) VALUES {values} ON CONFLICT (id) DO UPDATE SET value = counters.value WHERE FALSE")
            })
            .await?;
        }
        for piece in read_pieces(&ids) {
            let build = || format!("SELECT id, value FROM counters WHERE id IN {}", placeholders(1, piece.len()));
            let sql = self.texts.get("load", "counters", piece.len(), build);
            for row in self.session.fetch_all(sql, piece).await? {
                if let Some(slot) = world.counters.get_mut(row.text(0)?) {
                    slot.value = row.parse(1)?;
                }
            }
        }
        Ok(())
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
        for piece in read_pieces(&ids) {
            let build = || {
                format!(
                    "SELECT id, subject, fingerprint, answer, expires_at, batch FROM claims WHERE id IN {}",
                    placeholders(1, piece.len())
                )
            };
            let sql = self.texts.get("look", "claims", piece.len(), build);
            for row in self.session.fetch_all(sql, piece).await? {
                if row.text(5)? != &*self.batch
                    && let Some(slot) = world.claims.get_mut(row.text(0)?)
                {
                    slot.foreign = Some(Box::new(read_claim(&row)?));
                }
            }
        }
        Ok(())
    }
}
