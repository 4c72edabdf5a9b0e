//! Records by key.

use rampart_core::customer::Customer;
use rampart_core::id::{
    CustomerId, DeliveryId, DepositId, FactId, JobId, OrderId, PartnerId, PayoutId, ReviewId, SubscriptionId, TransferId, TransmissionId,
};
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::outgoing::{Payout, Transfer, Transmission, Wallet, WalletName};
use rampart_core::partner::Partner;
use rampart_core::partner::webhook::{Delivery, Subscription};
use rampart_core::review::ReviewItem;
use rampart_core::step::fact::Fact;
use rampart_core::step::job::Job;
use rampart_core::step::watch::{Cursor, CursorName, Deposit};

use crate::Store;
use crate::error::StoreError;
use crate::sql::SqlValue;
use crate::tables::{RowKey, Stored, read};

macro_rules! gets {
    ($($(#[$meta:meta])* $one:ident($key:ty) -> $record:ty, $table:literal, $many:ident;)+) => {
        impl Store {
            $(
                $(#[$meta])*
                pub async fn $one(&self, id: $key) -> Result<Option<$record>, StoreError> {
                    self.single(concat!("SELECT version, data FROM ", $table, " WHERE id = $1"), vec![id.value()]).await
                }

                /// Several records by key, in no particular order. Missing ones are left out.
                pub async fn $many(&self, ids: &[$key]) -> Result<Vec<$record>, StoreError> {
                    self.by_keys(ids).await
                }
            )+
        }
    };
}

gets! {
    /// A partner.
    partner(PartnerId) -> Partner, "partners", partners_by_id;
    /// A customer. The caller checks whose it is.
    customer(CustomerId) -> Customer, "customers", customers_by_id;
    /// A payment. The caller checks whose it is.
    payment(OrderId) -> Payment, "payments", payments_by_id;
    /// A ramp-off. The caller checks whose it is.
    rampoff(OrderId) -> Rampoff, "rampoffs", rampoffs_by_id;
    /// A payout.
    payout(PayoutId) -> Payout, "payouts", payouts_by_id;
    /// A transfer.
    transfer(TransferId) -> Transfer, "transfers", transfers_by_id;
    /// A transmission.
    transmission(TransmissionId) -> Transmission, "transmissions", transmissions_by_id;
    /// A fact.
    fact(FactId) -> Fact, "facts", facts_by_id;
    /// A deposit.
    deposit(DepositId) -> Deposit, "deposits", deposits_by_id;
    /// A job.
    job(JobId) -> Job, "jobs", jobs_by_id;
    /// A webhook subscription.
    subscription(SubscriptionId) -> Subscription, "subscriptions", subscriptions_by_id;
    /// A delivery.
    delivery(DeliveryId) -> Delivery, "deliveries", deliveries_by_id;
    /// The cursor of a source of facts.
    cursor(CursorName) -> Cursor, "cursors", cursors_by_name;
    /// A wallet of ours.
    wallet(WalletName) -> Wallet, "wallets", wallets_by_name;
    /// A review item.
    review(ReviewId) -> ReviewItem, "reviews", reviews_by_id;
}

impl Store {
    async fn by_keys<T: Stored, K: RowKey>(&self, keys: &[K]) -> Result<Vec<T>, StoreError> {
        let mut distinct: Vec<SqlValue> = Vec::with_capacity(keys.len());
        for key in keys {
            let value = key.value();
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        let sql = |keys_match: &str| format!("SELECT version, data FROM {} WHERE id {keys_match}", T::TABLE.name);
        self.inner.readers.fetch_by_keys(sql, distinct, Vec::new()).await?.iter().map(read).collect()
    }
}
