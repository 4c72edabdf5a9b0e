//! What the writer remembers of the batches before, so that a busy one does not read back what was just written.
//!
//! On SQLite only: one connection writes nearly everything there, and the file tells whether another one has written since.
//! On PostgreSQL rows have to be read to be locked.

use std::collections::HashMap;

use rampart_core::amount::Amount;
use rampart_core::counter::CounterOwner;
use rampart_core::record::RecordKey;

use super::counters::Counters;
use super::evaluate::BatchState;
use super::prepare::BalanceKey;

/// How many rows of a kind are remembered. With more, all of that kind are forgotten, and those in use come back.
const MAX_CACHED_ROWS: usize = 16_384;

/// How a balance stands.
struct CachedBalance {
    posted: Amount,
    held: Amount,
    entries: i64,
}

/// Rows as the batches before left them. Empty after an attempt that was not brought to its end.
#[derive(Default)]
pub(super) struct WriterCache {
    /// The state of the file that this is about, as its connection counts the changes of others.
    data_version: Option<i64>,
    /// The versions of partners and customers.
    versions: HashMap<RecordKey, i64>,
    counters: HashMap<CounterOwner, Counters>,
    balances: HashMap<BalanceKey, CachedBalance>,
}

impl WriterCache {
    /// Forgets everything unless it is about this state of the file, which a transaction has seen.
    pub(super) fn invalidate_unless(&mut self, data_version: Option<i64>) {
        if self.data_version != data_version {
            *self = Self { data_version, ..Self::default() };
        }
    }

    /// Puts what is known into a world that nothing was loaded into yet. Counters leave the memory until [`WriterCache::update`].
    pub(super) fn load_into(&mut self, state: &mut BatchState) {
        for (key, slot) in &mut state.records {
            if let Some(version) = self.versions.get(key) {
                (slot.stored, slot.current, slot.cached) = (*version, *version, true);
            }
        }
        for (owner, slot) in &mut state.counters {
            if let Some(counters) = self.counters.remove(owner) {
                (slot.counters, slot.cached) = (counters, true);
            }
        }
        for (key, slot) in &mut state.balances {
            if let Some(balance) = self.balances.get(key) {
                (slot.posted, slot.held, slot.cached) = (balance.posted, balance.held, true);
                (slot.last_entry_number, slot.entries) = (balance.entries, balance.entries);
            }
        }
    }

    /// Remembers a world that was committed, or in which nothing was changed; nothing where no state of a file is told.
    pub(super) fn update(mut self, state: BatchState) -> Self {
        if self.data_version.is_none() {
            return self;
        }
        for (key, slot) in state.records.iter().filter(|(key, _)| matches!(key, RecordKey::Partner(_) | RecordKey::Customer(_))) {
            match slot.current {
                0 => drop(self.versions.remove(key)),
                version => drop(self.versions.insert(*key, version)),
            }
        }
        self.counters.extend(state.counters.into_iter().map(|(owner, slot)| (owner, slot.counters)));
        self.balances.extend(state.balances.into_iter().map(|(key, slot)| {
            let balance = CachedBalance { posted: slot.posted, held: slot.held, entries: slot.entries };
            (key, balance)
        }));
        limit(&mut self.versions);
        limit(&mut self.counters);
        limit(&mut self.balances);
        self
    }
}

fn limit<K, V>(rows: &mut HashMap<K, V>) {
    if rows.len() > MAX_CACHED_ROWS {
        rows.clear();
    }
}
