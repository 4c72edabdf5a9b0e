//! Deviations of what arrived from what was ordered. They are shown and decide nothing.

use super::resolve::ArrivalCase;
use crate::money::amount::Amount;
use crate::text::words::words;
use crate::time::Timestamp;

words! {
    /// How what arrived for an order differs from what was ordered.
    DeviationKind as OrderException {
        /// It arrived after the end of the promise, or of the order.
        Late = "late",
        Short = "short",
        Over = "over",
        ForeignPayer = "foreign_payer",
        WrongNetwork = "wrong_network",
        WrongAsset = "wrong_asset",
        /// It arrived after the order had been decided.
        Duplicate = "duplicate",
    }
}

/// One deviation of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deviation {
    pub kind: DeviationKind,
    /// The amount it concerns, in minor units of what arrives; for a short amount, what is missing.
    pub amount: Amount,
    /// When it was first seen (business time).
    pub at: Timestamp,
}

/// The deviations of an order, one per kind with its total.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Adds an amount to a deviation.
    pub fn add(&mut self, kind: DeviationKind, amount: Amount, at: Timestamp) {
        match self.0.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.amount = Amount::from_minor(known.amount.minor().saturating_add(amount.minor())),
            None => {
                self.0.push(Deviation { kind, amount, at });
                self.0.sort_by_key(|known| known.kind);
            }
        }
    }

    /// Sets the total of a deviation; removes it if the amount is zero.
    pub fn set(&mut self, kind: DeviationKind, amount: Amount, at: Timestamp) {
        let at = self.0.iter().find(|known| known.kind == kind).map_or(at, |known| known.at);
        self.0.retain(|known| known.kind != kind);
        if amount.is_positive() {
            self.add(kind, amount, at);
        }
    }

    /// Notes the deviations of a decided amount: short or over by more than the tolerance, and late if a price was promised.
    pub fn note(&mut self, case: &ArrivalCase, is_promised: bool, now: Timestamp) {
        let difference = case.in_time.minor().saturating_add(case.late.minor()) - case.ordered.minor();
        let beyond = |difference: i128| if difference > case.tolerance.minor() { Amount::from_minor(difference) } else { Amount::ZERO };
        self.set(DeviationKind::Short, beyond(-difference), now);
        self.set(DeviationKind::Over, beyond(difference), now);
        self.set(DeviationKind::Late, if is_promised { case.late } else { Amount::ZERO }, now);
    }

    /// The deviation shown where only one can be.
    #[must_use]
    pub fn first(&self) -> Option<DeviationKind> {
        self.0.first().map(|known| known.kind)
    }

    /// Every deviation.
    #[must_use]
    pub fn as_slice(&self) -> &[Deviation] {
        &self.0
    }
}
