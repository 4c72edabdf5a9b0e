//! Money and coins in suspense beside an order.

use crate::money::amount::Amount;

/// What became of money or coins that were set aside beside an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAside {
    Returned {
        /// Withheld beside the returned amount, in minor units.
        withheld: Amount,
    },
    /// They were returned and came back: they are in suspense again.
    CameBack { withheld: Amount },
    /// They are not in suspense any more: kept, assigned to an order, or removed by a reorganisation.
    Taken,
    /// They are in suspense now: they arrived by another route than the order's, or are no longer kept.
    Lies,
}

impl SetAside {
    /// The set-aside and refunded amounts after this change, in minor units.
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
