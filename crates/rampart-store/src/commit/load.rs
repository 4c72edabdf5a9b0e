//! Takes a batch's locks and claims in the lock order, and loads the rows they protect.

use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::partner::Partner;
use rampart_core::step::record::RecordKey;

use super::batch::{BatchAttempt, BatchError};
use super::evaluate::BatchState;
use super::prepare::Prepared;
use super::write::{CLAIM, CLAIM_TYPES, assignments};
use crate::counters::Counters;
use crate::read::{read_balance, read_claim};
use crate::sql::ColumnType::{self, Int, Text};
use crate::sql::{BulkStatement, CombinedStatement, DatabaseEngine, DbRow, DbSession, Rows, SqlError, SqlValue, StatementParams};
use crate::tables::{RecordTable, Stored, TABLES, key_value, read_key, table_of};

/// What every batch runs first, in the lock order as far as the engine keeps it: its own row, versions, balances and counters,
/// claims.
static BEGINNING: CombinedStatement<7> =
    CombinedStatement::new([BATCH_ROW, PARTNERS, CUSTOMERS, BALANCES, COUNTERS, EXISTING_CLAIMS, TAKEN_CLAIMS]);
static INSERT_BATCH: CombinedStatement<1> = CombinedStatement::new([BATCH_ROW]);

const TEXT: &[ColumnType] = &[Text];
const VERSION: &[&str] = &["id", "version"];

const BATCH_ROW: BulkStatement =
    BulkStatement::write(TEXT, 0, |_, rows| format!("INSERT INTO batches (id) {rows} ON CONFLICT (id) DO NOTHING"));
const PARTNERS: BulkStatement = BulkStatement::read(TEXT, 0, VERSION, |engine, keys_match| versions(Partner::TABLE, engine, keys_match));
const CUSTOMERS: BulkStatement =
    BulkStatement::read(&[Int], 0, VERSION, |engine, keys_match| versions(Customer::TABLE, engine, keys_match));
/// Keys that a step requires to be free. It must not see the batch's own claims, which the steps know: it precedes [`TAKEN_CLAIMS`]
/// on SQLite, and both see one snapshot on PostgreSQL. Nothing is locked: a claim that another node is taking at this moment is not
/// seen.
const EXISTING_CLAIMS: BulkStatement = BulkStatement::read(TEXT, 1, &CLAIM, |_, keys_match| {
    format!("SELECT {} FROM claims WHERE id {keys_match} AND (expires_at IS NULL OR expires_at > $2)", CLAIM.join(", "))
});
/// Takes every key that is free or whose claim has expired.
const TAKEN_CLAIMS: BulkStatement = BulkStatement::write(CLAIM_TYPES, 1, |_, rows| {
    let (columns, set) = (CLAIM.join(", "), assignments(&CLAIM[1..]));
    format!("INSERT INTO claims ({columns}) {rows} ON CONFLICT (id) DO UPDATE SET {set} WHERE claims.expires_at <= $7")
});

/// A table of balances or counters. A missing row counts as zero.
struct CountedTable {
    table: &'static str,
    columns: &'static [&'static str],
    select: CombinedStatement<1>,
    /// The columns after the identifier of a row at zero.
    empty: fn() -> Vec<SqlValue>,
}

const BALANCE: &[&str] = &["id", "posted", "held", "entries"];
const BALANCES: BulkStatement =
    BulkStatement::read(TEXT, 0, BALANCE, |engine, keys_match| select_rows("balances", BALANCE, engine, keys_match));
static BALANCE_ROWS: CountedTable = CountedTable {
    table: "balances",
    columns: BALANCE,
    select: CombinedStatement::new([BALANCES]),
    empty: || vec!["0".into(), "0".into(), 0_i64.into()],
};

const COUNTER: &[&str] = &["id", "value", "expires_at"];
const COUNTERS: BulkStatement =
    BulkStatement::read(TEXT, 0, COUNTER, |engine, keys_match| select_rows("counters", COUNTER, engine, keys_match));
static COUNTER_ROWS: CountedTable = CountedTable {
    table: "counters",
    columns: COUNTER,
    select: CombinedStatement::new([COUNTERS]),
    empty: || vec![Counters::EMPTY_JSON.into(), SqlValue::IntOrNull(None)],
};

/// Locks the rows that are read, in the order of their keys. On SQLite the whole file is locked.
pub(super) const fn lock(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "",
        DatabaseEngine::Postgres => " ORDER BY id FOR UPDATE",
    }
}

fn versions(table: &RecordTable, engine: DatabaseEngine, keys_match: &str) -> String {
    format!("SELECT id, version FROM {} WHERE id {keys_match}{}", table.name, lock(engine))
}

fn select_rows(table: &str, columns: &[&str], engine: DatabaseEngine, keys_match: &str) -> String {
    format!("SELECT {} FROM {table} WHERE id {keys_match}{}", columns.join(", "), lock(engine))
}

/// Inserts the batch's row and returns false when it was there before. Waits while the database is still ending another transaction
/// of the same batch.
pub(super) async fn insert_batch_row(session: &mut DbSession, batch: &Arc<str>) -> Result<bool, SqlError> {
    let [inserted] = session.run_combined(&INSERT_BATCH, [vec![Arc::clone(batch).into()].into()]).await?;
    Ok(inserted.changed > 0)
}

impl BatchAttempt<'_> {
    /// Inserts the batch's row and loads, in the same round trip, the rows its steps touch that are not cached. With `verify_new`,
    /// records that are assumed to be new are looked up as well.
    pub(super) async fn load(&mut self, steps: &[Prepared], verify_new: bool) -> Result<BatchState, BatchError> {
        let mut state = BatchState::for_steps(steps, verify_new);
        self.cache.invalidate_unless(self.session.data_version()?);
        self.cache.load_into(&mut state);
        // Nearly every batch relies on partners and customers and changes counters; few touch other records.
        let [partners, customers, others @ ..] = TABLES;
        for table in others {
            let engine = self.session.engine();
            let rows =
                self.session.fetch_by_keys(|keys_match| versions(table, engine, keys_match), &key_values(table, &state), &[]).await?;
            read_versions(table, &mut state, &rows)?;
        }
        let balances: Vec<SqlValue> =
            state.balances.values().filter(|slot| !slot.cached).map(|slot| SqlValue::Text(Arc::clone(&slot.id))).collect();
        let counters: Vec<SqlValue> =
            state.counters.iter().filter(|(_, slot)| !slot.cached).map(|(owner, _)| SqlValue::display(owner)).collect();
        let now = vec![self.now.micros().into()];
        let params = [
            vec![Arc::clone(&self.batch).into()].into(),
            key_values(partners, &state).into(),
            key_values(customers, &state).into(),
            balances.clone().into(),
            counters.clone().into(),
            StatementParams { rows: keys_required_free(steps), further: now.clone() },
            StatementParams { rows: self.claim_rows(&state, steps), further: now },
        ];
        let [inserted, partner_rows, customer_rows, balance_rows, counter_rows, existing, taken] =
            self.session.run_combined(&BEGINNING, params).await?;
        if inserted.changed == 0 {
            return Err(BatchError::Defect("a batch's identifier was used before".into()));
        }
        read_versions(partners, &mut state, &partner_rows.rows)?;
        read_versions(customers, &mut state, &customer_rows.rows)?;
        read_balances(&mut state, &self.with_missing_rows(&BALANCE_ROWS, balances, balance_rows.rows).await?)?;
        read_counters(&mut state, &self.with_missing_rows(&COUNTER_ROWS, counters, counter_rows.rows).await?)?;
        for row in existing.rows {
            state.existing_claims.insert(row.text(0)?.into(), Box::new(read_claim(&row)?));
        }
        if usize::try_from(taken.changed).ok() != Some(state.claims.len()) {
            self.load_claim_owners(&mut state).await?;
        }
        Ok(state)
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
        counted: &'static CountedTable,
        ids: Vec<SqlValue>,
        mut found: Vec<DbRow>,
    ) -> Result<Vec<DbRow>, BatchError> {
        if self.session.engine() == DatabaseEngine::Sqlite || found.len() >= ids.len() {
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
        let empty = (counted.empty)();
        let rows = missing.iter().flat_map(|id| std::iter::once(id).chain(&empty).cloned()).collect();
        let (table, columns) = (counted.table, counted.columns.join(", "));
        let insert = |rows: &str| format!("INSERT INTO {table} ({columns}) {rows} ON CONFLICT (id) DO NOTHING");
        self.session.write_rows(insert, &Rows::new(counted.columns.len(), rows), &[]).await?;
        let [made] = self.session.run_combined(&counted.select, [missing.into()]).await?;
        found.extend(made.rows);
        Ok(found)
    }

    /// Loads the claims that hold the keys which were not free.
    async fn load_claim_owners(&mut self, state: &mut BatchState) -> Result<(), BatchError> {
        let ids: Vec<SqlValue> = state.claims.keys().map(|id| SqlValue::Text(Arc::clone(id))).collect();
        let sql = |keys_match: &str| format!("SELECT {} FROM claims WHERE id {keys_match}", CLAIM.join(", "));
        for row in self.session.fetch_by_keys(sql, &ids, &[]).await? {
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
