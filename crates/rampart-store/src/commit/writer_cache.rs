//! A cache of the rows that earlier batches wrote, so that a busy writer does not read them back.
//!
//! On SQLite only: one connection writes nearly everything there, and `PRAGMA data_version` reveals writes of others. On PostgreSQL
//! rows must be read in order to lock them.

use std::collections::HashMap;

use rampart_core::money::amount::Amount;
use rampart_core::step::counter::CounterOwner;
use rampart_core::step::record::RecordKey;

use super::evaluate::BatchState;
use super::prepare::BalanceKey;
use crate::counters::Counters;

/// Rows cached per kind. Beyond this all rows of the kind are dropped, and those in use are cached again.
const MAX_CACHED_ROWS: usize = 16_384;

struct CachedBalance {
    posted: Amount,
    held: Amount,
    entries: i64,
}

/// Rows as the previous batches left them. Empty after a failed attempt.
#[derive(Default)]
pub(super) struct WriterCache {
    /// The `data_version` of the file that the rows belong to.
    data_version: Option<i64>,
    versions: HashMap<RecordKey, i64>,
    counters: HashMap<CounterOwner, Counters>,
    balances: HashMap<BalanceKey, CachedBalance>,
}

impl WriterCache {
    /// Drops all rows unless they belong to this `data_version`, as read inside the transaction.
    pub(super) fn invalidate_unless(&mut self, data_version: Option<i64>) {
        if self.data_version != data_version {
            *self = Self { data_version, ..Self::default() };
        }
    }

    /// Copies cached rows into a state that is not loaded yet. Counters are moved out of the cache until [`WriterCache::update`].
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

    /// Keeps the rows of a committed batch, or of one that changed nothing. No-op on PostgreSQL, which has no `data_version`.
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
