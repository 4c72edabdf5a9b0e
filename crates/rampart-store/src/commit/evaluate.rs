//! Decides in memory which steps of a batch are accepted: in order of arrival, each against the state that the accepted steps before
//! it left.
//!
//! There is no IO here: [`BatchState`] is loaded under lock or from the cache, changed here, and written afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::ledger::{Account, Origin};
use rampart_core::money::amount::{Amount, Overflow};
use rampart_core::step::CounterChange;
use rampart_core::step::counter::CounterOwner;
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;

use super::prepare::{BalanceKey, Prepared};
use crate::counters::Counters;
use crate::error::{CommitError, StoredClaim};

/// The rows that the batch touches, as they stand at this point of the evaluation.
#[derive(Default)]
pub(super) struct BatchState {
    pub(super) records: BTreeMap<RecordKey, RecordSlot>,
    pub(super) claims: BTreeMap<Arc<str>, ClaimSlot>,
    /// Claims from outside the batch on keys that a step requires to be free.
    pub(super) existing_claims: BTreeMap<Arc<str>, Box<StoredClaim>>,
    pub(super) balances: BTreeMap<BalanceKey, BalanceSlot>,
    pub(super) counters: BTreeMap<CounterOwner, CounterSlot>,
    /// Balances that are or were below their floor. True when a fact of this batch lowered them.
    pub(super) alarms: BTreeMap<BalanceKey, bool>,
}

/// A record: its stored version (0 when it does not exist), its version now, and its change.
#[derive(Default)]
pub(super) struct RecordSlot {
    pub(super) stored: i64,
    pub(super) current: i64,
    pub(super) change: Option<Change>,
    /// The version comes from the cache and need not be loaded.
    pub(super) cached: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Replaced by this write of this step.
    Write {
        step: usize,
        write: usize,
    },
    Remove,
}

pub(super) struct ClaimSlot {
    /// The step and claim whose row the batch inserted to take the key.
    pub(super) inserted_for: (usize, usize),
    /// The claim from outside the batch that holds the key.
    pub(super) foreign: Option<Box<StoredClaim>>,
    /// The accepted step and the claim of it that own the key.
    pub(super) owner: Option<(usize, usize)>,
}

pub(super) struct BalanceSlot {
    pub(super) id: Arc<str>,
    pub(super) posted: Amount,
    pub(super) held: Amount,
    /// The number of the last entry that is written.
    pub(super) last_entry_number: i64,
    /// The number of entries after the accepted steps.
    pub(super) entries: i64,
    pub(super) dirty: bool,
    /// It comes from the cache and need not be loaded.
    pub(super) cached: bool,
}

impl BalanceSlot {
    pub(super) fn new(id: Arc<str>) -> Self {
        Self { id, posted: Amount::ZERO, held: Amount::ZERO, last_entry_number: 0, entries: 0, dirty: false, cached: false }
    }
}

#[derive(Default)]
pub(super) struct CounterSlot {
    pub(super) counters: Counters,
    pub(super) dirty: bool,
    /// They come from the cache and need not be loaded.
    pub(super) cached: bool,
}

/// A change of a counter by one step, and the counter's new value.
type CounterValue<'s> = (&'s CounterChange, Amount);

/// The effect of one step on one balance: its new sums and how they came about.
struct BalanceChange {
    balance: BalanceKey,
    posted: Amount,
    held: Amount,
    entries: i64,
    /// The effect of the step's requests on the available amount.
    by_request: Amount,
    /// The effect of the step's facts on the available amount.
    by_fact: Amount,
}

fn overflow(_: Overflow) -> CommitError {
    CommitError::Defect("an amount is too large".into())
}

fn missing(what: &str) -> CommitError {
    CommitError::Defect(format!("{what} of the step was not loaded"))
}

impl BatchState {
    /// Every row that the steps touch, not loaded yet. With `verify_new` this includes records that are assumed to be new.
    pub(super) fn for_steps(steps: &[Prepared], verify_new: bool) -> Self {
        let mut state = Self::default();
        for (index, step) in steps.iter().enumerate() {
            for (key, _) in step.relied.iter().chain(&step.removals) {
                state.records.entry(*key).or_default();
            }
            for write in step.writes.iter().filter(|write| verify_new || write.version != 0) {
                state.records.entry(write.key).or_default();
            }
            for entry in step.postings.iter().flat_map(|posting| &posting.entries) {
                state.balances.entry(entry.balance).or_insert_with(|| BalanceSlot::new(Arc::clone(&entry.balance_id)));
            }
            for hold in &step.holds {
                state.balances.entry(hold.balance).or_insert_with(|| BalanceSlot::new(Arc::clone(&hold.balance_id)));
            }
            for (balance, id) in step.own.iter().flat_map(|own| &own.balances) {
                state.balances.entry(*balance).or_insert_with(|| BalanceSlot::new(Arc::clone(id)));
            }
            for raise in &step.raises {
                state.counters.entry(raise.counter.owner).or_default();
            }
            for (place, claim) in step.claims.iter().enumerate() {
                let slot = || ClaimSlot { inserted_for: (index, place), foreign: None, owner: None };
                state.claims.entry(Arc::clone(&claim.id)).or_insert_with(slot);
            }
        }
        state
    }

    /// Evaluates one step and applies it if it is accepted. A refused step changes nothing.
    pub(super) fn evaluate(&mut self, steps: &[Prepared], index: usize) -> Result<(), CommitError> {
        let step = &steps[index];
        for claim in &step.claims {
            let slot = self.claims.get(&claim.id).ok_or_else(|| missing("a claim"))?;
            if let Some(foreign) = &slot.foreign {
                return Err(CommitError::AlreadyClaimed(foreign.clone()));
            }
            if let Some((owner, place)) = slot.owner {
                return Err(CommitError::AlreadyClaimed(Box::new(steps[owner].claims[place].stored())));
            }
        }
        for id in &step.must_be_free {
            if let Some(taken) = self.claim_owner(steps, id) {
                return Err(CommitError::AlreadyClaimed(taken));
            }
        }
        let decided_on = step.relied.iter().chain(&step.removals).map(|(key, version)| (key, *version));
        for (key, version) in decided_on.chain(step.writes.iter().map(|write| (&write.key, write.version))) {
            // A record that was not loaded is assumed to be new. If it exists, its insertion fails.
            if self.records.get(key).map_or(0, |slot| slot.current) != version {
                return Err(CommitError::Conflict(*key));
            }
        }
        let counters = self.counter_values(step)?;
        let changes = self.balance_changes(step)?;
        self.check_own_funds(step, &changes)?;

        for (raise, value) in counters {
            if let Some(slot) = self.counters.get_mut(&raise.counter.owner) {
                slot.counters.set(&raise.counter.what, value, raise.expires_at.map(Timestamp::micros));
                slot.dirty = true;
            }
        }
        for change in changes {
            let slot = self.balances.get_mut(&change.balance).ok_or_else(|| missing("a balance"))?;
            let before = slot.posted.minus(slot.held).map_err(overflow)?;
            let available = change.posted.minus(change.held).map_err(overflow)?;
            slot.posted = change.posted;
            slot.held = change.held;
            slot.entries += change.entries;
            slot.dirty = true;
            let is_lowered = change.by_fact.is_negative() && available.is_negative();
            if change.balance.0.has_floor() && (is_lowered || before.is_negative()) {
                *self.alarms.entry(change.balance).or_default() |= is_lowered;
            }
        }
        for (place, claim) in step.claims.iter().enumerate() {
            if let Some(slot) = self.claims.get_mut(&claim.id) {
                slot.owner = Some((index, place));
            }
        }
        for (place, write) in step.writes.iter().enumerate() {
            let slot = self.records.entry(write.key).or_default();
            slot.current = write.version + 1;
            slot.change = Some(Change::Write { step: index, write: place });
        }
        for (key, _) in &step.removals {
            let slot = self.records.entry(*key).or_default();
            slot.current = 0;
            slot.change = Some(Change::Remove);
        }
        Ok(())
    }

    /// The claim that holds a key, from before this batch or of an accepted step.
    fn claim_owner(&self, steps: &[Prepared], id: &Arc<str>) -> Option<Box<StoredClaim>> {
        if let Some(existing) = self.existing_claims.get(id) {
            return Some(existing.clone());
        }
        let slot = self.claims.get(id)?;
        slot.foreign.clone().or_else(|| slot.owner.map(|(owner, place)| Box::new(steps[owner].claims[place].stored())))
    }

    /// The new counter values after the step's raises, each counter once, in the step's order.
    fn counter_values<'s>(&self, step: &'s Prepared) -> Result<Vec<CounterValue<'s>>, CommitError> {
        let mut values: Vec<CounterValue<'s>> = Vec::with_capacity(step.raises.len());
        for raise in &step.raises {
            let place = values.iter().position(|(earlier, _)| earlier.counter == raise.counter);
            let before = match place {
                Some(place) => values[place].1,
                None => {
                    let slot = self.counters.get(&raise.counter.owner).ok_or_else(|| missing("a counter"))?;
                    slot.counters.value(&raise.counter.what)
                }
            };
            // More may be given back than was taken, when limits were reconfigured in between.
            let value = before.plus(raise.by).map_err(overflow)?.max(Amount::ZERO);
            if raise.by.is_positive() && raise.ceiling.is_some_and(|ceiling| value > ceiling) {
                return Err(CommitError::OverCeiling { counter: raise.counter.clone() });
            }
            match place {
                Some(place) => values[place] = (raise, value),
                None => values.push((raise, value)),
            }
        }
        Ok(values)
    }

    /// The balance changes by the step's postings and holds. Floors bind requests and never facts: a step is refused when its
    /// requests lower the available amount and leave it below zero.
    fn balance_changes(&self, step: &Prepared) -> Result<Vec<BalanceChange>, CommitError> {
        let mut changes: Vec<BalanceChange> = Vec::with_capacity(step.holds.len() + step.postings.len() * 2);
        for posting in &step.postings {
            for entry in &posting.entries {
                let change = self.change(&mut changes, entry.balance)?;
                change.posted = change.posted.plus(entry.effect).map_err(overflow)?;
                change.entries += 1;
                change.add_effect(posting.origin, entry.effect)?;
            }
        }
        for hold in &step.holds {
            let change = self.change(&mut changes, hold.balance)?;
            change.held = change.held.plus(hold.change).map_err(overflow)?;
            change.add_effect(hold.origin, hold.change.negated())?;
        }
        for change in &changes {
            let available = change.posted.minus(change.held).map_err(overflow)?;
            let (account, asset) = change.balance;
            if change.by_request.is_negative() && available.is_negative() && account.has_floor() {
                return Err(CommitError::InsufficientFunds { account, asset });
            }
        }
        Ok(changes)
    }

    /// Refuses a step by which the company would withdraw more than its own funds.
    fn check_own_funds(&self, step: &Prepared, changes: &[BalanceChange]) -> Result<(), CommitError> {
        for own in &step.own {
            let (mut before, mut after) = (Amount::ZERO, Amount::ZERO);
            for (balance, _) in &own.balances {
                let slot = self.balances.get(balance).ok_or_else(|| missing("a balance"))?;
                let moved = changes.iter().find(|change| change.balance == *balance);
                let (posted, held) = moved.map_or((slot.posted, slot.held), |change| (change.posted, change.held));
                before = balance.0.adds_to_own(slot.posted, slot.held, before).map_err(overflow)?;
                after = balance.0.adds_to_own(posted, held, after).map_err(overflow)?;
            }
            if after.is_negative() && after < before {
                return Err(CommitError::InsufficientFunds { account: Account::Capital, asset: own.asset });
            }
        }
        Ok(())
    }

    fn change<'a>(&self, changes: &'a mut Vec<BalanceChange>, balance: BalanceKey) -> Result<&'a mut BalanceChange, CommitError> {
        let place = match changes.iter().position(|change| change.balance == balance) {
            Some(place) => place,
            None => {
                let slot = self.balances.get(&balance).ok_or_else(|| missing("a balance"))?;
                changes.push(BalanceChange {
                    balance,
                    posted: slot.posted,
                    held: slot.held,
                    entries: 0,
                    by_request: Amount::ZERO,
                    by_fact: Amount::ZERO,
                });
                changes.len() - 1
            }
        };
        Ok(&mut changes[place])
    }
}

impl BalanceChange {
    fn add_effect(&mut self, origin: Origin, effect: Amount) -> Result<(), CommitError> {
        let sum = match origin {
            Origin::Request => &mut self.by_request,
            Origin::Fact => &mut self.by_fact,
        };
        *sum = sum.plus(effect).map_err(overflow)?;
        Ok(())
    }
}
