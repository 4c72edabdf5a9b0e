//! The tables of records. Each row holds the key, the version, the few columns that queries need, and the record as JSON.

use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::ledger::Account;
use rampart_core::money::asset::Asset;
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::outgoing::{Payout, Transfer, Transmission, Wallet};
use rampart_core::partner::Partner;
use rampart_core::partner::webhook::{Delivery, Subscription};
use rampart_core::review::{AuditEntry, ReviewItem, ReviewSubject};
use rampart_core::step::fact::Fact;
use rampart_core::step::installation_key::InstallationKey;
use rampart_core::step::job::Job;
use rampart_core::step::record::{Record, RecordKey};
use rampart_core::step::watch::{Cursor, Deposit, DepositState};
use rampart_core::text::code::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::error::StoreError;
use crate::sql::{DbRow, SqlValue, shared_json};

#[derive(Debug)]
pub(crate) struct RecordTable {
    pub(crate) name: &'static str,
    /// The columns between `id, version` and `data`.
    pub(crate) columns: &'static [&'static str],
}

/// Tables are equal when their names are.
impl PartialEq for RecordTable {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl RecordTable {
    /// `id, version, …, data`.
    pub(crate) fn all_columns(&self) -> Vec<&'static str> {
        [&["id", "version"], self.columns, &["data"]].concat()
    }
}

/// A record with a table of its own.
pub(crate) trait Stored: Serialize + DeserializeOwned {
    const TABLE: &'static RecordTable;

    /// The values of `RecordTable::columns`.
    fn columns(&self) -> Vec<SqlValue>;

    fn set_version(&mut self, version: i64);

    /// Converts a record that an earlier version stored; `None` when it is in the current form.
    ///
    /// # Errors
    /// [`serde_json::Error`] when it is not a JSON object.
    fn upgraded(_data: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(None)
    }
}

/// Reads a record from a row that begins with `version, data`.
pub(crate) fn read<T: Stored>(row: &DbRow) -> Result<T, StoreError> {
    read_stored(row.text(1)?, row.int(0)?)
}

/// Parses a record from its JSON and the version it is stored with.
pub(crate) fn read_stored<T: Stored>(data: &str, version: i64) -> Result<T, StoreError> {
    let mut record: T = match T::upgraded(data)? {
        Some(record) => record,
        None => serde_json::from_str(data)?,
    };
    record.set_version(version);
    Ok(record)
}

/// A primary key that can be bound and read.
pub(crate) trait RowKey: Copy {
    fn value(&self) -> SqlValue;
    fn read(row: &DbRow, index: usize) -> Result<Self, StoreError>;
}

macro_rules! text_keys {
    ($($key:ident),+) => {
        $(impl RowKey for rampart_core::id::$key {
            fn value(&self) -> SqlValue {
                SqlValue::display(self)
            }

            fn read(row: &DbRow, index: usize) -> Result<Self, StoreError> {
                row.parse(index)
            }
        })+
    };
}

text_keys!(
    PartnerId,
    OrderId,
    PayoutId,
    TransferId,
    TransmissionId,
    FactId,
    DepositId,
    JobId,
    SubscriptionId,
    DeliveryId,
    ReviewId,
    AuditId
);

impl<const N: usize> RowKey for Code<N> {
    fn value(&self) -> SqlValue {
        self.as_str().into()
    }

    fn read(row: &DbRow, index: usize) -> Result<Self, StoreError> {
        row.parse(index)
    }
}

impl RowKey for CustomerId {
    fn value(&self) -> SqlValue {
        self.0.into()
    }

    fn read(row: &DbRow, index: usize) -> Result<Self, StoreError> {
        Ok(Self(row.int(index)?))
    }
}

macro_rules! tables {
    ($($name:ident, $table:literal, [$($column:literal),*], $record:ident => [$($value:expr),*] $(, upgraded by $upgrade:path)?;)+) => {
        $(impl Stored for $name {
            const TABLE: &'static RecordTable = &RecordTable { name: $table, columns: &[$($column),*] };

            fn columns(&self) -> Vec<SqlValue> {
                let $record = self;
                vec![$($value),*]
            }

            fn set_version(&mut self, version: i64) {
                self.version = version;
            }
            $(fn upgraded(data: &str) -> Result<Option<Self>, serde_json::Error> {
                upgrade(data, $upgrade)
            })?
        })+
    };
}

tables! {
    Partner, "partners", ["api_key", "previous_key"], it => [
        it.api_key.key.as_str().into(), SqlValue::TextOrNull(it.previous_key.as_ref().map(|(key, _)| key.key.as_str().into()))
    ];
    Customer, "customers", ["partner", "created_at"], it => [
        SqlValue::display(it.partner), it.created_at.micros().into()
    ];
    Payment, "payments", ["partner", "customer", "status", "open", "due_at", "changed_at"], it => [
        SqlValue::display(it.partner), it.customer.0.into(), it.status().as_str().into(), (!it.is_settled()).into(),
        SqlValue::IntOrNull(it.due_at().map(|due| due.micros())), it.updated_at.micros().into()
    ], upgraded by rampart_core::order::payment::upgraded;
    Rampoff, "rampoffs", ["partner", "customer", "status", "open", "due_at", "changed_at", "deposit_address"], it => [
        SqlValue::display(it.partner), it.customer.0.into(), it.status().as_str().into(), (!it.is_settled()).into(),
        SqlValue::IntOrNull(it.due_at().map(|due| due.micros())), it.updated_at.micros().into(),
        it.deposit_address.as_str().into()
    ], upgraded by rampart_core::order::rampoff::upgraded;
    Payout, "payouts", ["order_id", "state"], it => [SqlValue::display_or_null(it.order), it.state.status().as_str().into()];
    Transfer, "transfers", ["order_id", "chain", "state"], it => [
        SqlValue::display_or_null(it.order), it.chain().as_str().into(), it.state.status().as_str().into()
    ];
    Transmission, "transmissions", ["chain", "state", "height", "slot"], it => [
        it.chain.as_str().into(), it.state.status().as_str().into(),
        SqlValue::IntOrNull(it.state.height().map(|height| i64::try_from(height).unwrap_or(i64::MAX))),
        it.slot.key().into()
    ];
    Fact, "facts", ["waiting"], it => [(!it.applied && it.quarantined.is_none()).into()];
    Deposit, "deposits", ["chain", "state", "height", "order_id", "to_sweep"], it => [
        it.coin.chain.as_str().into(), it.state.as_str().into(), i64::try_from(it.height).unwrap_or(i64::MAX).into(),
        SqlValue::display_or_null(it.order), (it.state == DepositState::Confirmed && !it.swept).into()
    ];
    Job, "jobs", ["kind", "subject", "due_at", "leased_until", "failing"], it => [
        it.kind.as_str().into(), it.subject.as_str().into(), it.due_at.micros().into(), SqlValue::IntOrNull(it.leased_until.map(|until| until.micros())),
        it.is_failing().into()
    ];
    Subscription, "subscriptions", ["partner", "disabled"], it => [SqlValue::display(it.partner), it.is_disabled().into()];
    Delivery, "deliveries", ["partner", "subscription", "state", "due_at", "leased_until"], it => [
        SqlValue::display(it.partner), SqlValue::display(it.subscription), it.state.as_str().into(), it.due_at.micros().into(),
        SqlValue::IntOrNull(it.leased_until.map(|until| until.micros()))
    ];
    Cursor, "cursors", ["number"], it => [SqlValue::IntOrNull(it.position.parse().ok())];
    Wallet, "wallets", [], _it => [];
    ReviewItem, "reviews", ["order_id", "waiting", "alarm", "kind", "fact"], it => [
        SqlValue::display_or_null(it.order), it.resolution.is_none().into(), SqlValue::TextOrNull(alarm(it).map(Into::into)),
        it.subject.kind().as_str().into(), SqlValue::display_or_null(it.fact)
    ];
    AuditEntry, "audit", ["subject"], it => [it.subject.as_str().into()];
    InstallationKey, "installation_keys", [], _it => [];
}

/// Every order in the current form contains this.
const CURRENT_FORM_MARKER: &str = "\"counted\":";

fn upgrade<T: DeserializeOwned>(
    data: &str,
    by: impl FnOnce(Map<String, Json>) -> Map<String, Json>,
) -> Result<Option<T>, serde_json::Error> {
    if data.contains(CURRENT_FORM_MARKER) {
        return Ok(None);
    }
    serde_json::from_value(Json::Object(by(serde_json::from_str(data)?))).map(Some)
}

/// The unique `alarm` value of an open item for an account below its floor.
pub(crate) fn floor_alarm(account: &Account, asset: &Asset) -> String {
    format!("{account} {asset}")
}

/// The unique `alarm` value of an open item: its account and asset, or what it stops. Other items have none.
fn alarm(item: &ReviewItem) -> Option<String> {
    match (&item.subject, &item.resolution, item.asset) {
        (ReviewSubject::BelowFloor(account), None, Some(asset)) => Some(floor_alarm(account, &asset)),
        (ReviewSubject::Stopped(_), None, _) => Some(format!("stopped {}", item.subject.source()?)),
        _ => None,
    }
}

macro_rules! dispatch {
    ($($variant:ident => $record:ty),+ $(,)?) => {
        /// The tables in the order in which rows are locked and written.
        pub(crate) const TABLES: [&RecordTable; 17] = [$(<$record as Stored>::TABLE),+];

        pub(crate) const fn table_of(key: &RecordKey) -> &'static RecordTable {
            match key {
                $(RecordKey::$variant(_) => <$record as Stored>::TABLE),+
            }
        }

        pub(crate) fn key_value(key: &RecordKey) -> SqlValue {
            match key {
                $(RecordKey::$variant(key) => RowKey::value(key)),+
            }
        }

        pub(crate) fn read_key(like: &RecordKey, row: &DbRow, index: usize) -> Result<RecordKey, StoreError> {
            match like {
                $(RecordKey::$variant(_) => RowKey::read(row, index).map(RecordKey::$variant)),+
            }
        }

        pub(crate) fn record_values(record: &Record) -> Result<(Vec<SqlValue>, Arc<str>), serde_json::Error> {
            match record {
                $(Record::$variant(record) => Ok((record.columns(), shared_json(&**record)?))),+
            }
        }
    };
}

dispatch! {
    Partner => Partner,
    Customer => Customer,
    Payment => Payment,
    Rampoff => Rampoff,
    Payout => Payout,
    Transfer => Transfer,
    Transmission => Transmission,
    Fact => Fact,
    Deposit => Deposit,
    Job => Job,
    Subscription => Subscription,
    Delivery => Delivery,
    Cursor => Cursor,
    Wallet => Wallet,
    Review => ReviewItem,
    Audit => AuditEntry,
    InstallationKey => InstallationKey,
}
