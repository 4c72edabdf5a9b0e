//! Takes a batch's locks and claims in the lock order, and loads the rows they protect.

use std::sync::Arc;

use rampart_core::step::record::RecordKey;

use super::batch::{BatchAttempt, BatchError};
use super::evaluate::BatchState;
use super::prepare::Prepared;
use super::write::{CLAIM, assignments};
use crate::counters::Counters;
use crate::read::{read_balance, read_claim};
use crate::sql::{BulkStatement, DatabaseEngine, DbRow, DbSession, SqlError, SqlValue};
use crate::tables::{RecordTable, TABLES, key_value, read_key, table_of};

/// A table of balances or counters. A missing row counts as zero.
struct CountedTable {
    name: &'static str,
    columns: &'static [&'static str],
    /// The columns after the identifier of a row at zero.
    empty: fn() -> Vec<SqlValue>,
}

const BALANCES: CountedTable =
    CountedTable { name: "balances", columns: &["id", "posted", "held", "entries"], empty: || vec!["0".into(), "0".into(), 0_i64.into()] };

const COUNTERS: CountedTable = CountedTable {
    name: "counters",
    columns: &["id", "value", "expires_at"],
    empty: || vec![Counters::EMPTY_JSON.into(), SqlValue::IntOrNull(None)],
};

/// Locks the rows that are read, in the order of their keys. On SQLite the whole file is locked.
pub(super) const fn lock(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "",
        DatabaseEngine::Postgres => " ORDER BY id FOR UPDATE",
    }
}

/// Locks records and reads their versions.
fn versions(engine: DatabaseEngine, table: &RecordTable, keys: Vec<SqlValue>) -> BulkStatement {
    let sql = |keys_match: &str| format!("SELECT id, version FROM {} WHERE id {keys_match}{}", table.name, lock(engine));
    BulkStatement::read(engine, sql, keys, Vec::new())
}

/// Locks and reads balances or counters.
fn counted(engine: DatabaseEngine, table: &CountedTable, ids: Vec<SqlValue>) -> BulkStatement {
    let columns = table.columns.join(", ");
    let sql = |keys_match: &str| format!("SELECT {columns} FROM {} WHERE id {keys_match}{}", table.name, lock(engine));
    BulkStatement::read(engine, sql, ids, Vec::new())
}

fn batch_row(engine: DatabaseEngine, batch: &Arc<str>) -> BulkStatement {
    let sql = |rows: &str| format!("INSERT INTO batches (id) {rows} ON CONFLICT (id) DO NOTHING");
    BulkStatement::write(engine, sql, 1, vec![Arc::clone(batch).into()], Vec::new())
}

/// Inserts the batch's row and returns false when it was there before. Waits while the database is still ending another transaction
/// of the same batch.
pub(super) async fn insert_batch_row(session: &mut DbSession, batch: &Arc<str>) -> Result<bool, SqlError> {
    let inserted = session.run_one(batch_row(session.engine(), batch)).await?;
    Ok(inserted.changed > 0)
}

impl BatchAttempt<'_> {
    /// Inserts the batch's row, takes its locks and claims, and loads the rows its steps touch that are not cached. With `verify_new`,
    /// records that are assumed to be new are looked up as well.
    pub(super) async fn load(&mut self, steps: &[Prepared], verify_new: bool) -> Result<BatchState, BatchError> {
        let mut state = BatchState::for_steps(steps, verify_new);
        self.cache.invalidate_unless(self.session.data_version()?);
        self.cache.load_into(&mut state);
        let engine = self.session.engine();
        let balances: Vec<SqlValue> =
            state.balances.values().filter(|slot| !slot.cached).map(|slot| SqlValue::Text(Arc::clone(&slot.id))).collect();
        let counters: Vec<SqlValue> =
            state.counters.iter().filter(|(_, slot)| !slot.cached).map(|(owner, _)| SqlValue::display(owner)).collect();
        let mut statements = vec![batch_row(engine, &self.batch)];
        statements.extend(TABLES.map(|table| versions(engine, table, key_values(table, &state))));
        statements.extend([
            counted(engine, &BALANCES, balances.clone()),
            counted(engine, &COUNTERS, counters.clone()),
            self.claims_required_free(steps),
            self.taking_claims(&state, steps),
        ]);
        let mut results = self.session.run(&statements).await?.into_iter();
        let mut next = || results.next().unwrap_or_default();
        if next().changed == 0 {
            return Err(BatchError::Defect("a batch's identifier was used before".into()));
        }
        for table in TABLES {
            read_versions(table, &mut state, &next().rows)?;
        }
        let (balance_rows, counter_rows, existing, taken) = (next().rows, next().rows, next().rows, next().changed);
        read_balances(&mut state, &self.with_missing_rows(&BALANCES, balances, balance_rows).await?)?;
        read_counters(&mut state, &self.with_missing_rows(&COUNTERS, counters, counter_rows).await?)?;
        for row in existing {
            state.existing_claims.insert(row.text(0)?.into(), Box::new(read_claim(&row)?));
        }
        if usize::try_from(taken).ok() != Some(state.claims.len()) {
            self.load_claim_owners(&mut state).await?;
        }
        Ok(state)
    }

    /// Reads the claims on keys that a step requires to be free. It must not see the batch's own claims, which the steps know, so it
    /// comes before [`BatchAttempt::taking_claims`]. Nothing is locked: a claim that another node is taking at this moment is not
    /// seen.
    fn claims_required_free(&self, steps: &[Prepared]) -> BulkStatement {
        let sql = |keys_match: &str| {
            format!("SELECT {} FROM claims WHERE id {keys_match} AND (expires_at IS NULL OR expires_at > $2)", CLAIM.join(", "))
        };
        BulkStatement::read(self.session.engine(), sql, keys_required_free(steps), vec![self.now.micros().into()])
    }

    /// Takes every key that is free or whose claim has expired.
    fn taking_claims(&self, state: &BatchState, steps: &[Prepared]) -> BulkStatement {
        let sql = |rows: &str| {
            let (columns, set) = (CLAIM.join(", "), assignments(&CLAIM[1..]));
            format!("INSERT INTO claims ({columns}) {rows} ON CONFLICT (id) DO UPDATE SET {set} WHERE claims.expires_at <= $7")
        };
        let now = vec![self.now.micros().into()];
        BulkStatement::write(self.session.engine(), sql, CLAIM.len(), self.claim_rows(state, steps), now)
    }

    /// The rows of the claims to take, where the key is free.
    fn claim_rows(&self, state: &BatchState, steps: &[Prepared]) -> Vec<SqlValue> {
        let mut rows = Vec::with_capacity(state.claims.len() * CLAIM.len());
        for slot in state.claims.values() {
            let (step, place) = slot.inserted_for;
            rows.extend(self.claim_row(&steps[step].claims[place]));
        }
        rows
    }

    /// The found rows, with missing ones inserted first on PostgreSQL: only an existing row can be locked.
    async fn with_missing_rows(
        &mut self,
        table: &CountedTable,
        ids: Vec<SqlValue>,
        mut found: Vec<DbRow>,
    ) -> Result<Vec<DbRow>, BatchError> {
        let engine = self.session.engine();
        if engine == DatabaseEngine::Sqlite || found.len() >= ids.len() {
            return Ok(found);
        }
        let mut missing = Vec::with_capacity(ids.len() - found.len());
        for id in ids {
            if !found.iter().any(|row| row.text(0).is_ok_and(|text| id == SqlValue::from(text))) {
                missing.push(id);
            }
        }
        // In lock order.
        missing.sort_unstable_by(|one, other| one.text().cmp(&other.text()));
        let empty = (table.empty)();
        let rows = missing.iter().flat_map(|id| std::iter::once(id).chain(&empty).cloned()).collect();
        let (name, columns) = (table.name, table.columns.join(", "));
        let insert = |rows: &str| format!("INSERT INTO {name} ({columns}) {rows} ON CONFLICT (id) DO NOTHING");
        let insert = BulkStatement::write(engine, insert, table.columns.len(), rows, Vec::new());
        let made = self.session.run(&[insert, counted(engine, table, missing)]).await?;
        found.extend(made.into_iter().flat_map(|result| result.rows));
        Ok(found)
    }

    /// Loads the claims that hold the keys which were not free.
    async fn load_claim_owners(&mut self, state: &mut BatchState) -> Result<(), BatchError> {
        let ids: Vec<SqlValue> = state.claims.keys().map(|id| SqlValue::Text(Arc::clone(id))).collect();
        let sql = |keys_match: &str| format!("SELECT {} FROM claims WHERE id {keys_match}", CLAIM.join(", "));
        for row in self.session.run_one(BulkStatement::read(self.session.engine(), sql, ids, Vec::new())).await?.rows {
            if row.text(5)? != &*self.batch
                && let Some(slot) = state.claims.get_mut(row.text(0)?)
            {
                slot.foreign = Some(Box::new(read_claim(&row)?));
            }
        }
        Ok(())
    }
}

/// The distinct keys that steps require to be free.
fn keys_required_free(steps: &[Prepared]) -> Vec<SqlValue> {
    let mut ids: Vec<&Arc<str>> = steps.iter().flat_map(|step| &step.must_be_free).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| SqlValue::Text(Arc::clone(id))).collect()
}

/// The keys of a table's records that are not cached.
fn keys_of<'w>(table: &'static RecordTable, state: &'w BatchState) -> impl Iterator<Item = &'w RecordKey> {
    state.records.iter().filter(move |(key, slot)| !slot.cached && table_of(key) == table).map(|(key, _)| key)
}

fn key_values(table: &'static RecordTable, state: &BatchState) -> Vec<SqlValue> {
    keys_of(table, state).map(key_value).collect()
}

fn read_versions(table: &'static RecordTable, state: &mut BatchState, rows: &[DbRow]) -> Result<(), BatchError> {
    let Some(like) = keys_of(table, state).next().copied() else { return Ok(()) };
    for row in rows {
        let version = row.int(1)?;
        let slot = state.records.entry(read_key(&like, row, 0)?).or_default();
        slot.stored = version;
        slot.current = version;
    }
    Ok(())
}

fn read_balances(state: &mut BatchState, rows: &[DbRow]) -> Result<(), BatchError> {
    for row in rows {
        let balance = read_balance(row)?;
        if let Some(slot) = state.balances.get_mut(&(balance.account, balance.asset)) {
            slot.posted = balance.posted;
            slot.held = balance.held;
            slot.last_entry_number = balance.entries;
            slot.entries = balance.entries;
        }
    }
    Ok(())
}

fn read_counters(state: &mut BatchState, rows: &[DbRow]) -> Result<(), BatchError> {
    for row in rows {
        if let Some(slot) = state.counters.get_mut(&row.parse(0)?) {
            slot.counters = Counters::from_json(row.text(1)?)?;
        }
    }
    Ok(())
}
