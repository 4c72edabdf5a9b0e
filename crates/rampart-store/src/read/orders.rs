//! Payments and ramp-offs.

use std::fmt::Display;

use rampart_core::id::earlier_link;
use rampart_core::id::{CustomerId, OrderId, PartnerId};
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::order::{PaymentStatus, RampoffStatus};
use rampart_core::step::ClaimScope;
use rampart_core::time::Timestamp;

use super::AFTER_ALL_IDS;
use crate::Store;
use crate::error::StoreError;
use crate::sql::SqlValue;
use crate::tables::{Stored, read};

const OPEN_PAGE_ROWS: i64 = 500;

/// Which orders to list. Every field narrows the list; the default lists all.
#[derive(Debug, Clone)]
pub struct OrderFilter<Status> {
    pub partner: Option<PartnerId>,
    /// The statuses partners see; any when empty.
    pub statuses: Vec<Status>,
    pub customer: Option<CustomerId>,
    /// Needs `partner`; without it nothing is found.
    pub external_id: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl<Status> Default for OrderFilter<Status> {
    fn default() -> Self {
        Self { partner: None, statuses: Vec::new(), customer: None, external_id: None, from: None, to: None }
    }
}

/// The owner that the orders of a list share.
#[derive(Clone, Copy)]
enum ListOwner {
    Partner(PartnerId),
    Customer(CustomerId),
}

impl ListOwner {
    const fn column(self) -> &'static str {
        match self {
            Self::Partner(_) => "partner",
            Self::Customer(_) => "customer",
        }
    }

    fn value(self) -> SqlValue {
        match self {
            Self::Partner(id) => SqlValue::display(id),
            Self::Customer(id) => id.0.into(),
        }
    }
}

/// What lists need of an order.
trait StoredOrder: Stored {
    /// The status that partners see.
    type Status: Copy + PartialEq + Display + Send + Sync + 'static;
    const STATUSES: &'static [Self::Status];
    /// The scope of the claims on external ids.
    const EXTERNAL_ID_SCOPE: ClaimScope;
    fn order_id(&self) -> OrderId;
    fn owner(&self) -> (PartnerId, CustomerId);
    fn public_status(&self) -> Self::Status;
    fn external_id(&self) -> Option<&str>;
    fn earlier_link(&self) -> Option<&str>;
}

macro_rules! order {
    ($order:ty, $status:ty, $external_id_scope:expr) => {
        impl StoredOrder for $order {
            type Status = $status;
            const STATUSES: &'static [$status] = &<$status>::ALL;
            const EXTERNAL_ID_SCOPE: ClaimScope = $external_id_scope;

            fn order_id(&self) -> OrderId {
                self.id
            }

            fn owner(&self) -> (PartnerId, CustomerId) {
                (self.partner, self.customer)
            }

            fn public_status(&self) -> $status {
                self.status()
            }

            fn external_id(&self) -> Option<&str> {
                self.external_id.as_deref()
            }

            fn earlier_link(&self) -> Option<&str> {
                self.earlier_link.as_deref()
            }
        }
    };
}

order!(Payment, PaymentStatus, ClaimScope::PaymentExternalId);
order!(Rampoff, RampoffStatus, ClaimScope::RampoffExternalId);

impl Store {
    /// A payment of a partner. Another partner's is not read, so timing does not reveal whether it exists.
    pub async fn payment_of(&self, partner: PartnerId, id: OrderId) -> Result<Option<Payment>, StoreError> {
        let sql = "SELECT version, data FROM payments WHERE id = $1 AND partner = $2";
        self.single(sql, vec![SqlValue::display(id), SqlValue::display(partner)]).await
    }

    /// A ramp-off of a partner; see [`Store::payment_of`].
    pub async fn rampoff_of(&self, partner: PartnerId, id: OrderId) -> Result<Option<Rampoff>, StoreError> {
        let sql = "SELECT version, data FROM rampoffs WHERE id = $1 AND partner = $2";
        self.single(sql, vec![SqlValue::display(id), SqlValue::display(partner)]).await
    }

    /// Payments, newest first, before `before` (the last one of the previous page).
    pub async fn payments(
        &self,
        filter: &OrderFilter<PaymentStatus>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.orders(filter, before, limit).await
    }

    /// Ramp-offs, newest first, before `before` (the last one of the previous page).
    pub async fn rampoffs(
        &self,
        filter: &OrderFilter<RampoffStatus>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Rampoff>, StoreError> {
        self.orders(filter, before, limit).await
    }

    async fn orders<T: StoredOrder>(
        &self,
        filter: &OrderFilter<T::Status>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        if filter.external_id.is_some() {
            return self.order_by_external_id(filter, before).await;
        }
        let from = filter.from.map_or_else(String::new, |from| OrderId::first_at(from).to_string());
        let end =
            filter.to.map(OrderId::first_at).into_iter().chain(before).min().map_or_else(|| AFTER_ALL_IDS.to_owned(), |id| id.to_string());
        let range: [SqlValue; 3] = [from.into(), end.into(), i64::from(limit).into()];
        let statuses = if filter.statuses.is_empty() { T::STATUSES } else { &filter.statuses };
        let owners = match (filter.partner, filter.customer) {
            (None, Some(customer)) => vec![ListOwner::Customer(customer)],
            // A customer belongs to one partner and has no orders of another.
            (Some(partner), Some(customer)) => match self.customer(customer).await? {
                Some(known) if known.partner == partner => vec![ListOwner::Customer(customer)],
                _ => return Ok(Vec::new()),
            },
            (Some(partner), None) => vec![ListOwner::Partner(partner)],
            (None, None) if filter.statuses.is_empty() => {
                let sql = format!("SELECT version, data FROM {} WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3", T::TABLE.name);
                return self.list(sql, range.into()).await;
            }
            (None, None) => self.partner_ids().await?.into_iter().map(ListOwner::Partner).collect(),
        };
        let mut found: Vec<T> = Vec::new();
        for owner in owners {
            found.extend(self.orders_of_owner(owner, statuses, range.clone()).await?);
        }
        found.sort_by_key(|order| std::cmp::Reverse(order.order_id()));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// The orders of an owner in some statuses, newest first: one index range per status.
    async fn orders_of_owner<T: StoredOrder>(
        &self,
        owner: ListOwner,
        statuses: &[T::Status],
        range: [SqlValue; 3],
    ) -> Result<Vec<T>, StoreError> {
        let (table, column) = (T::TABLE.name, owner.column());
        let sql = |status: &T::Status| {
            format!("SELECT version, data, id FROM {table} WHERE {column} = $4 AND status = '{status}' AND id >= $1 AND id < $2")
        };
        let ranges: Vec<String> = statuses.iter().map(sql).collect();
        let values = range.into_iter().chain([owner.value()]).collect();
        self.inner.readers.fetch_merged(&ranges, "ORDER BY id DESC LIMIT $3", values).await?.iter().map(read).collect()
    }

    async fn partner_ids(&self) -> Result<Vec<PartnerId>, StoreError> {
        let rows = self.rows("SELECT id FROM partners ORDER BY id", Vec::new()).await?;
        rows.iter().map(|row| row.parse(0)).collect()
    }

    /// An external id identifies at most one order of a partner: the one of its claim.
    async fn order_by_external_id<T: StoredOrder>(
        &self,
        filter: &OrderFilter<T::Status>,
        before: Option<OrderId>,
    ) -> Result<Vec<T>, StoreError> {
        let (Some(partner), Some(external_id)) = (filter.partner, &filter.external_id) else { return Ok(Vec::new()) };
        let Some(claim) = self.claim(T::EXTERNAL_ID_SCOPE, &format!("{partner}:{external_id}")).await? else { return Ok(Vec::new()) };
        let sql = format!("SELECT version, data FROM {} WHERE id = $1", T::TABLE.name);
        let order: Option<T> = self.single(sql, vec![claim.subject.into()]).await?;
        let fits = |order: &T| {
            let (owner, customer) = order.owner();
            let made = order.order_id().minted_at();
            owner == partner
                && order.external_id() == Some(external_id)
                && filter.customer.is_none_or(|wanted| wanted == customer)
                && (filter.statuses.is_empty() || filter.statuses.contains(&order.public_status()))
                && filter.from.is_none_or(|from| made >= from)
                && filter.to.is_none_or(|to| made < to)
                && before.is_none_or(|before| order.order_id() < before)
        };
        Ok(order.filter(fits).into_iter().collect())
    }

    /// The payment with this `concept`, the remittance text that transfers quote.
    pub async fn payment_by_concept(&self, concept: &str) -> Result<Option<Payment>, StoreError> {
        match self.claim(ClaimScope::Concept, concept).await?.and_then(|claim| claim.subject.parse().ok()) {
            Some(id) => self.payment(id).await,
            None => Ok(None),
        }
    }

    /// The payment that a link of an earlier version leads to.
    pub async fn payment_by_earlier_link(&self, token: &str) -> Result<Option<Payment>, StoreError> {
        self.order_by_earlier_link(token).await
    }

    /// The ramp-off that a link of an earlier version leads to.
    pub async fn rampoff_by_earlier_link(&self, token: &str) -> Result<Option<Rampoff>, StoreError> {
        self.order_by_earlier_link(token).await
    }

    /// Identifiers sort by time, so the orders of the token's millisecond are one range.
    async fn order_by_earlier_link<T: StoredOrder>(&self, token: &str) -> Result<Option<T>, StoreError> {
        let Some(made) = earlier_link::created_within(token) else { return Ok(None) };
        let [first, end] = [made.start, made.end].map(|moment| SqlValue::display(OrderId::first_at(moment)));
        let sql = format!("SELECT version, data FROM {} WHERE id >= $1 AND id < $2", T::TABLE.name);
        let made: Vec<T> = self.list(sql, vec![first, end]).await?;
        Ok(made.into_iter().find(|order| earlier_link::matches(order.earlier_link(), token)))
    }

    /// The ramp-offs with these deposit addresses, oldest first, on any chain. Addresses are compared as stored. Orders of earlier
    /// versions may share an address on different chains.
    pub async fn rampoffs_by_deposit_addresses(&self, addresses: &[String]) -> Result<Vec<Rampoff>, StoreError> {
        let mut sorted: Vec<&String> = addresses.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let addresses = sorted.into_iter().map(|address| SqlValue::from(address.as_str())).collect();
        let sql = |keys_match: &str| format!("SELECT version, data FROM rampoffs WHERE deposit_address {keys_match}");
        let mut found: Vec<Rampoff> =
            self.inner.readers.fetch_by_keys(sql, addresses, Vec::new()).await?.iter().map(read).collect::<Result<_, _>>()?;
        found.sort_unstable_by_key(|rampoff| rampoff.id);
        Ok(found)
    }

    /// Payments whose due time has passed (business time), longest overdue first, after `after` (due time and identifier of the last
    /// one of the previous page).
    pub async fn payments_due(&self, now: Timestamp, after: Option<(Timestamp, OrderId)>, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let sql = "SELECT version, data FROM payments WHERE due_at IS NOT NULL AND due_at <= $1 AND (due_at, id) > ($2, $3)
                   ORDER BY due_at, id LIMIT $4";
        self.list(sql, due_values(now, after, limit)).await
    }

    /// Ramp-offs whose due time has passed; see [`Store::payments_due`].
    pub async fn rampoffs_due(&self, now: Timestamp, after: Option<(Timestamp, OrderId)>, limit: u32) -> Result<Vec<Rampoff>, StoreError> {
        let sql = "SELECT version, data FROM rampoffs WHERE due_at IS NOT NULL AND due_at <= $1 AND (due_at, id) > ($2, $3)
                   ORDER BY due_at, id LIMIT $4";
        self.list(sql, due_values(now, after, limit)).await
    }

    /// Calls `show` for every open payment.
    pub async fn for_each_open_payment(&self, show: impl FnMut(&Payment)) -> Result<(), StoreError> {
        self.each_open(show).await
    }

    /// Calls `show` for every open ramp-off.
    pub async fn for_each_open_rampoff(&self, show: impl FnMut(&Rampoff)) -> Result<(), StoreError> {
        self.each_open(show).await
    }

    /// Orders with a due time, then the others, each by its partial index.
    async fn each_open<T: StoredOrder>(&self, mut show: impl FnMut(&T)) -> Result<(), StoreError> {
        let table = T::TABLE.name;
        let due = format!(
            "SELECT version, data, due_at, id FROM {table} WHERE due_at IS NOT NULL AND (due_at, id) > ($1, $2) ORDER BY due_at, id LIMIT $3"
        );
        let mut after = (i64::MIN, String::new());
        loop {
            let values = vec![after.0.into(), after.1.clone().into(), OPEN_PAGE_ROWS.into()];
            let rows = self.rows(due.clone(), values).await?;
            for row in &rows {
                show(&read(row)?);
                after = (row.int(2)?, row.text(3)?.to_owned());
            }
            if rows.is_empty() {
                break;
            }
        }
        let other = format!(
            "SELECT version, data, status, changed_at, id FROM {table} WHERE open AND due_at IS NULL \
             AND (status, changed_at, id) > ($1, $2, $3) ORDER BY status, changed_at, id LIMIT $4"
        );
        let mut after = (String::new(), i64::MIN, String::new());
        loop {
            let values = vec![after.0.clone().into(), after.1.into(), after.2.clone().into(), OPEN_PAGE_ROWS.into()];
            let rows = self.rows(other.clone(), values).await?;
            for row in &rows {
                show(&read(row)?);
                after = (row.text(2)?.to_owned(), row.int(3)?, row.text(4)?.to_owned());
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// Open payments in `status` without a due time that have not changed since `unchanged_since`, longest unchanged first, after
    /// `after` (`updated_at` and identifier of the last one of the previous page).
    pub async fn stuck_payments(
        &self,
        status: PaymentStatus,
        unchanged_since: Timestamp,
        after: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.stuck(status, unchanged_since, after, limit).await
    }

    /// Open ramp-offs in `status`; see [`Store::stuck_payments`].
    pub async fn stuck_rampoffs(
        &self,
        status: RampoffStatus,
        unchanged_since: Timestamp,
        after: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<Rampoff>, StoreError> {
        self.stuck(status, unchanged_since, after, limit).await
    }

    async fn stuck<T: StoredOrder>(
        &self,
        status: T::Status,
        unchanged_since: Timestamp,
        after: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        let (changed_at, id) = after.map_or((i64::MIN, String::new()), |(changed_at, id)| (changed_at.micros(), id.to_string()));
        let values =
            vec![status.to_string().into(), unchanged_since.micros().into(), changed_at.into(), id.into(), i64::from(limit).into()];
        let sql = format!(
            "SELECT version, data FROM {} WHERE open AND due_at IS NULL AND status = $1 AND changed_at <= $2 \
             AND (changed_at, id) > ($3, $4) ORDER BY changed_at, id LIMIT $5",
            T::TABLE.name
        );
        self.list(sql, values).await
    }
}

fn due_values(now: Timestamp, after: Option<(Timestamp, OrderId)>, limit: u32) -> Vec<SqlValue> {
    let (due_at, id) = after.map_or((i64::MIN, String::new()), |(due_at, id)| (due_at.micros(), id.to_string()));
    vec![now.micros().into(), due_at.into(), id.into(), i64::from(limit).into()]
}
