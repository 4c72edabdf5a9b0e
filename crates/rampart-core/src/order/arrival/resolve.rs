//! The policy: decides by amount and time of arrival.

use crate::catalogue::policy::{Late, Over, Policy, Short};
use crate::money::amount::{Amount, Overflow};
use crate::order::HoldReason;

/// What arrived for an order. In minor units of what arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalCase {
    pub ordered: Amount,
    /// Accepted difference from the ordered amount ([`tolerance`]).
    pub tolerance: Amount,
    pub in_time: Amount,
    /// Arrived late, or assigned by an operator.
    pub late: Amount,
    pub minimum: Amount,
    pub maximum: Amount,
    /// Whether no more on-time money or coins can appear: the source was read past the end of the promise, or a single receipt
    /// is complete by its nature (a processor's capture).
    pub no_more_expected: bool,
    /// Whether something that arrived on time is not final yet (coins in a block): it is waited for, unless the order is
    /// complete without it.
    pub awaits_confirmation: bool,
    /// Whether the promise is no longer honoured, not even for what arrived on time: everything is exchanged at the market
    /// price.
    pub promise_lapsed: bool,
    /// Why the whole amount cannot be refunded, if it cannot: no destination, or below the refund minimum.
    pub refund_obstacle: Option<HoldReason>,
}

/// The share exchanged at the market price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketShare {
    Nothing,
    /// A late receipt: the order waits without it.
    Late(Amount),
    /// The surplus of a complete order: all of it or nothing.
    Surplus(Amount),
}

/// The policy's resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalResolution {
    Wait,
    Exchange {
        promised: Amount,
        market: MarketShare,
        refund: Amount,
        /// Amount to set aside: it was late for an order that is complete without it.
        aside: Amount,
    },
    Refund,
    Hold(HoldReason),
}

/// The tolerance of an order: basis points of the ordered amount, rounded down, at most `cap`.
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

/// Resolves what arrived by the policy of the method. An order is decided once; this is not asked about what arrives
/// afterwards.
#[must_use]
pub fn resolve(case: &ArrivalCase, policy: &Policy) -> ArrivalResolution {
    if !case.in_time.is_positive() && !case.late.is_positive() {
        return ArrivalResolution::Wait;
    }
    let is_complete = case.in_time >= less(case.ordered, case.tolerance);
    if !is_complete && (case.awaits_confirmation || (case.in_time.is_positive() && !case.no_more_expected)) {
        return ArrivalResolution::Wait;
    }
    // An order complete on time is decided by that, whatever else was reported before: the rest is set aside.
    if case.late.is_positive() && (!is_complete || case.promise_lapsed) {
        return late(case, policy);
    }
    if !is_complete {
        return short(case, policy);
    }
    if case.promise_lapsed {
        return resolve_lapsed(case);
    }
    let (surplus, aside) = (less(case.in_time, case.ordered), case.late);
    if surplus <= case.tolerance {
        return ArrivalResolution::Exchange { promised: case.in_time, market: MarketShare::Nothing, refund: Amount::ZERO, aside };
    }
    match policy.over {
        Over::Market => {
            ArrivalResolution::Exchange { promised: case.ordered, market: MarketShare::Surplus(surplus), refund: Amount::ZERO, aside }
        }
        Over::Back => ArrivalResolution::Exchange { promised: case.ordered, market: MarketShare::Nothing, refund: surplus, aside },
    }
}

fn refund_or_hold(case: &ArrivalCase) -> ArrivalResolution {
    case.refund_obstacle.map_or(ArrivalResolution::Refund, ArrivalResolution::Hold)
}

fn late(case: &ArrivalCase, policy: &Policy) -> ArrivalResolution {
    let total = sum(case.in_time, case.late);
    match policy.late {
        Late::Back => refund_or_hold(case),
        Late::Hold => ArrivalResolution::Hold(HoldReason::Amount),
        Late::Market if total < case.minimum => refund_or_hold(case),
        Late::Market if total > case.maximum.max(sum(case.ordered, case.tolerance)) => ArrivalResolution::Hold(HoldReason::Amount),
        Late::Market => {
            let promised = if case.promise_lapsed {
                Amount::ZERO
            } else if case.in_time > sum(case.ordered, case.tolerance) {
                case.ordered
            } else {
                case.in_time
            };
            ArrivalResolution::Exchange {
                promised,
                market: MarketShare::Late(less(total, promised)),
                refund: Amount::ZERO,
                aside: Amount::ZERO,
            }
        }
    }
}

/// On-time money or coins that could not be decided while the promise was honoured.
fn resolve_lapsed(case: &ArrivalCase) -> ArrivalResolution {
    match case.in_time > case.maximum.max(sum(case.ordered, case.tolerance)) {
        true => ArrivalResolution::Hold(HoldReason::Amount),
        false => ArrivalResolution::Exchange {
            promised: Amount::ZERO,
            market: MarketShare::Late(case.in_time),
            refund: Amount::ZERO,
            aside: Amount::ZERO,
        },
    }
}

fn short(case: &ArrivalCase, policy: &Policy) -> ArrivalResolution {
    match policy.short {
        Short::Hold => ArrivalResolution::Hold(HoldReason::Amount),
        Short::Refund => refund_or_hold(case),
        Short::Promise if case.in_time < case.minimum => refund_or_hold(case),
        Short::Promise if case.promise_lapsed => resolve_lapsed(case),
        Short::Promise => {
            ArrivalResolution::Exchange { promised: case.in_time, market: MarketShare::Nothing, refund: Amount::ZERO, aside: Amount::ZERO }
        }
    }
}
