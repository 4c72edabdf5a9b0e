//! An order of either direction, for code that treats both alike.

use crate::id::{CustomerId, OrderId};
use crate::money::asset::Asset;
use crate::order::HoldReason;
use crate::order::payment::{Payment, PaymentState};
use crate::order::rampoff::{Rampoff, RampoffState};
use crate::outgoing::OutgoingRecord;
use crate::step::record::RecordKey;

/// A payment or a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Payment(Box<Payment>),
    Rampoff(Box<Rampoff>),
}

impl Order {
    /// The order's identifier.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        match self {
            Self::Payment(payment) => payment.id,
            Self::Rampoff(rampoff) => rampoff.id,
        }
    }

    /// The order's customer.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::Payment(payment) => payment.customer,
            Self::Rampoff(rampoff) => rampoff.customer,
        }
    }

    /// Key and loaded version of its record, for a step that relies on it.
    #[must_use]
    pub const fn relied(&self) -> (RecordKey, i64) {
        match self {
            Self::Payment(payment) => (RecordKey::Payment(payment.id), payment.version),
            Self::Rampoff(rampoff) => (RecordKey::Rampoff(rampoff.id), rampoff.version),
        }
    }

    /// An outgoing payout or transfer that may still be stopped, or is not known to have arrived.
    #[must_use]
    pub fn on_its_way(&self) -> Option<OutgoingRecord> {
        match self {
            Self::Payment(payment) => match &payment.state {
                PaymentState::Sending { transfer, .. } => Some(OutgoingRecord::Transfer(*transfer)),
                PaymentState::RefundPending { payouts } => payouts.first().map(|refund| OutgoingRecord::Payout(refund.payout)),
                _ => None,
            },
            Self::Rampoff(rampoff) => match rampoff.state {
                RampoffState::PayingOut { payout, .. } => Some(OutgoingRecord::Payout(payout)),
                RampoffState::RefundPending { transfer, .. } => Some(OutgoingRecord::Transfer(transfer)),
                _ => None,
            },
        }
    }

    /// Every outgoing payout or transfer: a refund may be several payouts.
    #[must_use]
    pub fn all_pending_outgoing(&self) -> Vec<OutgoingRecord> {
        match self {
            Self::Payment(payment) => match &payment.state {
                PaymentState::RefundPending { payouts } => payouts.iter().map(|refund| OutgoingRecord::Payout(refund.payout)).collect(),
                _ => self.on_its_way().into_iter().collect(),
            },
            Self::Rampoff(_) => self.on_its_way().into_iter().collect(),
        }
    }

    /// The asset the order receives.
    #[must_use]
    pub const fn receives(&self) -> Asset {
        match self {
            Self::Payment(payment) => Asset::Fiat(payment.terms.fiat),
            Self::Rampoff(rampoff) => Asset::Coin(rampoff.terms.coin),
        }
    }

    /// Why the order is on hold.
    #[must_use]
    pub const fn hold(&self) -> Option<HoldReason> {
        match self {
            Self::Payment(payment) => match payment.state {
                PaymentState::OnHold { reason, .. } => Some(reason),
                _ => None,
            },
            Self::Rampoff(rampoff) => match rampoff.state {
                RampoffState::OnHold { reason, .. } => Some(reason),
                _ => None,
            },
        }
    }

    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Payment(payment) => payment.status().as_str(),
            Self::Rampoff(rampoff) => rampoff.status().as_str(),
        }
    }
}

impl From<Payment> for Order {
    fn from(payment: Payment) -> Self {
        Self::Payment(Box::new(payment))
    }
}

impl From<Rampoff> for Order {
    fn from(rampoff: Rampoff) -> Self {
        Self::Rampoff(Box::new(rampoff))
    }
}
