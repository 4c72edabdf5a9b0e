//! The steps of an order for the customer.

use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::rampoff::{Rampoff, RampoffState};

use super::language::moment;
use super::text::Texts;

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepMark {
    Done,
    Now,
    Ahead,
    Bad,
}

/// A step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimelineStep {
    pub(crate) title: &'static str,
    /// The time, if it is known.
    pub(crate) note: Option<String>,
    pub(crate) mark: StepMark,
}

impl TimelineStep {
    const fn new(title: &'static str, mark: StepMark) -> Self {
        Self { title, note: None, mark }
    }

    /// The CSS class.
    pub(crate) const fn class(&self) -> &'static str {
        match self.mark {
            StepMark::Done => "done",
            StepMark::Now => "now",
            StepMark::Ahead => "ahead",
            StepMark::Bad => "bad",
        }
    }

    pub(crate) fn is_now(&self) -> bool {
        self.mark == StepMark::Now
    }
}

/// The first `done` steps are done, the next is current, the rest are ahead.
fn steps(titles: &[&'static str], done: usize) -> Vec<TimelineStep> {
    let mark = |index: usize| match index.cmp(&done) {
        std::cmp::Ordering::Less => StepMark::Done,
        std::cmp::Ordering::Equal => StepMark::Now,
        std::cmp::Ordering::Greater => StepMark::Ahead,
    };
    titles.iter().enumerate().map(|(index, title)| TimelineStep::new(title, mark(index))).collect()
}

/// The steps of `titles` are done; the last one has its own mark.
fn ending(titles: &[&'static str], last: &'static str, mark: StepMark) -> Vec<TimelineStep> {
    let mut steps = steps(titles, titles.len());
    steps.push(TimelineStep::new(last, mark));
    steps
}

/// The steps of a payment.
pub(crate) fn of_payment(payment: &Payment, t: &'static Texts) -> Vec<TimelineStep> {
    let way = [t.step_created, t.step_paid, t.step_coins, t.step_confirmed];
    let arrived: &[&'static str] = if payment.received().is_positive() { &way[..2] } else { &way[..1] };
    let mut steps = match &payment.state {
        PaymentState::Started => steps(&way, 1),
        PaymentState::PendingBank { .. } => steps(&[t.step_created, t.step_declared, t.step_paid, t.step_coins, t.step_confirmed], 2),
        PaymentState::PaymentReceived { .. } | PaymentState::Sending { .. } => steps(&way, 2),
        PaymentState::CoinsSent { confirmations: 0, .. } => steps(&way, 3),
        PaymentState::CoinsSent { .. } => steps(&way, 4),
        PaymentState::OnHold { reason, .. } if reason.needs_destination() => ending(arrived, t.step_refund, StepMark::Now),
        PaymentState::OnHold { .. } => {
            let mut steps = ending(arrived, t.step_hold, StepMark::Now);
            steps.extend([TimelineStep::new(t.step_coins, StepMark::Ahead), TimelineStep::new(t.step_confirmed, StepMark::Ahead)]);
            steps
        }
        PaymentState::Expired => ending(arrived, t.step_expired, StepMark::Bad),
        PaymentState::Cancelled => ending(arrived, t.step_cancelled, StepMark::Bad),
        PaymentState::Failed { .. } => ending(arrived, t.step_failed, StepMark::Bad),
        PaymentState::RefundPending { .. } => ending(arrived, t.step_refund, StepMark::Now),
        PaymentState::Refunded { .. } => ending(arrived, t.step_refunded, StepMark::Done),
    };
    note(&mut steps, t.step_created, moment(payment.created_at));
    if let PaymentState::PendingBank { declared_at } = &payment.state {
        note(&mut steps, t.step_declared, moment(*declared_at));
    }
    if let Some(receipt) = payment.receipts.first() {
        note(&mut steps, t.step_paid, moment(receipt.at));
    }
    steps
}

/// The steps of a ramp-off.
pub(crate) fn of_rampoff(rampoff: &Rampoff, t: &'static Texts) -> Vec<TimelineStep> {
    let way = [t.step_created, t.step_coins_seen, t.step_coins_final, t.step_paying, t.step_paid_out];
    let arrived: &[&'static str] = if rampoff.received().is_positive() { &way[..3] } else { &way[..1] };
    let mut steps = match &rampoff.state {
        RampoffState::Created => steps(&way, 1),
        RampoffState::Confirming => steps(&way, 2),
        RampoffState::CryptoReceived { .. } => steps(&way, 3),
        RampoffState::PayingOut { .. } => steps(&way, 4),
        RampoffState::Finished { .. } => steps(&way, 5),
        RampoffState::OnHold { reason, .. } if reason.needs_destination() => ending(arrived, t.step_refund, StepMark::Now),
        RampoffState::OnHold { .. } => {
            let mut steps = ending(arrived, t.step_hold, StepMark::Now);
            steps.push(TimelineStep::new(t.step_paid_out, StepMark::Ahead));
            steps
        }
        RampoffState::Expired => ending(arrived, t.step_expired, StepMark::Bad),
        RampoffState::Cancelled => ending(arrived, t.step_cancelled, StepMark::Bad),
        RampoffState::Failed { .. } => ending(arrived, t.step_failed, StepMark::Bad),
        RampoffState::RefundPending { .. } => ending(arrived, t.step_refund, StepMark::Now),
        RampoffState::Refunded { .. } => ending(arrived, t.step_refunded, StepMark::Done),
    };
    note(&mut steps, t.step_created, moment(rampoff.created_at));
    steps
}

fn note(steps: &mut [TimelineStep], title: &str, text: String) {
    if let Some(step) = steps.iter_mut().find(|step| step.title == title) {
        step.note = Some(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_step_is_current_until_the_last_is_done() {
        let marks = |done| steps(&["a", "b", "c"], done).iter().map(|step| step.mark).collect::<Vec<_>>();
        assert_eq!(marks(1), [StepMark::Done, StepMark::Now, StepMark::Ahead]);
        assert_eq!(marks(3), [StepMark::Done; 3]);
        assert_eq!(ending(&["a"], "b", StepMark::Bad).last(), Some(&TimelineStep::new("b", StepMark::Bad)));
    }
}
