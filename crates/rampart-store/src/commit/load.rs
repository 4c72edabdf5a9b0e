//! Taking the locks and claims of a batch, in the one order, and loading what stands behind them.

use std::sync::Arc;

use rampart_core::record::RecordKey;

use super::batch::{BatchFault, Scene};
use super::counters::Counters;
use super::evaluate::World;
use super::prepare::Prepared;
use super::write::{CLAIM, CLAIM_KINDS, assignments};
use crate::read::{read_balance, read_claim};
use crate::sql::{Engine, Kind, Part, Row, Rows, Session, SqlError, Value};
use crate::tables::{TABLES, Table, key_value, read_key, table_of};

/// Notes that a batch happens, unless it had happened before: tells whether it was noted. While another transaction of the
/// same batch is still being ended by the database, this waits for it.
pub(super) async fn announce(session: &mut Session, batch: &Arc<str>) -> Result<bool, SqlError> {
    let asked = [announcement(session.engine(), batch)];
    Ok(session.together(&asked).await?.iter().any(|outcome| outcome.changed > 0))
}

fn announcement(engine: Engine, batch: &Arc<str>) -> Part {
    let sql = |rows: &str| format!("INSERT INTO batches (id) {rows} ON CONFLICT (id) DO NOTHING");
    let row = Rows::of(&[Kind::Text], vec![Arc::clone(batch).into()]);
    Part::write(engine, sql, row, Vec::new())
}

impl Scene<'_> {
    /// Notes that the batch happens and, on the same way, loads what its steps touch and is not remembered. With `careful`,
    /// records that are taken to be new are looked for as well.
    pub(super) async fn load(&mut self, steps: &[Prepared], careful: bool) -> Result<World, BatchFault> {
        let mut world = World::touched_by(steps, careful);
        self.memory.forget_unless(self.session.data_version()?);
        self.memory.recall(&mut world);
        // Nearly every batch relies on partners and customers, and counts; few touch other records.
        let [partners, customers, others @ ..] = TABLES;
        for table in others {
            let (sql, keys) = (self.versions(table), key_values(table, &world));
            let rows = self.session.fetch_among(sql, &keys, &[]).await?;
            read_versions(table, &mut world, &rows)?;
        }
        let balances: Vec<Value> =
            world.balances.values().filter(|slot| !slot.known).map(|slot| Value::Text(Arc::clone(&slot.id))).collect();
        let counters: Vec<Value> = world.counters.iter().filter(|(_, slot)| !slot.known).map(|(owner, _)| Value::display(owner)).collect();
        let asked = [
            announcement(self.session.engine(), &self.batch),
            self.records(partners, KEYS_OF_PARTNERS, &world),
            self.records(customers, KEYS_OF_CUSTOMERS, &world),
            self.standing(&BALANCES, balances.clone()),
            self.standing(&COUNTERS, counters.clone()),
            self.standing_claims(steps),
            self.taken_claims(&world, steps),
        ];
        let [announced, of_partners, of_customers, found_balances, found_counters, standing, taken] =
            self.session.together(&asked).await?.try_into().map_err(short)?;
        if announced.changed == 0 {
            return Err(BatchFault::Defect("a batch's identifier was used before".into()));
        }
        read_versions(partners, &mut world, &of_partners.rows)?;
        read_versions(customers, &mut world, &of_customers.rows)?;
        read_balances(&mut world, &self.all_of(&BALANCES, balances, found_balances.rows).await?)?;
        read_counters(&mut world, &self.all_of(&COUNTERS, counters, found_counters.rows).await?)?;
        for row in standing.rows {
            world.standing.insert(row.text(0)?.into(), Box::new(read_claim(&row)?));
        }
        if usize::try_from(taken.changed).ok() != Some(world.claims.len()) {
            self.look_who_has_claims(&mut world).await?;
        }
        Ok(world)
    }

    /// The versions of a table's records.
    fn records(&self, table: &'static Table, kinds: &'static [Kind], world: &World) -> Part {
        let keys = Rows::of(kinds, key_values(table, world));
        Part::read(self.session.engine(), self.versions(table), &["id", "version"], keys, Vec::new())
    }

    fn versions(&self, table: &'static Table) -> impl Fn(&str) -> String + use<> {
        let lock = self.lock();
        move |among| format!("SELECT id, version FROM {} WHERE id {among}{lock}", table.name)
    }

    /// How rows that are read are locked, in the order of their keys. On SQLite the whole file is.
    const fn lock(&self) -> &'static str {
        match self.session.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " ORDER BY id FOR UPDATE",
        }
    }

    /// Rows of what is counted.
    fn standing(&self, tally: &Tally, ids: Vec<Value>) -> Part {
        let (columns, table, lock) = (tally.columns.join(", "), tally.table, self.lock());
        let sql = |among: &str| format!("SELECT {columns} FROM {table} WHERE id {among}{lock}");
        Part::read(self.session.engine(), sql, tally.columns, Rows::of(TEXT, ids), Vec::new())
    }

    /// Read before the batch takes its own, which its steps know. Nothing is locked: what another node is taking at this
    /// very moment is not seen.
    fn standing_claims(&self, steps: &[Prepared]) -> Part {
        let mut ids: Vec<&Arc<str>> = steps.iter().flat_map(|step| &step.must_be_free).collect();
        ids.sort_unstable();
        ids.dedup();
        let ids = ids.into_iter().map(|id| Value::Text(Arc::clone(id))).collect();
        let columns = CLAIM.join(", ");
        let sql = |among: &str| format!("SELECT {columns} FROM claims WHERE id {among} AND (expires_at IS NULL OR expires_at > $2)");
        Part::read(self.session.engine(), sql, &CLAIM, Rows::of(TEXT, ids), vec![self.now.micros().into()])
    }

    /// Takes every key that is free, or whose claim has expired.
    fn taken_claims(&self, world: &World, steps: &[Prepared]) -> Part {
        let mut rows = Vec::with_capacity(world.claims.len() * CLAIM.len());
        for slot in world.claims.values() {
            let (step, place) = slot.taken_for;
            rows.extend(self.claim_row(&steps[step].claims[place]));
        }
        let (columns, set) = (CLAIM.join(", "), assignments(&CLAIM[1..]));
        let sql = |rows: &str| {
            format!("INSERT INTO claims ({columns}) {rows} ON CONFLICT (id) DO UPDATE SET {set} WHERE claims.expires_at <= $7")
        };
        Part::write(self.session.engine(), sql, Rows::of(CLAIM_KINDS, rows), vec![self.now.micros().into()])
    }

    /// The rows of some identifiers. Where others write at the same time, what was not found is made, so that there is
    /// something to lock.
    async fn all_of(&mut self, tally: &Tally, ids: Vec<Value>, mut found: Vec<Row>) -> Result<Vec<Row>, BatchFault> {
        if self.session.engine() == Engine::Sqlite || found.len() >= ids.len() {
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
        let asked = [self.standing(tally, missing)];
        found.extend(self.session.together(&asked).await?.into_iter().flat_map(|outcome| outcome.rows));
        Ok(found)
    }

    /// Looks who has the keys that were not free.
    async fn look_who_has_claims(&mut self, world: &mut World) -> Result<(), BatchFault> {
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

const TEXT: &[Kind] = &[Kind::Text];
const KEYS_OF_PARTNERS: &[Kind] = TEXT;
const KEYS_OF_CUSTOMERS: &[Kind] = &[Kind::Int];

/// A table of what is counted: a row that is not there stands at nothing.
struct Tally {
    table: &'static str,
    columns: &'static [&'static str],
    /// What a row without anything holds behind its identifier.
    empty: fn() -> Vec<Value>,
}

const BALANCES: Tally =
    Tally { table: "balances", columns: &["id", "posted", "held", "entries"], empty: || vec!["0".into(), "0".into(), 0_i64.into()] };

const COUNTERS: Tally =
    Tally { table: "counters", columns: &["id", "value", "expires_at"], empty: || vec![Counters::NONE.into(), Value::IntOrNull(None)] };

fn short<T>(_: T) -> BatchFault {
    BatchFault::Defect("a statement told of other parts than it has".into())
}

/// The records of a table that are not known yet.
fn keys_of<'w>(table: &'static Table, world: &'w World) -> impl Iterator<Item = &'w RecordKey> {
    world.records.iter().filter(move |(key, slot)| !slot.known && table_of(key) == table).map(|(key, _)| key)
}

fn key_values(table: &'static Table, world: &World) -> Vec<Value> {
    keys_of(table, world).map(key_value).collect()
}

fn read_versions(table: &'static Table, world: &mut World, rows: &[Row]) -> Result<(), BatchFault> {
    let Some(like) = keys_of(table, world).next().copied() else { return Ok(()) };
    for row in rows {
        let version = row.int(1)?;
        let slot = world.records.entry(read_key(&like, row, 0)?).or_default();
        slot.stored = version;
        slot.current = version;
    }
    Ok(())
}

fn read_balances(world: &mut World, rows: &[Row]) -> Result<(), BatchFault> {
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

fn read_counters(world: &mut World, rows: &[Row]) -> Result<(), BatchFault> {
    for row in rows {
        if let Some(slot) = world.counters.get_mut(&row.parse(0)?) {
            slot.counters = Counters::read(row.text(1)?)?;
        }
    }
    Ok(())
}
