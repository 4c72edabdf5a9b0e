//! Taking the locks and claims of a batch, in the one order, and loading what stands behind them.

use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::partner::Partner;
use rampart_core::record::RecordKey;

use super::batch::{BatchError, Scene};
use super::counters::Counters;
use super::evaluate::World;
use super::prepare::Prepared;
use super::write::{CLAIM, CLAIM_KINDS, assignments};
use crate::read::{read_balance, read_claim};
use crate::sql::{Bundle, DatabaseEngine, Given, Kind, Row, Rows, Session, SqlError, Statement, Value};
use crate::tables::{Stored, TABLES, Table, key_value, read_key, table_of};

/// What every batch begins with, in the order of locks: its own row, versions, what is counted, claims.
static BEGINNING: Bundle<7> = Bundle::new([ANNOUNCE, PARTNERS, CUSTOMERS, BALANCES, COUNTERS, STANDING_CLAIMS, TAKEN_CLAIMS]);
static ANNOUNCEMENT: Bundle<1> = Bundle::new([ANNOUNCE]);

const TEXT: &[Kind] = &[Kind::Text];
const VERSION: &[&str] = &["id", "version"];

const ANNOUNCE: Statement = Statement::write(TEXT, 0, |_, rows| format!("INSERT INTO batches (id) {rows} ON CONFLICT (id) DO NOTHING"));
const PARTNERS: Statement = Statement::read(TEXT, 0, VERSION, |engine, among| versions(Partner::TABLE, engine, among));
const CUSTOMERS: Statement = Statement::read(&[Kind::Int], 0, VERSION, |engine, among| versions(Customer::TABLE, engine, among));
/// Read before the batch takes its own, which its steps know. Nothing is locked: what another node is taking at this very
/// moment is not seen.
const STANDING_CLAIMS: Statement = Statement::read(TEXT, 1, &CLAIM, |_, among| {
    format!("SELECT {} FROM claims WHERE id {among} AND (expires_at IS NULL OR expires_at > $2)", CLAIM.join(", "))
});
/// Takes every key that is free, or whose claim has expired.
const TAKEN_CLAIMS: Statement = Statement::write(CLAIM_KINDS, 1, |_, rows| {
    let (columns, set) = (CLAIM.join(", "), assignments(&CLAIM[1..]));
    format!("INSERT INTO claims ({columns}) {rows} ON CONFLICT (id) DO UPDATE SET {set} WHERE claims.expires_at <= $7")
});

/// A table of what is counted: a row that is not there stands at nothing.
struct Tally {
    table: &'static str,
    columns: &'static [&'static str],
    /// What reads rows of it.
    standing: Bundle<1>,
    /// What a row without anything holds behind its identifier.
    empty: fn() -> Vec<Value>,
}

const BALANCE: &[&str] = &["id", "posted", "held", "entries"];
const BALANCES: Statement = Statement::read(TEXT, 0, BALANCE, |engine, among| standing("balances", BALANCE, engine, among));
static OF_BALANCES: Tally =
    Tally { table: "balances", columns: BALANCE, standing: Bundle::new([BALANCES]), empty: || vec!["0".into(), "0".into(), 0_i64.into()] };

const COUNTER: &[&str] = &["id", "value", "expires_at"];
const COUNTERS: Statement = Statement::read(TEXT, 0, COUNTER, |engine, among| standing("counters", COUNTER, engine, among));
static OF_COUNTERS: Tally = Tally {
    table: "counters",
    columns: COUNTER,
    standing: Bundle::new([COUNTERS]),
    empty: || vec![Counters::NONE.into(), Value::IntOrNull(None)],
};

/// How rows that are read are locked, in the order of their keys. On SQLite the whole file is.
pub(super) const fn lock(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "",
        DatabaseEngine::Postgres => " ORDER BY id FOR UPDATE",
    }
}

fn versions(table: &Table, engine: DatabaseEngine, among: &str) -> String {
    format!("SELECT id, version FROM {} WHERE id {among}{}", table.name, lock(engine))
}

fn standing(table: &str, columns: &[&str], engine: DatabaseEngine, among: &str) -> String {
    format!("SELECT {} FROM {table} WHERE id {among}{}", columns.join(", "), lock(engine))
}

/// Notes that a batch happens, unless it had happened before: tells whether it was noted. While another transaction of the
/// same batch is still being ended by the database, this waits for it.
pub(super) async fn announce(session: &mut Session, batch: &Arc<str>) -> Result<bool, SqlError> {
    let [announced] = session.together(&ANNOUNCEMENT, [vec![Arc::clone(batch).into()].into()]).await?;
    Ok(announced.changed > 0)
}

impl Scene<'_> {
    /// Notes that the batch happens and, on the same way, loads what its steps touch and is not remembered. With `careful`,
    /// records that are taken to be new are looked for as well.
    pub(super) async fn load(&mut self, steps: &[Prepared], careful: bool) -> Result<World, BatchError> {
        let mut world = World::touched_by(steps, careful);
        self.memory.forget_unless(self.session.data_version()?);
        self.memory.recall(&mut world);
        // Nearly every batch relies on partners and customers, and counts; few touch other records.
        let [partners, customers, others @ ..] = TABLES;
        for table in others {
            let engine = self.session.engine();
            let rows = self.session.fetch_among(|among| versions(table, engine, among), &key_values(table, &world), &[]).await?;
            read_versions(table, &mut world, &rows)?;
        }
        let balances: Vec<Value> =
            world.balances.values().filter(|slot| !slot.known).map(|slot| Value::Text(Arc::clone(&slot.id))).collect();
        let counters: Vec<Value> = world.counters.iter().filter(|(_, slot)| !slot.known).map(|(owner, _)| Value::display(owner)).collect();
        let now = vec![self.now.micros().into()];
        let given = [
            vec![Arc::clone(&self.batch).into()].into(),
            key_values(partners, &world).into(),
            key_values(customers, &world).into(),
            balances.clone().into(),
            counters.clone().into(),
            Given { rows: wanted_free(steps), further: now.clone() },
            Given { rows: self.wanted_claims(&world, steps), further: now },
        ];
        let [announced, of_partners, of_customers, found_balances, found_counters, standing, taken] =
            self.session.together(&BEGINNING, given).await?;
        if announced.changed == 0 {
            return Err(BatchError::Defect("a batch's identifier was used before".into()));
        }
        read_versions(partners, &mut world, &of_partners.rows)?;
        read_versions(customers, &mut world, &of_customers.rows)?;
        read_balances(&mut world, &self.all_of(&OF_BALANCES, balances, found_balances.rows).await?)?;
        read_counters(&mut world, &self.all_of(&OF_COUNTERS, counters, found_counters.rows).await?)?;
        for row in standing.rows {
            world.standing.insert(row.text(0)?.into(), Box::new(read_claim(&row)?));
        }
        if usize::try_from(taken.changed).ok() != Some(world.claims.len()) {
            self.look_who_has_claims(&mut world).await?;
        }
        Ok(world)
    }

    /// The rows of the claims that the batch takes unless somebody has them.
    fn wanted_claims(&self, world: &World, steps: &[Prepared]) -> Vec<Value> {
        let mut rows = Vec::with_capacity(world.claims.len() * CLAIM.len());
        for slot in world.claims.values() {
            let (step, place) = slot.taken_for;
            rows.extend(self.claim_row(&steps[step].claims[place]));
        }
        rows
    }

    /// The rows of some identifiers. Where others write at the same time, what was not found is made, so that there is
    /// something to lock.
    async fn all_of(&mut self, tally: &'static Tally, ids: Vec<Value>, mut found: Vec<Row>) -> Result<Vec<Row>, BatchError> {
        if self.session.engine() == DatabaseEngine::Sqlite || found.len() >= ids.len() {
            return Ok(found);
        }
        let mut missing = Vec::with_capacity(ids.len() - found.len());
        for id in ids {
            if !found.iter().any(|row| row.text(0).is_ok_and(|text| id == Value::from(text))) {
                missing.push(id);
            }
        }
        // As rows are locked.
        missing.sort_unstable_by(|one, other| one.text().cmp(&other.text()));
        let empty = (tally.empty)();
        let rows = missing.iter().flat_map(|id| std::iter::once(id).chain(&empty).cloned()).collect();
        let (table, columns) = (tally.table, tally.columns.join(", "));
        let insert = |rows: &str| format!("INSERT INTO {table} ({columns}) {rows} ON CONFLICT (id) DO NOTHING");
        self.session.write_rows(insert, &Rows::new(tally.columns.len(), rows), &[]).await?;
        let [made] = self.session.together(&tally.standing, [missing.into()]).await?;
        found.extend(made.rows);
        Ok(found)
    }

    /// Looks who has the keys that were not free.
    async fn look_who_has_claims(&mut self, world: &mut World) -> Result<(), BatchError> {
        let ids: Vec<Value> = world.claims.keys().map(|id| Value::Text(Arc::clone(id))).collect();
        let sql = |among: &str| format!("SELECT {} FROM claims WHERE id {among}", CLAIM.join(", "));
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

/// The keys that some step needs to be free, each once.
fn wanted_free(steps: &[Prepared]) -> Vec<Value> {
    let mut ids: Vec<&Arc<str>> = steps.iter().flat_map(|step| &step.must_be_free).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| Value::Text(Arc::clone(id))).collect()
}

/// The records of a table that are not known yet.
fn keys_of<'w>(table: &'static Table, world: &'w World) -> impl Iterator<Item = &'w RecordKey> {
    world.records.iter().filter(move |(key, slot)| !slot.known && table_of(key) == table).map(|(key, _)| key)
}

fn key_values(table: &'static Table, world: &World) -> Vec<Value> {
    keys_of(table, world).map(key_value).collect()
}

fn read_versions(table: &'static Table, world: &mut World, rows: &[Row]) -> Result<(), BatchError> {
    let Some(like) = keys_of(table, world).next().copied() else { return Ok(()) };
    for row in rows {
        let version = row.int(1)?;
        let slot = world.records.entry(read_key(&like, row, 0)?).or_default();
        slot.stored = version;
        slot.current = version;
    }
    Ok(())
}

fn read_balances(world: &mut World, rows: &[Row]) -> Result<(), BatchError> {
    for row in rows {
        let balance = read_balance(row)?;
        if let Some(slot) = world.balances.get_mut(&(balance.account, balance.asset)) {
            slot.posted = balance.posted;
            slot.held = balance.held;
            slot.numbered = balance.entries;
            slot.entries = balance.entries;
        }
    }
    Ok(())
}

fn read_counters(world: &mut World, rows: &[Row]) -> Result<(), BatchError> {
    for row in rows {
        if let Some(slot) = world.counters.get_mut(&row.parse(0)?) {
            slot.counters = Counters::read(row.text(1)?)?;
        }
    }
    Ok(())
}
