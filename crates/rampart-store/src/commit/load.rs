//! Taking the locks and claims of a batch, in the one order, and loading what stands behind them.

use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::partner::Partner;
use rampart_core::record::RecordKey;

use super::batch::{BatchAttempt, BatchError};
use super::counters::Counters;
use super::evaluate::BatchState;
use super::prepare::Prepared;
use super::write::{CLAIM, CLAIM_TYPES, assignments};
use crate::read::{read_balance, read_claim};
use crate::sql::{BulkStatement, ColumnType, CombinedStatement, DatabaseEngine, DbRow, DbSession, Params, Rows, SqlError, SqlValue};
use crate::tables::{RecordTable, Stored, TABLES, key_value, read_key, table_of};

/// What every batch begins with, in the order of locks: its own row, versions, what is counted, claims.
static BEGINNING: CombinedStatement<7> =
    CombinedStatement::new([BATCH_ROW, PARTNERS, CUSTOMERS, BALANCES, COUNTERS, EXISTING_CLAIMS, TAKEN_CLAIMS]);
static INSERT_BATCH: CombinedStatement<1> = CombinedStatement::new([BATCH_ROW]);

const TEXT: &[ColumnType] = &[ColumnType::Text];
const VERSION: &[&str] = &["id", "version"];

const BATCH_ROW: BulkStatement =
    BulkStatement::write(TEXT, 0, |_, rows| format!("INSERT INTO batches (id) {rows} ON CONFLICT (id) DO NOTHING"));
const PARTNERS: BulkStatement = BulkStatement::read(TEXT, 0, VERSION, |engine, keys_match| versions(Partner::TABLE, engine, keys_match));
const CUSTOMERS: BulkStatement =
    BulkStatement::read(&[ColumnType::Int], 0, VERSION, |engine, keys_match| versions(Customer::TABLE, engine, keys_match));
/// Read before the batch takes its own, which its steps know. Nothing is locked: what another node is taking at this very
/// moment is not seen.
const EXISTING_CLAIMS: BulkStatement = BulkStatement::read(TEXT, 1, &CLAIM, |_, keys_match| {
    format!("SELECT {} FROM claims WHERE id {keys_match} AND (expires_at IS NULL OR expires_at > $2)", CLAIM.join(", "))
});
/// Takes every key that is free, or whose claim has expired.
const TAKEN_CLAIMS: BulkStatement = BulkStatement::write(CLAIM_TYPES, 1, |_, rows| {
    let (columns, set) = (CLAIM.join(", "), assignments(&CLAIM[1..]));
    format!("INSERT INTO claims ({columns}) {rows} ON CONFLICT (id) DO UPDATE SET {set} WHERE claims.expires_at <= $7")
});

/// A table of what is counted: a row that is not there stands at nothing.
struct CountedTable {
    table: &'static str,
    columns: &'static [&'static str],
    /// What reads rows of it.
    select: CombinedStatement<1>,
    /// What a row without anything holds behind its identifier.
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

/// How rows that are read are locked, in the order of their keys. On SQLite the whole file is.
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

/// Notes that a batch happens, unless it had happened before: tells whether it was noted. While another transaction of the
/// same batch is still being ended by the database, this waits for it.
pub(super) async fn insert_batch_row(session: &mut DbSession, batch: &Arc<str>) -> Result<bool, SqlError> {
    let [inserted] = session.run_combined(&INSERT_BATCH, [vec![Arc::clone(batch).into()].into()]).await?;
    Ok(inserted.changed > 0)
}

impl BatchAttempt<'_> {
    /// Notes that the batch happens and, on the same way, loads what its steps touch and is not remembered. With `verify_new`,
    /// records that are taken to be new are looked for as well.
    pub(super) async fn load(&mut self, steps: &[Prepared], verify_new: bool) -> Result<BatchState, BatchError> {
        let mut state = BatchState::for_steps(steps, verify_new);
        self.cache.invalidate_unless(self.session.data_version()?);
        self.cache.load_into(&mut state);
        // Nearly every batch relies on partners and customers, and counts; few touch other records.
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
            Params { rows: keys_required_free(steps), further: now.clone() },
            Params { rows: self.claim_rows(&state, steps), further: now },
        ];
        let [inserted, partner_rows, customer_rows, balance_rows, counter_rows, select, taken] =
            self.session.run_combined(&BEGINNING, params).await?;
        if inserted.changed == 0 {
            return Err(BatchError::Defect("a batch's identifier was used before".into()));
        }
        read_versions(partners, &mut state, &partner_rows.rows)?;
        read_versions(customers, &mut state, &customer_rows.rows)?;
        read_balances(&mut state, &self.with_missing_rows(&BALANCE_ROWS, balances, balance_rows.rows).await?)?;
        read_counters(&mut state, &self.with_missing_rows(&COUNTER_ROWS, counters, counter_rows.rows).await?)?;
        for row in select.rows {
            state.existing_claims.insert(row.text(0)?.into(), Box::new(read_claim(&row)?));
        }
        if usize::try_from(taken.changed).ok() != Some(state.claims.len()) {
            self.load_claim_owners(&mut state).await?;
        }
        Ok(state)
    }

    /// The rows of the claims that the batch takes unless somebody has them.
    fn claim_rows(&self, state: &BatchState, steps: &[Prepared]) -> Vec<SqlValue> {
        let mut rows = Vec::with_capacity(state.claims.len() * CLAIM.len());
        for slot in state.claims.values() {
            let (step, place) = slot.inserted_for;
            rows.extend(self.claim_row(&steps[step].claims[place]));
        }
        rows
    }

    /// The rows of some identifiers. Where others write at the same time, what was not found is made, so that there is
    /// something to lock.
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
        // As rows are locked.
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

    /// Looks who has the keys that were not free.
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

/// The keys that some step needs to be free, each once.
fn keys_required_free(steps: &[Prepared]) -> Vec<SqlValue> {
    let mut ids: Vec<&Arc<str>> = steps.iter().flat_map(|step| &step.must_be_free).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| SqlValue::Text(Arc::clone(id))).collect()
}

/// The records of a table that are not known yet.
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
