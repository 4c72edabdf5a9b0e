//! Who said where an order's money or coins go, and from when on that is followed without a person.
//!
//! What a partner says over the API is final for hosted pages: whoever has an order's link may fill what is empty, and nothing
//! else. A link can be in wrong hands, so what a page says is followed only a while after the partner was told, or by a person.

use super::{Context, HoldReason};
use crate::time::Timestamp;

/// Who gave a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProvidedBy {
    /// The partner, over the API: with the order, or later.
    Partner,
    /// Whoever has the link to the order's page.
    Page,
    /// An operator.
    Operator,
}

impl ProvidedBy {
    /// Its name, as records, partners and persons see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Page => "page",
            Self::Operator => "operator",
        }
    }
}

/// Where a destination comes from. (Business time.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DestinationOrigin {
    /// Who gave it.
    pub by: ProvidedBy,
    /// When.
    pub at: Timestamp,
    /// From when on money or coins go there without a person; nothing when only a person sends them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_from: Option<Timestamp>,
}

impl DestinationOrigin {
    /// What is followed at once: it was given by somebody who had shown who they are.
    #[must_use]
    pub const fn trusted(by: ProvidedBy, at: Timestamp) -> Self {
        Self { by, at, used_from: Some(at) }
    }

    /// Whether money or coins go there at this moment without a person.
    #[must_use]
    pub fn is_used(&self, now: Timestamp) -> bool {
        self.used_from.is_some_and(|from| now >= from)
    }

    /// What a page gave is not followed any more without a person: money did not arrive there, or nobody could object to it.
    pub(crate) fn require_operator(&mut self) {
        if self.by == ProvidedBy::Page {
            self.used_from = None;
        }
    }
}

/// By whose word money or coins go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecidedBy {
    /// By a rule, or because somebody asked who may not say where to.
    Policy,
    /// By a person of ours, who has seen where to.
    Operator,
}

/// Whether a destination is followed at this moment. What a page gave is not while customer or partner may not go on: a partner
/// that is disabled cannot object. What an earlier version stored says nothing of where it comes from, and was followed at once.
pub(crate) fn is_usable(origin: Option<&DestinationOrigin>, by: DecidedBy, context: &Context<'_>) -> bool {
    let Some(origin) = origin else { return true };
    let may_go_on = origin.by != ProvidedBy::Page || context.standing.blocked.is_none();
    by == DecidedBy::Operator || (origin.is_used(context.mint.now) && may_go_on)
}

/// When an order that waits for a destination is looked at again: at the moment from which on the one that it has is followed.
pub(crate) fn usable_from(reason: HoldReason, origin: Option<&DestinationOrigin>) -> Option<Timestamp> {
    origin.filter(|origin| reason.lacks_a_destination() && origin.by == ProvidedBy::Page)?.used_from
}

/// What time does to a destination that a page gave.
pub(crate) enum ObjectionPeriodEnd {
    /// It is followed now.
    Usable,
    /// It would be, and nobody could object: from now on only a person follows it.
    NeedsOperator,
}

/// Whether the moment has come from which on what a page gave is followed.
pub(crate) fn objection_period_end(reason: HoldReason, origin: Option<&DestinationOrigin>, context: &Context<'_>) -> Option<ObjectionPeriodEnd> {
    usable_from(reason, origin).filter(|from| context.mint.now >= *from)?;
    Some(if context.standing.blocked.is_none() { ObjectionPeriodEnd::Usable } else { ObjectionPeriodEnd::NeedsOperator })
}
