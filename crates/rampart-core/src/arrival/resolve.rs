//! The policy: from what came and when to what becomes of it.

use crate::amount::{Amount, Overflow};
use crate::order::HoldReason;
use crate::policy::{Late, Over, Policy, Short};

/// What is known of an order when it is looked at. Amounts are minor units of what arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalCase {
    /// What was ordered.
    pub ordered: Amount,
    /// How far from that an amount may be and still count as it ([`tolerance`]).
    pub tolerance: Amount,
    /// What came in time.
    pub in_time: Amount,
    /// What came late, or was assigned by a person.
    pub late: Amount,
    /// The least that is exchanged.
    pub minimum: Amount,
    /// The most that is exchanged.
    pub maximum: Amount,
    /// Whether nothing more that came in time can turn up: the source was read past the end of the promise, or the payer's
    /// part is complete by its nature (a processor's capture).
    pub is_all: bool,
    /// Whether something that came in time is not final yet (coins in a block): it is waited for, unless the order is complete
    /// without it.
    pub is_awaited: bool,
    /// Whether the promise is not honoured any more, for what came in time either: all of it goes at the market price.
    pub lapsed: bool,
    /// Why it cannot all go back, where it cannot: nobody told where to, or it is not worth its way.
    pub stays: Option<HoldReason>,
}

/// What is exchanged at the market price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketShare {
    /// Nothing.
    Nothing,
    /// What came late: without it the order waits.
    Late(Amount),
    /// The surplus of what completed the order: all of it or nothing.
    Surplus(Amount),
}

/// What becomes of what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalResolution {
    /// The order waits for more.
    Wait,
    /// It is exchanged.
    Exchange {
        /// So much at the promise.
        promised: Amount,
        /// So much at the market price.
        market: MarketShare,
        /// So much goes back.
        back: Amount,
        /// So much is set aside: it came late for an order that is complete without it.
        aside: Amount,
    },
    /// All of it goes back.
    Back,
    /// It waits for this reason.
    Hold(HoldReason),
}

/// The tolerance of an order: this many basis points of what was ordered, rounded down, and no more than the cap.
///
/// # Errors
/// [`Overflow`] when the amount is too large to calculate with.
pub fn tolerance(ordered: Amount, basis_points: u32, cap: Amount) -> Result<Amount, Overflow> {
    let share = ordered.minor().checked_mul(i128::from(basis_points)).ok_or(Overflow)?.div_euclid(10_000);
    Ok(Amount::from_minor(share).min(cap))
}

fn sum(one: Amount, other: Amount) -> Amount {
    Amount::from_minor(one.minor().saturating_add(other.minor()))
}

fn less(one: Amount, other: Amount) -> Amount {
    Amount::from_minor(one.minor().saturating_sub(other.minor()))
}

/// What becomes of what came, by the policy of the method. An order is decided once; what comes afterwards is not asked
/// about here.
#[must_use]
pub fn resolve(case: &ArrivalCase, policy: &Policy) -> ArrivalResolution {
    if !case.in_time.is_positive() && !case.late.is_positive() {
        return ArrivalResolution::Wait;
    }
    let is_complete = case.in_time >= less(case.ordered, case.tolerance);
    if !is_complete && (case.is_awaited || (case.in_time.is_positive() && !case.is_all)) {
        return ArrivalResolution::Wait;
    }
    // An order that is complete in time is decided by that, whatever else was told before: that lies beside it.
    if case.late.is_positive() && (!is_complete || case.lapsed) {
        return late(case, policy);
    }
    if !is_complete {
        return short(case, policy);
    }
    if case.lapsed {
        return lapsed(case);
    }
    let (surplus, aside) = (less(case.in_time, case.ordered), case.late);
    if surplus <= case.tolerance {
        return ArrivalResolution::Exchange { promised: case.in_time, market: MarketShare::Nothing, back: Amount::ZERO, aside };
    }
    match policy.over {
        Over::Market => ArrivalResolution::Exchange { promised: case.ordered, market: MarketShare::Surplus(surplus), back: Amount::ZERO, aside },
        Over::Back => ArrivalResolution::Exchange { promised: case.ordered, market: MarketShare::Nothing, back: surplus, aside },
    }
}

fn back(case: &ArrivalCase) -> ArrivalResolution {
    case.stays.map_or(ArrivalResolution::Back, ArrivalResolution::Hold)
}

fn late(case: &ArrivalCase, policy: &Policy) -> ArrivalResolution {
    let total = sum(case.in_time, case.late);
    match policy.late {
        Late::Back => back(case),
        Late::Hold => ArrivalResolution::Hold(HoldReason::Amount),
        Late::Market if total < case.minimum => back(case),
        Late::Market if total > case.maximum.max(sum(case.ordered, case.tolerance)) => ArrivalResolution::Hold(HoldReason::Amount),
        Late::Market => {
            let promised = if case.lapsed {
                Amount::ZERO
            } else if case.in_time > sum(case.ordered, case.tolerance) {
                case.ordered
            } else {
                case.in_time
            };
            ArrivalResolution::Exchange { promised, market: MarketShare::Late(less(total, promised)), back: Amount::ZERO, aside: Amount::ZERO }
        }
    }
}

/// What came in time and could not be decided while that was honoured.
fn lapsed(case: &ArrivalCase) -> ArrivalResolution {
    match case.in_time > case.maximum.max(sum(case.ordered, case.tolerance)) {
        true => ArrivalResolution::Hold(HoldReason::Amount),
        false => ArrivalResolution::Exchange {
            promised: Amount::ZERO,
            market: MarketShare::Late(case.in_time),
            back: Amount::ZERO,
            aside: Amount::ZERO,
        },
    }
}

fn short(case: &ArrivalCase, policy: &Policy) -> ArrivalResolution {
    match policy.short {
        Short::Hold => ArrivalResolution::Hold(HoldReason::Amount),
        Short::Refund => back(case),
        Short::Promise if case.in_time < case.minimum => back(case),
        Short::Promise if case.lapsed => lapsed(case),
        Short::Promise => {
            ArrivalResolution::Exchange { promised: case.in_time, market: MarketShare::Nothing, back: Amount::ZERO, aside: Amount::ZERO }
        }
    }
}
