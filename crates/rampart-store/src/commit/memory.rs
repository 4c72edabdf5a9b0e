//! What the writer remembers of the batches before, so that a busy one does not read back what was just written.
//!
//! On SQLite only: one connection writes nearly everything there, and the file tells whether another one has written since.
//! On PostgreSQL rows have to be read to be locked.

use std::collections::HashMap;

use rampart_core::amount::Amount;
use rampart_core::counter::CounterOwner;
use rampart_core::record::RecordKey;

use super::counters::Counters;
use super::evaluate::World;
use super::prepare::BalanceKey;

/// How many rows of a kind are remembered. With more, all of that kind are forgotten, and those in use come back.
const MOST: usize = 16_384;

/// How a balance stands.
struct Balance {
    posted: Amount,
    held: Amount,
    entries: i64,
}

/// Rows as the batches before left them. Empty after an attempt that was not brought to its end.
#[derive(Default)]
pub(super) struct Memory {
    /// The state of the file that this is about, as its connection counts the changes of others.
    data_version: Option<i64>,
    /// The versions of partners and customers.
    versions: HashMap<RecordKey, i64>,
    counters: HashMap<CounterOwner, Counters>,
    balances: HashMap<BalanceKey, Balance>,
}

impl Memory {
    /// Forgets everything unless it is about this state of the file, which a transaction has seen.
    pub(super) fn forget_unless(&mut self, data_version: Option<i64>) {
        if self.data_version != data_version {
            *self = Self { data_version, ..Self::default() };
        }
    }

    /// Puts what is known into a world that nothing was loaded into yet. Counters leave the memory until [`Memory::keep`].
    pub(super) fn recall(&mut self, world: &mut World) {
        for (key, slot) in &mut world.records {
            if let Some(version) = self.versions.get(key) {
                (slot.stored, slot.current, slot.known) = (*version, *version, true);
            }
        }
        for (owner, slot) in &mut world.counters {
            if let Some(counters) = self.counters.remove(owner) {
                (slot.counters, slot.known) = (counters, true);
            }
        }
        for (key, slot) in &mut world.balances {
            if let Some(balance) = self.balances.get(key) {
                (slot.posted, slot.held, slot.known) = (balance.posted, balance.held, true);
                (slot.numbered, slot.entries) = (balance.entries, balance.entries);
            }
        }
    }

    /// Remembers a world that was committed, or in which nothing was changed; nothing where no state of a file is told.
    pub(super) fn keep(mut self, world: World) -> Self {
        if self.data_version.is_none() {
            return self;
        }
        for (key, slot) in world.records.iter().filter(|(key, _)| matches!(key, RecordKey::Partner(_) | RecordKey::Customer(_))) {
            match slot.current {
                0 => drop(self.versions.remove(key)),
                version => drop(self.versions.insert(*key, version)),
            }
        }
        self.counters.extend(world.counters.into_iter().map(|(owner, slot)| (owner, slot.counters)));
        self.balances.extend(world.balances.into_iter().map(|(key, slot)| {
            let balance = Balance { posted: slot.posted, held: slot.held, entries: slot.entries };
            (key, balance)
        }));
        bound(&mut self.versions);
        bound(&mut self.counters);
        bound(&mut self.balances);
        self
    }
}

fn bound<K, V>(rows: &mut HashMap<K, V>) {
    if rows.len() > MOST {
        rows.clear();
    }
}
