//! What an order counts in its customer's limits, and in which windows.

use crate::amount::Amount;
use crate::catalogue::Catalogue;
use crate::kyc::KycLevel;
use crate::limits::{self, Usage};
use crate::step::CounterChange;
use crate::time::Timestamp;

/// So much counts in the windows of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WindowTotals {
    /// The moment: when it was ordered, or when something beyond that was decided.
    pub at: Timestamp,
    /// How much, in minor units of the currency.
    pub amount: Amount,
    /// The customer's level at that moment.
    pub level: KycLevel,
}

impl WindowTotals {
    /// What an order counts when it is made.
    #[must_use]
    pub fn when_made(at: Timestamp, amount: Amount, level: KycLevel) -> Vec<Self> {
        vec![Self { at, amount, level }]
    }
}

/// Changes what an order counts to `wanted`, and gives the raises of the counters. Giving back goes to the windows it was
/// counted in. What `asked` names is bound by the ceilings of its level; everything else is counted and not asked.
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

/// What counts at one moment at one level, once.
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
