//! What lies in suspense beside an order.

use crate::amount::Amount;
use crate::order::{Context, Order};
use crate::payment::PaymentFact;
use crate::rampoff::RampoffFact;
use crate::step::Step;

/// What became of money or coins that were set aside beside an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// They went back to where they came from.
    Returned,
    /// They had gone back and came back: they lie there again.
    CameBack,
    /// They do not lie there any more: they were kept, given to an order, or undone by their chain.
    Taken,
    /// What was kept lies there again.
    Reopened,
}

impl Beside {
    /// What is set aside and what was refunded after it, given what was before; in minor units.
    #[must_use]
    pub fn applied(self, amount: Amount, set_aside: Amount, refunded: Amount) -> (Amount, Amount) {
        let more = |sum: Amount| Amount::from_minor(sum.minor().saturating_add(amount.minor()));
        match self {
            Self::Returned => (set_aside.less(amount), more(refunded)),
            Self::CameBack => (more(set_aside), refunded.less(amount)),
            Self::Taken => (set_aside.less(amount), refunded),
            Self::Reopened => (more(set_aside), refunded),
        }
    }
}

impl Order {
    /// What follows for it from something that lay in suspense beside it.
    #[must_use]
    pub fn beside(self, became: Beside, amount: Amount, context: &Context<'_>) -> Step {
        match self {
            Self::Payment(order) => order.observe(PaymentFact::Beside { became, amount }, context),
            Self::Rampoff(order) => order.observe(RampoffFact::Beside { became, amount }, context),
        }
    }
}
