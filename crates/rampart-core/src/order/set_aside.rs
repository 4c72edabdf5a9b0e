//! What lies in suspense beside an order.

use crate::amount::Amount;
use crate::order::{Context, Order};
use crate::payment::PaymentFact;
use crate::rampoff::RampoffFact;
use crate::step::Step;

/// What became of money or coins that were set aside beside an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAside {
    /// They went back to where they came from.
    Returned {
        /// What was withheld of them beside the amount that went back, in minor units.
        withheld: Amount,
    },
    /// They had gone back and came back: they lie there again.
    CameBack {
        /// What had been withheld of them.
        withheld: Amount,
    },
    /// They do not lie there any more: they were kept, given to an order, or undone by their chain.
    Taken,
    /// They lie there now: they came another way than its own, or were kept and are not any more.
    Lies,
}

impl SetAside {
    /// What is set aside and what was refunded after it, given what was before; in minor units.
    #[must_use]
    pub fn applied(self, amount: Amount, set_aside: Amount, refunded: Amount) -> (Amount, Amount) {
        let sum = |one: Amount, other: Amount| Amount::from_minor(one.minor().saturating_add(other.minor()));
        match self {
            Self::Returned { withheld } => (set_aside.less(sum(amount, withheld)), sum(refunded, amount)),
            Self::CameBack { withheld } => (sum(set_aside, sum(amount, withheld)), refunded.less(amount)),
            Self::Taken => (set_aside.less(amount), refunded),
            Self::Lies => (sum(set_aside, amount), refunded),
        }
    }
}

impl Order {
    /// What follows for it from something that lay in suspense beside it.
    #[must_use]
    pub fn beside(self, became: SetAside, amount: Amount, context: &Context<'_>) -> Step {
        match self {
            Self::Payment(order) => order.observe(PaymentFact::SetAside { became, amount }, context),
            Self::Rampoff(order) => order.observe(RampoffFact::SetAside { became, amount }, context),
        }
    }
}
