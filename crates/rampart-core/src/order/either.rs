//! An order of either direction, for whatever treats both alike.

use crate::id::{CustomerId, OrderId};
use crate::payment::Payment;
use crate::rampoff::Rampoff;
use crate::record::RecordKey;

/// A purchase or a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A purchase.
    Payment(Box<Payment>),
    /// A sale.
    Rampoff(Box<Rampoff>),
}

impl Order {
    /// Its identifier.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        match self {
            Self::Payment(payment) => payment.id,
            Self::Rampoff(rampoff) => rampoff.id,
        }
    }

    /// Its customer.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::Payment(payment) => payment.customer,
            Self::Rampoff(rampoff) => rampoff.customer,
        }
    }

    /// Its record and the version it was loaded at, for a step that relies on it.
    #[must_use]
    pub const fn relied(&self) -> (RecordKey, i64) {
        match self {
            Self::Payment(payment) => (RecordKey::Payment(payment.id), payment.version),
            Self::Rampoff(rampoff) => (RecordKey::Rampoff(rampoff.id), rampoff.version),
        }
    }

    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Payment(payment) => payment.status(),
            Self::Rampoff(rampoff) => rampoff.status(),
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
