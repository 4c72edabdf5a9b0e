//! Wake-ups within one process, so that work starts when it arises. Workers of other processes, and workers that miss a
//! wake-up, poll at intervals: a lost wake-up costs time, never money.

use rampart_core::partner::webhook::DeliveryState;
use rampart_core::step::Step;
use rampart_core::step::job::JobKind;
use rampart_core::step::record::Record;
use rampart_store::Committed;
use tokio::sync::Notify;

/// One signal per queue. A signal sent while its worker is busy is kept.
#[derive(Debug, Default)]
pub struct WakeSignals {
    jobs: [Notify; JobKind::ALL.len()],
    facts: Notify,
    fanout: Notify,
    deliveries: Notify,
}

/// The queues that a step adds work to.
#[derive(Debug, Clone, Copy, Default)]
pub struct WakeSet {
    jobs: u16,
    facts: bool,
    deliveries: bool,
}

impl WakeSet {
    /// The queues of a step, determined before its commit consumes it.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let mut wakes = Self::default();
        for record in &step.writes {
            match record {
                Record::Job(job) if job.leased_until.is_none() => wakes.jobs |= 1 << position(job.kind),
                Record::Fact(fact) => wakes.facts |= !fact.applied && fact.quarantined.is_none(),
                Record::Delivery(delivery) => {
                    wakes.deliveries |= delivery.leased_until.is_none() && delivery.state == DeliveryState::Pending;
                }
                _ => {}
            }
        }
        wakes
    }
}

fn position(kind: JobKind) -> usize {
    JobKind::ALL.iter().position(|each| *each == kind).unwrap_or(0)
}

impl WakeSignals {
    /// Wakes the workers of a committed step.
    pub fn after(&self, committed: &Committed, wakes: WakeSet) {
        if !committed.events.is_empty() {
            self.fanout.notify_one();
        }
        if wakes.facts {
            self.facts.notify_one();
        }
        if wakes.deliveries {
            self.deliveries.notify_one();
        }
        for (index, notify) in self.jobs.iter().enumerate() {
            if wakes.jobs & (1 << index) != 0 {
                notify.notify_one();
            }
        }
    }

    /// Wakes every worker: business time was moved, or the workers are to stop.
    pub fn everybody(&self) {
        self.jobs.iter().chain([&self.facts, &self.fanout, &self.deliveries]).for_each(Notify::notify_one);
    }

    /// Waits for jobs of a kind.
    pub async fn jobs(&self, kind: JobKind) {
        self.jobs[position(kind)].notified().await;
    }

    /// Waits for facts to apply.
    pub async fn facts(&self) {
        self.facts.notified().await;
    }

    /// Waits for events to fan out to subscriptions.
    pub async fn fanout(&self) {
        self.fanout.notified().await;
    }

    /// Waits for due deliveries.
    pub async fn deliveries(&self) {
        self.deliveries.notified().await;
    }

    pub(crate) fn ring_jobs(&self, kind: JobKind) {
        self.jobs[position(kind)].notify_one();
    }

    pub(crate) fn ring_deliveries(&self) {
        self.deliveries.notify_one();
    }
}
