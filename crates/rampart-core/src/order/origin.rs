//! Who said where an order's money or coins go, and from when on that is followed without a person.
//!
//! What a partner says over the API is final for hosted pages: whoever has an order's link may fill what is empty, and nothing
//! else. A link can be in wrong hands, so what a page says is followed only a while after the partner was told, or by a person.

use super::{CommandRefusal, HoldReason};
use crate::time::Timestamp;

/// Who gave a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenBy {
    /// The partner, over the API: with the order, or later.
    Partner,
    /// Whoever has the link to the order's page.
    Page,
    /// An operator.
    Operator,
}

impl GivenBy {
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
    pub by: GivenBy,
    /// When.
    pub at: Timestamp,
    /// From when on money or coins go there without a person; nothing when only a person sends them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_from: Option<Timestamp>,
}

impl DestinationOrigin {
    /// What is followed at once: it was given by somebody who had shown who they are.
    #[must_use]
    pub const fn trusted(by: GivenBy, at: Timestamp) -> Self {
        Self { by, at, used_from: Some(at) }
    }

    /// Whether money or coins go there at this moment without a person.
    #[must_use]
    pub fn is_used(&self, now: Timestamp) -> bool {
        self.used_from.is_some_and(|from| now >= from)
    }

    /// A person has looked at it and sends money or coins there.
    pub(crate) fn accept(&mut self, now: Timestamp) {
        self.used_from = Some(self.used_from.map_or(now, |from| from.min(now)));
    }
}

/// Whether a destination is followed at this moment without a person. What an earlier version stored says nothing of where it
/// comes from, and was followed at once.
pub(crate) fn is_used(origin: Option<&DestinationOrigin>, now: Timestamp) -> bool {
    origin.is_none_or(|origin| origin.is_used(now))
}

/// When an order that waits for a destination goes on by itself: at the moment from which on the one that it has is followed.
/// One that was followed already and failed is not tried again.
pub(crate) fn followed_from(reason: HoldReason, since: Timestamp, origin: Option<&DestinationOrigin>) -> Option<Timestamp> {
    let waits = matches!(reason, HoldReason::Destination | HoldReason::RefundFailed);
    origin?.used_from.filter(|from| waits && *from > since)
}

/// Whether somebody may say where money or coins go.
///
/// # Errors
/// [`CommandRefusal::DestinationGiven`] for a page where something was given before.
pub(crate) fn may_give(by: GivenBy, has_one: bool) -> Result<(), CommandRefusal> {
    if by == GivenBy::Page && has_one { Err(CommandRefusal::DestinationGiven) } else { Ok(()) }
}
