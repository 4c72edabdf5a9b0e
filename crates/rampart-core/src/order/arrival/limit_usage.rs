//! What an order counts in its customer's limits, and in which windows.

use crate::catalogue::Catalogue;
use crate::customer::kyc::KycLevel;
use crate::money::amount::Amount;
use crate::order::limits::{self, Usage};
use crate::step::CounterChange;
use crate::time::Timestamp;

/// An amount counted in the limit windows of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WindowTotals {
    /// When it was ordered, or when an exchange at the market price was decided.
    pub at: Timestamp,
    /// In minor units of the currency.
    pub amount: Amount,
    pub level: KycLevel,
}

impl WindowTotals {
    /// What a new order counts.
    #[must_use]
    pub fn when_created(at: Timestamp, amount: Amount, level: KycLevel) -> Vec<Self> {
        vec![Self { at, amount, level }]
    }
}

/// Changes what an order counts to `wanted`, and returns the changes of the counters. Reductions apply to the windows the
/// amount was counted in. Only the amount at the time `asked` is a request, bound by the ceilings of its level; the rest is
/// counted without a ceiling.
pub fn recount(
    catalogue: &Catalogue,
    usage: &Usage,
    counted: &mut Vec<WindowTotals>,
    wanted: Vec<WindowTotals>,
    asked: Option<Timestamp>,
) -> Vec<CounterChange> {
    let wanted = merged(wanted);
    let mut raises = Vec::new();
    let mut change = |at: Timestamp, level: KycLevel, by: i128| {
        if by == 0 {
            return;
        }
        let by = Amount::from_minor(by);
        let usage = Usage { at, ..*usage };
        let is_asked = asked == Some(at) && by.is_positive();
        raises.extend(if is_asked { limits::asked(catalogue, &usage, level, by) } else { limits::counted(catalogue, &usage, level, by) });
    };
    for before in counted.iter() {
        let after = wanted.iter().find(|each| each.at == before.at && each.level == before.level);
        change(before.at, before.level, after.map_or(0, |each| each.amount.minor()) - before.amount.minor());
    }
    for after in &wanted {
        if !counted.iter().any(|each| each.at == after.at && each.level == after.level) {
            change(after.at, after.level, after.amount.minor());
        }
    }
    *counted = wanted;
    raises
}

/// One entry per moment and level.
fn merged(wanted: Vec<WindowTotals>) -> Vec<WindowTotals> {
    let mut merged: Vec<WindowTotals> = Vec::with_capacity(wanted.len());
    for each in wanted.into_iter().filter(|each| each.amount.is_positive()) {
        match merged.iter_mut().find(|known| known.at == each.at && known.level == each.level) {
            Some(known) => known.amount = Amount::from_minor(known.amount.minor().saturating_add(each.amount.minor())),
            None => merged.push(each),
        }
    }
    merged
}
