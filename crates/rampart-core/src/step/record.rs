//! The records that steps write: one enum over all stored records, so that the commit path is uniform.

use crate::customer::Customer;
use crate::id::{
    AuditId, CustomerId, DeliveryId, DepositId, FactId, JobId, OrderId, PartnerId, PayoutId, ReviewId, SubscriptionId, TransferId,
    TransmissionId,
};
use crate::order::payment::Payment;
use crate::order::rampoff::Rampoff;
use crate::outgoing::{Payout, Transfer, Transmission, Wallet, WalletName};
use crate::partner::Partner;
use crate::partner::webhook::{Delivery, Subscription};
use crate::review::{AuditEntry, ReviewItem};
use crate::step::fact::Fact;
use crate::step::installation_key::{InstallationKey, KeyFingerprint};
use crate::step::job::Job;
use crate::step::watch::{Cursor, CursorName, Deposit};

macro_rules! records {
    ($($(#[$meta:meta])* $name:ident($record:ty, $key:ty)),+ $(,)?) => {
        /// A record to write. Its `version` field says what it replaces: 0 is new.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Record {
            $($(#[$meta])* $name(Box<$record>)),+
        }

        /// Table and key of a record. Ordered, because rows are locked in this order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RecordKey {
            $($(#[$meta])* $name($key)),+
        }

        impl Record {
            /// The record's table and key.
            #[must_use]
            pub fn key(&self) -> RecordKey {
                match self {
                    $(Self::$name(record) => RecordKey::$name(record.key())),+
                }
            }

            /// The version it replaces; 0 for a new record.
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
            /// The record's key in its table.
            #[must_use]
            pub fn key(&self) -> $key {
                self.id
            }
        })+
    };
}

records! {
    Partner(Partner, PartnerId),
    Customer(Customer, CustomerId),
    Payment(Payment, OrderId),
    Rampoff(Rampoff, OrderId),
    Payout(Payout, PayoutId),
    Transfer(Transfer, TransferId),
    Transmission(Transmission, TransmissionId),
    Fact(Fact, FactId),
    Deposit(Deposit, DepositId),
    Job(Job, JobId),
    Subscription(Subscription, SubscriptionId),
    Delivery(Delivery, DeliveryId),
    Cursor(Cursor, CursorName),
    Wallet(Wallet, WalletName),
    Review(ReviewItem, ReviewId),
    Audit(AuditEntry, AuditId),
    InstallationKey(InstallationKey, KeyFingerprint),
}
