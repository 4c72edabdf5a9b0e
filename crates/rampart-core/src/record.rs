//! The records that steps write: one enum over every stored thing, so that the commit path has one shape.

use crate::customer::Customer;
use crate::fact::Fact;
use crate::id::{AuditId, CustomerId, DeliveryId, FactId, JobId, OrderId, PartnerId, PayoutId, ReviewId, SubscriptionId, TransferId};
use crate::installation_key::{InstallationKey, KeyFingerprint};
use crate::job::Job;
use crate::outgoing::{Payout, Transfer};
use crate::partner::Partner;
use crate::payment::Payment;
use crate::rampoff::Rampoff;
use crate::review::{AuditEntry, ReviewItem};
use crate::watch::{Cursor, CursorName, Deposit, Wallet};
use crate::webhook::{Delivery, Subscription};

macro_rules! records {
    ($($(#[$meta:meta])* $name:ident($record:ty, $key:ty)),+ $(,)?) => {
        /// A record to write. Its `version` field says what it replaces: 0 is new.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Record {
            $($(#[$meta])* $name(Box<$record>)),+
        }

        /// Which record: its table and its key. Ordered, because rows are locked in this order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RecordKey {
            $($(#[$meta])* $name($key)),+
        }

        impl Record {
            /// Its table and key.
            #[must_use]
            pub fn key(&self) -> RecordKey {
                match self {
                    $(Self::$name(record) => RecordKey::$name(record.key())),+
                }
            }

            /// The version it replaces; 0 for a new one.
            #[must_use]
            pub fn version(&self) -> i64 {
                match self {
                    $(Self::$name(record) => record.version),+
                }
            }
        }

        $(impl From<$record> for Record {
            fn from(record: $record) -> Self {
                Self::$name(Box::new(record))
            }
        })+

        $(impl $record {
            /// Its key among its like.
            #[must_use]
            pub fn key(&self) -> $key {
                self.id
            }
        })+
    };
}

records! {
    /// A partner.
    Partner(Partner, PartnerId),
    /// A customer of a partner.
    Customer(Customer, CustomerId),
    /// An on-ramp order.
    Payment(Payment, OrderId),
    /// An off-ramp order.
    Rampoff(Rampoff, OrderId),
    /// Money going out over a rail.
    Payout(Payout, PayoutId),
    /// Coins going out over a chain.
    Transfer(Transfer, TransferId),
    /// A fact from outside.
    Fact(Fact, FactId),
    /// Coins seen at a deposit address.
    Deposit(Deposit, FactId),
    /// A piece of work.
    Job(Job, JobId),
    /// A webhook subscription.
    Subscription(Subscription, SubscriptionId),
    /// An event on its way to a subscription.
    Delivery(Delivery, DeliveryId),
    /// How far a source of facts has been read.
    Cursor(Cursor, CursorName),
    /// A hot wallet's next nonce.
    Wallet(Wallet, crate::asset::Chain),
    /// An item on a person's list.
    Review(ReviewItem, ReviewId),
    /// A line of the audit log.
    Audit(AuditEntry, AuditId),
    /// A key of the installation.
    InstallationKey(InstallationKey, KeyFingerprint),
}

/// Whether a field of a record says nothing. What is stored leaves it out: most fields of most orders are for what is unusual.
pub(crate) fn says_nothing<T: Default + PartialEq>(field: &T) -> bool {
    *field == T::default()
}

/// The minor units that a stored amount says, be it a number or a text.
pub(crate) fn minor_of(stored: &serde_json::Value) -> i128 {
    stored.as_str().map_or_else(|| stored.as_i64().map(i128::from), |text| text.parse().ok()).unwrap_or_default()
}
