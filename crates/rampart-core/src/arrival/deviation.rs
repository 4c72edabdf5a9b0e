//! What was unusual about what arrived. It is shown and decides nothing.

use super::resolve::ArrivalCase;
use crate::amount::Amount;
use crate::time::Timestamp;

/// A kind of deviation, in the order in which one of several is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// It arrived after the promise, or the order, had ended.
    Late,
    /// Less arrived than was ordered.
    Short,
    /// More arrived than was ordered.
    Over,
    /// Somebody else than the customer paid.
    ForeignPayer,
    /// Coins arrived on another chain.
    WrongNetwork,
    /// Another coin or currency arrived.
    WrongAsset,
    /// It arrived when the order was decided already.
    Duplicate,
}

impl DeviationKind {
    /// Its name, as it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Short => "short",
            Self::Over => "over",
            Self::ForeignPayer => "foreign_payer",
            Self::WrongNetwork => "wrong_network",
            Self::WrongAsset => "wrong_asset",
            Self::Duplicate => "duplicate",
        }
    }
}

/// One deviation of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deviation {
    /// What was unusual.
    pub kind: DeviationKind,
    /// How much it concerns, in minor units of what arrives; of a missing amount, what is missing.
    pub amount: Amount,
    /// When it was first seen (business time).
    pub at: Timestamp,
}

/// The deviations of an order: one of a kind, with what it concerns in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Notes that so much more is unusual.
    pub fn add(&mut self, kind: DeviationKind, amount: Amount, at: Timestamp) {
        match self.0.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.amount = Amount::from_minor(known.amount.minor().saturating_add(amount.minor())),
            None => {
                self.0.push(Deviation { kind, amount, at });
                self.0.sort_by_key(|known| known.kind);
            }
        }
    }

    /// Notes how much is unusual in all; nothing of that kind when it is zero.
    pub fn set(&mut self, kind: DeviationKind, amount: Amount, at: Timestamp) {
        let at = self.0.iter().find(|known| known.kind == kind).map_or(at, |known| known.at);
        self.0.retain(|known| known.kind != kind);
        if amount.is_positive() {
            self.add(kind, amount, at);
        }
    }

    /// Notes what is unusual about what is decided: too little or too much by more than the tolerance, and what came late, where
    /// something was promised.
    pub fn note(&mut self, case: &ArrivalCase, is_promised: bool, now: Timestamp) {
        let difference = case.in_time.minor().saturating_add(case.late.minor()) - case.ordered.minor();
        let beyond = |difference: i128| if difference > case.tolerance.minor() { Amount::from_minor(difference) } else { Amount::ZERO };
        self.set(DeviationKind::Short, beyond(-difference), now);
        self.set(DeviationKind::Over, beyond(difference), now);
        self.set(DeviationKind::Late, if is_promised { case.late } else { Amount::ZERO }, now);
    }

    /// The one that is told where only one can be.
    #[must_use]
    pub fn first(&self) -> Option<DeviationKind> {
        self.0.first().map(|known| known.kind)
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Deviation] {
        &self.0
    }
}
