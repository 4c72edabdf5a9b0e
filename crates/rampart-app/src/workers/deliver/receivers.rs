//! Who is being delivered to, and how many places each may take. Nobody is served at the cost of others: a partner has a
//! share of the places, and those of its receivers that are slow, that fail or that nobody knows yet have a small part of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hashlink::LruCache;
use parking_lot::Mutex;
use rampart_core::id::{PartnerId, SubscriptionId};
use rampart_core::time::Timestamp;
use rampart_core::webhook::Subscription;

/// After so much trouble in a row a receiver counts as not answering.
const PATIENCE: u32 = 3;
/// How long a receiver rests at most that asks for less and does not say for how long.
const LONGEST_REST: Duration = Duration::from_secs(120);
/// How often what waits for a receiver that rests is looked through for what has waited too long.
const SWEPT_EVERY: Duration = Duration::from_secs(600);
/// How many receivers are remembered.
const MOST: usize = 16_384;

/// How a receiver took what it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In good time.
    Quickly,
    /// Not in good time, or not at all.
    Badly,
    /// It asks for less: nothing is sent to it for so long at least (business time).
    Overwhelmed(Duration),
}

/// How a receiver took what it was sent so far.
#[derive(Debug, Clone, Copy)]
struct Record {
    /// The moment its URL was set; another URL is another receiver.
    since: Timestamp,
    /// How many places it may take.
    window: usize,
    /// How often in a row it took something badly.
    trouble: u32,
    /// Until when nothing is sent to it (business time).
    rests_until: Timestamp,
    /// When what waits for it was last looked through (business time).
    swept_at: Timestamp,
}

/// The places that a receiver has now.
#[derive(Debug, Clone, Copy)]
struct Taken {
    partner: PartnerId,
    places: usize,
    standing: Standing,
}

/// What is to be expected of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It has been quick.
    Quick,
    /// It has not shown yet that it is quick.
    Unproven,
    /// What it was sent last it took badly.
    Troubled,
}

/// How the places are divided.
#[derive(Debug, Clone, Copy)]
struct Division {
    /// All of them.
    all: usize,
    /// What one partner may take, and any one receiver. More than that only while less than half of all are taken.
    share: usize,
    /// What a receiver begins with, and what those of one partner that are not known to be quick may take together.
    trial: usize,
    /// What everybody's receivers that are not known to be quick may take together.
    doubtful: usize,
    /// What those of them that are in trouble may take together, so that one that is new is tried in good time.
    troubled: usize,
}

struct Known {
    records: LruCache<SubscriptionId, Record>,
    /// As many as there are places at most.
    taken: HashMap<SubscriptionId, Taken>,
}

/// Everybody who is being delivered to.
#[derive(Clone)]
pub(super) struct Receivers {
    known: Arc<Mutex<Known>>,
    division: Division,
}

/// A place that a receiver has. It is free again when this is dropped.
pub(super) struct Place {
    receivers: Receivers,
    id: SubscriptionId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut known = self.receivers.known.lock();
        if let Some(taken) = known.taken.get_mut(&self.id) {
            taken.places = taken.places.saturating_sub(1);
            if taken.places == 0 {
                known.taken.remove(&self.id);
            }
        }
    }
}

impl Division {
    fn of(all: usize) -> Self {
        let part = |parts: usize| (all / parts).max(1);
        Self { all: all.max(1), share: part(4), trial: part(16), doubtful: part(2), troubled: part(4) }
    }
}

impl Known {
    /// What is known of a receiver; of one that is not known, what is supposed.
    fn record(&mut self, receiver: &Subscription, division: Division) -> Record {
        let since = receiver.updated_at;
        let known = self.records.get(&receiver.id).copied().filter(|record| record.since == since);
        let long_ago = Timestamp::default();
        known.unwrap_or(Record { since, window: division.trial, trouble: 0, rests_until: long_ago, swept_at: long_ago })
    }

    fn room(&mut self, receiver: &Subscription, division: Division, now: Timestamp) -> usize {
        let record = self.record(receiver, division);
        if record.rests_until > now {
            return 0;
        }
        let sum =
            |which: &dyn Fn(&Taken) -> bool| self.taken.values().filter(|taken| which(taken)).map(|taken| taken.places).sum::<usize>();
        let mine = self.taken.get(&receiver.id).map_or(0, |taken| taken.places);
        let is_partners = |taken: &Taken| taken.partner == receiver.partner;
        let all = sum(&|_| true);
        let room = record.window.saturating_sub(mine).min(division.all.saturating_sub(all));
        let standing = record.standing(division);
        if standing == Standing::Quick {
            let idle = (division.all / 2).saturating_sub(all);
            return room.min(division.share.saturating_sub(sum(&is_partners)).max(idle));
        }
        let of_partner = sum(&|taken| is_partners(taken) && taken.standing != Standing::Quick);
        let of_everybody = sum(&|taken| taken.standing != Standing::Quick);
        let room = room.min(division.trial.saturating_sub(of_partner)).min(division.doubtful.saturating_sub(of_everybody));
        if standing == Standing::Unproven {
            return room;
        }
        room.min(division.troubled.saturating_sub(sum(&|taken| taken.standing == Standing::Troubled)))
    }
}

impl Record {
    const fn standing(&self, division: Division) -> Standing {
        match self {
            Self { trouble: 1.., .. } => Standing::Troubled,
            Self { window, .. } if *window <= division.trial => Standing::Unproven,
            _ => Standing::Quick,
        }
    }
}

impl Receivers {
    /// With so many places for everybody together.
    pub(super) fn new(places: usize) -> Self {
        let known = Known { records: LruCache::new(MOST), taken: HashMap::new() };
        Self { known: Arc::new(Mutex::new(known)), division: Division::of(places) }
    }

    /// How many deliveries to a receiver may begin now (business time).
    pub(super) fn room(&self, receiver: &Subscription, now: Timestamp) -> usize {
        self.known.lock().room(receiver, self.division, now)
    }

    /// A place for a delivery to a receiver, if it may begin now (business time).
    pub(super) fn admit(&self, receiver: &Subscription, now: Timestamp) -> Option<Place> {
        let mut known = self.known.lock();
        if known.room(receiver, self.division, now) == 0 {
            return None;
        }
        let standing = known.record(receiver, self.division).standing(self.division);
        let taken = known.taken.entry(receiver.id).or_insert(Taken { partner: receiver.partner, places: 0, standing });
        taken.places += 1;
        drop(known);
        Some(Place { receivers: self.clone(), id: receiver.id })
    }

    /// How a receiver took what it was sent (business time).
    pub(super) fn note(&self, receiver: &Subscription, manner: Manner, now: Timestamp) {
        let division = self.division;
        let mut known = self.known.lock();
        let mut record = known.record(receiver, division);
        match manner {
            Manner::Quickly => {
                record.trouble = 0;
                record.window = (record.window + 1).min(division.share.max(division.trial + 1));
            }
            Manner::Badly => {
                record.trouble = record.trouble.saturating_add(1);
                record.window = if record.trouble < PATIENCE { (record.window / 2).max(1) } else { 1 };
            }
            Manner::Overwhelmed(at_least) => {
                record.trouble = record.trouble.saturating_add(1);
                record.window = 1;
                let rest = Duration::from_secs(1 << record.trouble.min(10)).min(LONGEST_REST).max(at_least);
                record.rests_until = record.rests_until.max(now.after(rest));
            }
        }
        known.records.insert(receiver.id, record);
        if let Some(taken) = known.taken.get_mut(&receiver.id) {
            taken.standing = record.standing(division);
        }
    }

    /// What is to be expected of a receiver.
    pub(super) fn standing(&self, receiver: &Subscription) -> Standing {
        self.known.lock().record(receiver, self.division).standing(self.division)
    }

    /// Whether a receiver has not answered for a while.
    pub(super) fn is_dead(&self, receiver: &Subscription) -> bool {
        self.known.lock().record(receiver, self.division).trouble >= PATIENCE
    }

    /// Whether what waits for a receiver that rests is to be looked through now (business time).
    pub(super) fn is_to_be_swept(&self, receiver: &Subscription, now: Timestamp) -> bool {
        let mut known = self.known.lock();
        let mut record = known.record(receiver, self.division);
        if record.rests_until <= now || record.swept_at.after(SWEPT_EVERY) > now {
            return false;
        }
        record.swept_at = now;
        known.records.insert(receiver.id, record);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;
    use rampart_core::event::EventType;
    use rampart_core::id::Mint;

    struct Counting(AtomicU16);
    impl rampart_core::id::Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, of)| *byte = *of);
        }
    }

    struct Bench {
        mint: Counting,
        receivers: Receivers,
        now: Timestamp,
    }

    impl Bench {
        fn new(places: usize) -> Self {
            Self { mint: Counting(AtomicU16::new(0)), receivers: Receivers::new(places), now: Timestamp::from_micros(1_000_000) }
        }

        fn partner(&self, receivers: usize) -> Vec<Subscription> {
            let mint = Mint { now: self.now, randomness: &self.mint };
            let partner = mint.id();
            let one = |_| Subscription {
                id: mint.id(),
                version: 1,
                partner,
                kind: EventType::PayIn,
                delivered_as: "PAY_IN".to_owned(),
                url: "https://example.com".to_owned(),
                active: true,
                last_sequence: 0,
                created_at: self.now,
                updated_at: self.now,
                disabled_at: None,
            };
            (0..receivers).map(one).collect()
        }

        /// As many places as these can get, in turn.
        fn fill(&self, receivers: &[Subscription]) -> Vec<Place> {
            let mut places = Vec::new();
            loop {
                let before = places.len();
                places.extend(receivers.iter().filter_map(|receiver| self.receivers.admit(receiver, self.now)));
                if places.len() == before {
                    return places;
                }
            }
        }

        fn note(&self, receiver: &Subscription, manner: Manner, times: usize) {
            (0..times).for_each(|_| self.receivers.note(receiver, manner, self.now));
        }
    }

    #[test]
    fn slow_receivers_of_one_partner_leave_the_places_to_others() {
        let bench = Bench::new(64);
        let slow = bench.partner(5);
        // Nobody knows them yet; then they are known to be slow.
        assert_eq!(bench.fill(&slow).len(), 4);
        slow.iter().for_each(|receiver| bench.note(receiver, Manner::Badly, 1));
        let held = bench.fill(&slow);
        assert_eq!(held.len(), 4);
        let others: Vec<Subscription> = (0..4).flat_map(|_| bench.partner(1)).collect();
        others.iter().for_each(|receiver| bench.note(receiver, Manner::Quickly, 20));
        let of_others: Vec<Vec<Place>> = others.iter().map(|receiver| bench.fill(std::slice::from_ref(receiver))).collect();
        assert!(of_others.iter().all(|places| places.len() >= 12), "{:?}", of_others.iter().map(Vec::len).collect::<Vec<_>>());
    }

    #[test]
    fn slow_receivers_of_all_partners_leave_places_to_those_that_are_new_and_to_those_that_are_quick() {
        let bench = Bench::new(64);
        let held: Vec<Vec<Place>> = (0..30)
            .map(|_| {
                let slow = bench.partner(7);
                slow.iter().for_each(|receiver| bench.note(receiver, Manner::Badly, 3));
                bench.fill(&slow)
            })
            .collect();
        assert_eq!(held.iter().map(Vec::len).sum::<usize>(), 16);
        let new: Vec<Vec<Place>> = (0..30).map(|_| bench.fill(&bench.partner(7))).collect();
        assert_eq!(new.iter().map(Vec::len).sum::<usize>(), 16, "half of all with those");
        let quick = bench.partner(1);
        bench.note(&quick[0], Manner::Quickly, 20);
        assert_eq!(bench.fill(&quick).len(), 16);
    }

    #[test]
    fn a_receiver_that_is_quick_has_its_share_and_what_nobody_else_takes() {
        let bench = Bench::new(64);
        let quick = bench.partner(4);
        quick.iter().for_each(|receiver| bench.note(receiver, Manner::Quickly, 20));
        let held = bench.fill(&quick);
        assert_eq!(held.len(), 32, "half of all, while nobody else wants them");
        let other = bench.partner(2);
        other.iter().for_each(|receiver| bench.note(receiver, Manner::Quickly, 20));
        assert_eq!(bench.fill(&other).len(), 16, "a share");
        drop(held);
        bench.note(&quick[0], Manner::Badly, 1);
        assert_eq!(bench.receivers.room(&quick[0], bench.now), 4, "it is in trouble");
        bench.note(&quick[0], Manner::Quickly, 1);
        assert_eq!(bench.receivers.room(&quick[0], bench.now), 9, "half of its places were lost, and one is gained");
        bench.note(&quick[0], Manner::Badly, 3);
        assert!(bench.receivers.is_dead(&quick[0]));
        assert_eq!(bench.fill(&quick[..1]).len(), 1);
    }

    #[test]
    fn whoever_asks_for_less_rests_and_another_url_is_another_receiver() {
        let mut bench = Bench::new(16);
        let receiver = &bench.partner(1)[0];
        bench.note(receiver, Manner::Overwhelmed(Duration::ZERO), 1);
        assert_eq!(bench.receivers.room(receiver, bench.now), 0);
        assert_eq!(bench.receivers.room(receiver, bench.now.after(Duration::from_secs(2))), 1);
        bench.note(receiver, Manner::Overwhelmed(Duration::from_secs(3_600)), 1);
        // A shorter wait that is asked for later shortens nothing.
        bench.note(receiver, Manner::Overwhelmed(Duration::from_secs(1)), 1);
        bench.now = bench.now.after(Duration::from_secs(3_599));
        assert_eq!(bench.receivers.room(receiver, bench.now), 0);
        assert!(bench.receivers.is_to_be_swept(receiver, bench.now) && !bench.receivers.is_to_be_swept(receiver, bench.now));
        assert_eq!(bench.receivers.room(receiver, bench.now.after(Duration::from_secs(1))), 1);
        let moved = Subscription { updated_at: bench.now, ..receiver.clone() };
        assert_eq!(bench.receivers.room(&moved, bench.now), 1);
        assert!(!bench.receivers.is_dead(&moved) && bench.receivers.is_dead(receiver));
    }

    #[test]
    fn few_places_are_enough_for_everybody() {
        for places in 1..8 {
            let bench = Bench::new(places);
            let (one, other) = (bench.partner(3), bench.partner(1));
            one.iter().for_each(|receiver| bench.note(receiver, Manner::Badly, 9));
            let held = bench.fill(&one);
            assert_eq!(held.len(), 1);
            drop(held);
            bench.note(&other[0], Manner::Quickly, 9);
            assert!(!bench.fill(&other).is_empty());
        }
    }
}
