//! Who gave an order's destination, and from when it may be used without an operator.
//!
//! What a partner gives over the API is final for hosted pages: the holder of an order's link may only fill in what is empty. A
//! link may be in the wrong hands, so a destination given on a page is used only after an objection period, which starts when
//! the partner is notified, or by an operator.

use super::{Context, HoldReason};
use crate::text::words::words;
use crate::time::Timestamp;

words! {
    /// Who provided a destination: the partner over the API, the holder of the link to the order's page, or an operator.
    ProvidedBy as DestinationGiver {
        /// The partner, over the API: with the order, or later.
        Partner = "partner",
        /// The holder of the link to the order's page.
        Page = "page",
        Operator = "operator",
    }
}

/// Origin of a destination. Times are business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DestinationOrigin {
    pub by: ProvidedBy,
    pub at: Timestamp,
    /// From when it is used without an operator; `None` if only an operator uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_from: Option<Timestamp>,
}

impl DestinationOrigin {
    /// A destination that may be used at once: an authenticated caller gave it.
    #[must_use]
    pub const fn trusted(by: ProvidedBy, at: Timestamp) -> Self {
        Self { by, at, used_from: Some(at) }
    }

    /// Whether it may be used at this time without an operator.
    #[must_use]
    pub fn is_used(&self, now: Timestamp) -> bool {
        self.used_from.is_some_and(|from| now >= from)
    }

    /// Leaves a destination given on a page to an operator: it failed, or nobody could object to it.
    pub(crate) fn require_operator(&mut self) {
        if self.by == ProvidedBy::Page {
            self.used_from = None;
        }
    }
}

/// Who decides about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecidedBy {
    /// A rule, or someone who may not choose the destination.
    Policy,
    /// An operator, who has seen the destination.
    Operator,
}

/// Whether a destination may be used now. One given on a page may not be used while customer or partner is blocked: a disabled
/// partner cannot object. Earlier versions stored no origin and used the destination at once.
pub(crate) fn is_usable(origin: Option<&DestinationOrigin>, by: DecidedBy, context: &Context<'_>) -> bool {
    let Some(origin) = origin else { return true };
    let may_go_on = origin.by != ProvidedBy::Page || context.standing.blocked.is_none();
    by == DecidedBy::Operator || (origin.is_used(context.mint.now) && may_go_on)
}

/// When an order waiting for a destination is checked again: at the end of the objection period.
pub(crate) fn usable_from(reason: HoldReason, origin: Option<&DestinationOrigin>) -> Option<Timestamp> {
    origin.filter(|origin| reason.needs_destination() && origin.by == ProvidedBy::Page)?.used_from
}

/// The end of the objection period of a destination given on a page.
pub(crate) enum ObjectionPeriodEnd {
    Usable,
    /// Nobody could object: only an operator may use it.
    NeedsOperator,
}

/// Whether the objection period has ended, and how.
pub(crate) fn objection_period_end(
    reason: HoldReason,
    origin: Option<&DestinationOrigin>,
    context: &Context<'_>,
) -> Option<ObjectionPeriodEnd> {
    usable_from(reason, origin).filter(|from| context.mint.now >= *from)?;
    Some(if context.standing.blocked.is_none() { ObjectionPeriodEnd::Usable } else { ObjectionPeriodEnd::NeedsOperator })
}
