//! Limits the slots of each receiver, so that none is served at the cost of others: a partner has a share of all slots, and its receivers
//! that are slow, failing or unknown have a small part of that share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hashlink::LruCache;
use parking_lot::Mutex;
use rampart_core::id::{PartnerId, SubscriptionId};
use rampart_core::partner::webhook::Subscription;
use rampart_core::time::Timestamp;

/// A receiver with this many failures in a row counts as not answering.
const DEAD_AFTER_FAILURES: u32 = 3;
/// The longest pause for a receiver that asks for less without saying how long.
const MAX_BACKOFF: Duration = Duration::from_secs(120);
/// How often the waiting deliveries of a paused receiver are searched for overdue ones.
const SWEEP_INTERVAL: Duration = Duration::from_secs(600);
const CACHE_ENTRIES: usize = 16_384;

/// The result of an attempt as it counts for the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptRating {
    Good,
    /// Delivered late, or not at all.
    Bad,
    /// The receiver asks for less: nothing is sent for at least this long (business time).
    Overloaded(Duration),
}

/// The past results of a receiver.
#[derive(Debug, Clone, Copy)]
struct ReceiverHistory {
    /// When the URL was set; another URL counts as another receiver.
    since: Timestamp,
    /// The most slots it may have at once; grows and shrinks with results.
    window: usize,
    failures: u32,
    /// Nothing is sent to it before this time (business time).
    paused_until: Timestamp,
    /// When its waiting deliveries were last searched for overdue ones (business time).
    swept_at: Timestamp,
}

/// The slots that a receiver has now.
#[derive(Debug, Clone, Copy)]
struct SlotsInUse {
    partner: PartnerId,
    slots: usize,
    reputation: Reputation,
}

/// What to expect of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reputation {
    Fast,
    /// Not enough deliveries in time yet.
    Unproven,
    /// Its last delivery was late or failed.
    Failing,
}

/// How the slots are divided.
#[derive(Debug, Clone, Copy)]
struct SlotLimits {
    total: usize,
    /// The most slots of one partner, and of any receiver. It may be exceeded only while less than half of all slots are in use.
    per_partner: usize,
    /// The slots a receiver begins with, and the most that one partner's receivers not known to be fast have together.
    trial: usize,
    /// The most slots of all receivers that are not known to be fast.
    not_fast: usize,
    /// The most slots of all failing receivers, so that a new receiver is tried soon.
    failing: usize,
}

struct ReceiverTable {
    histories: LruCache<SubscriptionId, ReceiverHistory>,
    /// At most as many entries as slots.
    in_use: HashMap<SubscriptionId, SlotsInUse>,
}

/// All receivers, shared by the deliveries of this process.
#[derive(Clone)]
pub(super) struct Receivers {
    table: Arc<Mutex<ReceiverTable>>,
    limits: SlotLimits,
}

/// A slot that a receiver has; released on drop.
pub(super) struct DeliverySlot {
    receivers: Receivers,
    id: SubscriptionId,
}

impl Drop for DeliverySlot {
    fn drop(&mut self) {
        let mut table = self.receivers.table.lock();
        if let Some(in_use) = table.in_use.get_mut(&self.id) {
            in_use.slots = in_use.slots.saturating_sub(1);
            if in_use.slots == 0 {
                table.in_use.remove(&self.id);
            }
        }
    }
}

impl SlotLimits {
    fn of(total: usize) -> Self {
        let part = |parts: usize| (total / parts).max(1);
        Self { total: total.max(1), per_partner: part(4), trial: part(16), not_fast: part(2), failing: part(4) }
    }
}

impl ReceiverTable {
    /// The history of a receiver, or the initial one.
    fn history(&mut self, receiver: &Subscription, limits: SlotLimits) -> ReceiverHistory {
        let since = receiver.updated_at;
        let stored = self.histories.get(&receiver.id).copied().filter(|history| history.since == since);
        let long_ago = Timestamp::default();
        stored.unwrap_or(ReceiverHistory { since, window: limits.trial, failures: 0, paused_until: long_ago, swept_at: long_ago })
    }

    fn free_slots(&mut self, receiver: &Subscription, limits: SlotLimits, now: Timestamp) -> usize {
        let history = self.history(receiver, limits);
        if history.paused_until > now {
            return 0;
        }
        let sum = |which: &dyn Fn(&SlotsInUse) -> bool| {
            self.in_use.values().filter(|in_use| which(in_use)).map(|in_use| in_use.slots).sum::<usize>()
        };
        let mine = self.in_use.get(&receiver.id).map_or(0, |in_use| in_use.slots);
        let of_same_partner = |in_use: &SlotsInUse| in_use.partner == receiver.partner;
        let total = sum(&|_| true);
        let free_slots = history.window.saturating_sub(mine).min(limits.total.saturating_sub(total));
        let reputation = history.reputation(limits);
        if reputation == Reputation::Fast {
            let idle = (limits.total / 2).saturating_sub(total);
            return free_slots.min(limits.per_partner.saturating_sub(sum(&of_same_partner)).max(idle));
        }
        let not_fast_of_partner = sum(&|in_use| of_same_partner(in_use) && in_use.reputation != Reputation::Fast);
        let of_all = sum(&|in_use| in_use.reputation != Reputation::Fast);
        let free_slots = free_slots.min(limits.trial.saturating_sub(not_fast_of_partner)).min(limits.not_fast.saturating_sub(of_all));
        if reputation == Reputation::Unproven {
            return free_slots;
        }
        free_slots.min(limits.failing.saturating_sub(sum(&|in_use| in_use.reputation == Reputation::Failing)))
    }
}

impl ReceiverHistory {
    const fn reputation(&self, limits: SlotLimits) -> Reputation {
        match self {
            Self { failures: 1.., .. } => Reputation::Failing,
            Self { window, .. } if *window <= limits.trial => Reputation::Unproven,
            _ => Reputation::Fast,
        }
    }
}

impl Receivers {
    /// `slots` is the number for all receivers together.
    pub(super) fn new(slots: usize) -> Self {
        let table = ReceiverTable { histories: LruCache::new(CACHE_ENTRIES), in_use: HashMap::new() };
        Self { table: Arc::new(Mutex::new(table)), limits: SlotLimits::of(slots) }
    }

    /// How many deliveries to a receiver may start now (business time).
    pub(super) fn free_slots(&self, receiver: &Subscription, now: Timestamp) -> usize {
        self.table.lock().free_slots(receiver, self.limits, now)
    }

    /// Takes a slot for a delivery to a receiver, if one may start now (business time).
    pub(super) fn admit(&self, receiver: &Subscription, now: Timestamp) -> Option<DeliverySlot> {
        let mut table = self.table.lock();
        if table.free_slots(receiver, self.limits, now) == 0 {
            return None;
        }
        let reputation = table.history(receiver, self.limits).reputation(self.limits);
        let in_use = table.in_use.entry(receiver.id).or_insert(SlotsInUse { partner: receiver.partner, slots: 0, reputation });
        in_use.slots += 1;
        drop(table);
        Some(DeliverySlot { receivers: self.clone(), id: receiver.id })
    }

    /// Records the result of an attempt (business time).
    pub(super) fn record(&self, receiver: &Subscription, rating: AttemptRating, now: Timestamp) {
        let limits = self.limits;
        let mut table = self.table.lock();
        let mut history = table.history(receiver, limits);
        match rating {
            AttemptRating::Good => {
                history.failures = 0;
                history.window = (history.window + 1).min(limits.per_partner.max(limits.trial + 1));
            }
            AttemptRating::Bad => {
                history.failures = history.failures.saturating_add(1);
                history.window = if history.failures < DEAD_AFTER_FAILURES { (history.window / 2).max(1) } else { 1 };
            }
            AttemptRating::Overloaded(at_least) => {
                history.failures = history.failures.saturating_add(1);
                history.window = 1;
                let backoff = Duration::from_secs(1 << history.failures.min(10)).min(MAX_BACKOFF).max(at_least);
                history.paused_until = history.paused_until.max(now.after(backoff));
            }
        }
        table.histories.insert(receiver.id, history);
        if let Some(in_use) = table.in_use.get_mut(&receiver.id) {
            in_use.reputation = history.reputation(limits);
        }
    }

    pub(super) fn reputation(&self, receiver: &Subscription) -> Reputation {
        self.table.lock().history(receiver, self.limits).reputation(self.limits)
    }

    /// Whether a receiver has failed [`DEAD_AFTER_FAILURES`] times in a row.
    pub(super) fn is_dead(&self, receiver: &Subscription) -> bool {
        self.table.lock().history(receiver, self.limits).failures >= DEAD_AFTER_FAILURES
    }

    /// Whether to search the waiting deliveries of a paused receiver now; at most once per [`SWEEP_INTERVAL`] (business time).
    pub(super) fn take_sweep_turn(&self, receiver: &Subscription, now: Timestamp) -> bool {
        let mut table = self.table.lock();
        let mut history = table.history(receiver, self.limits);
        if history.paused_until <= now || history.swept_at.after(SWEEP_INTERVAL) > now {
            return false;
        }
        history.swept_at = now;
        table.histories.insert(receiver.id, history);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;
    use rampart_core::id::Mint;
    use rampart_core::partner::event::SubscriptionType;

    struct SequentialRandomness(AtomicU16);
    impl rampart_core::id::Randomness for SequentialRandomness {
        fn fill(&self, bytes: &mut [u8]) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, of)| *byte = *of);
        }
    }

    struct Fixture {
        mint: SequentialRandomness,
        receivers: Receivers,
        now: Timestamp,
    }

    impl Fixture {
        fn new(slots: usize) -> Self {
            Self { mint: SequentialRandomness(AtomicU16::new(0)), receivers: Receivers::new(slots), now: Timestamp::from_micros(1_000_000) }
        }

        fn partner(&self, receivers: usize) -> Vec<Subscription> {
            let mint = Mint { now: self.now, randomness: &self.mint };
            let partner = mint.id();
            (0..receivers).map(|_| Subscription::new(&mint, partner, SubscriptionType::PayIn, "https://example.com".to_owned())).collect()
        }

        /// Takes as many slots as these receivers can get, in turn.
        fn fill(&self, receivers: &[Subscription]) -> Vec<DeliverySlot> {
            let mut slots = Vec::new();
            loop {
                let before = slots.len();
                slots.extend(receivers.iter().filter_map(|receiver| self.receivers.admit(receiver, self.now)));
                if slots.len() == before {
                    return slots;
                }
            }
        }

        fn record(&self, receiver: &Subscription, rating: AttemptRating, times: usize) {
            (0..times).for_each(|_| self.receivers.record(receiver, rating, self.now));
        }
    }

    #[test]
    fn slow_receivers_of_one_partner_leave_the_places_to_others() {
        let fixture = Fixture::new(64);
        let slow = fixture.partner(5);
        // First they are unknown, then known to be slow.
        assert_eq!(fixture.fill(&slow).len(), 4);
        slow.iter().for_each(|receiver| fixture.record(receiver, AttemptRating::Bad, 1));
        let held = fixture.fill(&slow);
        assert_eq!(held.len(), 4);
        let others: Vec<Subscription> = (0..4).flat_map(|_| fixture.partner(1)).collect();
        others.iter().for_each(|receiver| fixture.record(receiver, AttemptRating::Good, 20));
        let of_others: Vec<Vec<DeliverySlot>> = others.iter().map(|receiver| fixture.fill(std::slice::from_ref(receiver))).collect();
        assert!(of_others.iter().all(|slots| slots.len() >= 12), "{:?}", of_others.iter().map(Vec::len).collect::<Vec<_>>());
    }

    #[test]
    fn slow_receivers_of_all_partners_leave_places_to_those_that_are_new_and_to_those_that_are_quick() {
        let fixture = Fixture::new(64);
        let held: Vec<Vec<DeliverySlot>> = (0..30)
            .map(|_| {
                let slow = fixture.partner(7);
                slow.iter().for_each(|receiver| fixture.record(receiver, AttemptRating::Bad, 3));
                fixture.fill(&slow)
            })
            .collect();
        assert_eq!(held.iter().map(Vec::len).sum::<usize>(), 16);
        let new: Vec<Vec<DeliverySlot>> = (0..30).map(|_| fixture.fill(&fixture.partner(7))).collect();
        assert_eq!(new.iter().map(Vec::len).sum::<usize>(), 16, "half of all with those");
        let quick = fixture.partner(1);
        fixture.record(&quick[0], AttemptRating::Good, 20);
        assert_eq!(fixture.fill(&quick).len(), 16);
    }

    #[test]
    fn a_receiver_that_is_quick_has_its_share_and_what_nobody_else_takes() {
        let fixture = Fixture::new(64);
        let quick = fixture.partner(4);
        quick.iter().for_each(|receiver| fixture.record(receiver, AttemptRating::Good, 20));
        let held = fixture.fill(&quick);
        assert_eq!(held.len(), 32, "half of all, while nobody else wants them");
        let other = fixture.partner(2);
        other.iter().for_each(|receiver| fixture.record(receiver, AttemptRating::Good, 20));
        assert_eq!(fixture.fill(&other).len(), 16, "a share");
        drop(held);
        fixture.record(&quick[0], AttemptRating::Bad, 1);
        assert_eq!(fixture.receivers.free_slots(&quick[0], fixture.now), 4, "it is in trouble");
        fixture.record(&quick[0], AttemptRating::Good, 1);
        assert_eq!(fixture.receivers.free_slots(&quick[0], fixture.now), 9, "half of its places were lost, and one is gained");
        fixture.record(&quick[0], AttemptRating::Bad, 3);
        assert!(fixture.receivers.is_dead(&quick[0]));
        assert_eq!(fixture.fill(&quick[..1]).len(), 1);
    }

    #[test]
    fn a_receiver_that_asks_for_less_rests_and_another_url_is_another_receiver() {
        let mut fixture = Fixture::new(16);
        let receiver = &fixture.partner(1)[0];
        fixture.record(receiver, AttemptRating::Overloaded(Duration::ZERO), 1);
        assert_eq!(fixture.receivers.free_slots(receiver, fixture.now), 0);
        assert_eq!(fixture.receivers.free_slots(receiver, fixture.now.after(Duration::from_secs(2))), 1);
        fixture.record(receiver, AttemptRating::Overloaded(Duration::from_secs(3_600)), 1);
        // A shorter pause asked for later shortens nothing.
        fixture.record(receiver, AttemptRating::Overloaded(Duration::from_secs(1)), 1);
        fixture.now = fixture.now.after(Duration::from_secs(3_599));
        assert_eq!(fixture.receivers.free_slots(receiver, fixture.now), 0);
        assert!(fixture.receivers.take_sweep_turn(receiver, fixture.now) && !fixture.receivers.take_sweep_turn(receiver, fixture.now));
        assert_eq!(fixture.receivers.free_slots(receiver, fixture.now.after(Duration::from_secs(1))), 1);
        let moved = Subscription { updated_at: fixture.now, ..receiver.clone() };
        assert_eq!(fixture.receivers.free_slots(&moved, fixture.now), 1);
        assert!(!fixture.receivers.is_dead(&moved) && fixture.receivers.is_dead(receiver));
    }

    #[test]
    fn few_places_are_enough_for_everybody() {
        for slots in 1..8 {
            let fixture = Fixture::new(slots);
            let (one, other) = (fixture.partner(3), fixture.partner(1));
            one.iter().for_each(|receiver| fixture.record(receiver, AttemptRating::Bad, 9));
            let held = fixture.fill(&one);
            assert_eq!(held.len(), 1);
            drop(held);
            fixture.record(&other[0], AttemptRating::Good, 9);
            assert!(!fixture.fill(&other).is_empty());
        }
    }
}
