//! Who is being delivered to: each receiver has a share of the places, and one that does not answer has one only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::id::SubscriptionId;

/// Whether another delivery to a receiver may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may.
    Welcome,
    /// The receiver has its share; it answers, so there will be room soon.
    Full,
    /// The receiver does not answer: what else is due to it waits so long (business time).
    Resting(Duration),
}

#[derive(Debug, Default, Clone, Copy)]
struct Receiver {
    under_way: usize,
    /// Admitted and not begun yet.
    admitted: usize,
    failures: u32,
}

/// After so many failures in a row a receiver counts as not answering.
const PATIENCE: u32 = 3;
const LONGEST_REST: Duration = Duration::from_secs(120);

/// Everybody who is being delivered to.
#[derive(Clone)]
pub(super) struct Receivers {
    known: Arc<Mutex<HashMap<SubscriptionId, Receiver>>>,
    share: usize,
}

/// A delivery under way to a receiver.
pub(super) struct Entered {
    receivers: Receivers,
    id: SubscriptionId,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut known = self.receivers.known.lock();
        if let Some(receiver) = known.get_mut(&self.id) {
            receiver.under_way = receiver.under_way.saturating_sub(1);
            if receiver.under_way == 0 && receiver.admitted == 0 && receiver.failures == 0 {
                known.remove(&self.id);
            }
        }
    }
}

impl Receivers {
    /// With so many places for everybody together.
    pub(super) fn new(places: usize) -> Self {
        Self { known: Arc::default(), share: (places / 4).max(1) }
    }

    /// Asks for a place; who is welcome has to enter, or never came.
    pub(super) fn admit(&self, id: SubscriptionId) -> Admission {
        let mut known = self.known.lock();
        let receiver = known.entry(id).or_default();
        let is_dead = receiver.failures >= PATIENCE;
        let share = if is_dead { 1 } else { self.share };
        if receiver.under_way + receiver.admitted < share {
            receiver.admitted += 1;
            Admission::Welcome
        } else if is_dead {
            Admission::Resting(Duration::from_secs(1 << receiver.failures.min(10)).min(LONGEST_REST))
        } else {
            Admission::Full
        }
    }

    /// A delivery begins.
    pub(super) fn enter(&self, id: SubscriptionId) -> Entered {
        let mut known = self.known.lock();
        let receiver = known.entry(id).or_default();
        receiver.admitted = receiver.admitted.saturating_sub(1);
        receiver.under_way += 1;
        drop(known);
        Entered { receivers: self.clone(), id }
    }

    /// Somebody who was welcome does not come: another process was faster.
    pub(super) fn excuse(&self, id: SubscriptionId) {
        if let Some(receiver) = self.known.lock().get_mut(&id) {
            receiver.admitted = receiver.admitted.saturating_sub(1);
        }
    }

    /// Whether a receiver took what it was sent.
    pub(super) fn note(&self, id: SubscriptionId, taken: bool) {
        if let Some(receiver) = self.known.lock().get_mut(&id) {
            receiver.failures = if taken { 0 } else { receiver.failures.saturating_add(1) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampart_core::time::Timestamp;

    #[test]
    fn a_dead_receiver_keeps_one_place() {
        struct Zeros;
        impl rampart_core::id::Randomness for Zeros {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        let receivers = Receivers::new(16);
        let id = SubscriptionId::mint(Timestamp::default(), &Zeros);
        let entered: Vec<Entered> = (0..4)
            .map(|_| {
                assert_eq!(receivers.admit(id), Admission::Welcome);
                receivers.enter(id)
            })
            .collect();
        assert_eq!(receivers.admit(id), Admission::Full);
        (0..3).for_each(|_| receivers.note(id, false));
        assert_eq!(receivers.admit(id), Admission::Resting(Duration::from_secs(8)));
        drop(entered);
        assert_eq!(receivers.admit(id), Admission::Welcome);
        assert!(matches!(receivers.admit(id), Admission::Resting(_)));
        receivers.excuse(id);
        receivers.note(id, true);
        assert_eq!(receivers.admit(id), Admission::Welcome);
    }
}
