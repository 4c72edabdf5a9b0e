//! Payments and ramp-offs: lists, and the ways to find one.

use rampart_core::asset::Chain;
use rampart_core::id::{CustomerId, OrderId, PartnerId};
use rampart_core::page_token;
use rampart_core::payment::{Payment, PaymentState};
use rampart_core::rampoff::{Rampoff, RampoffState};
use rampart_core::redacted::Redacted;
use rampart_core::step::ClaimScope;
use rampart_core::time::Timestamp;
use sqlx::AssertSqlSafe;

use super::BEHIND_ALL;
use crate::error::StoreError;
use crate::sql::Value;
use crate::store::Store;
use crate::tables::{Stored, read};

/// Which orders to list. Every field narrows; the default is everything.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Of this partner.
    pub partner: Option<PartnerId>,
    /// In one of these statuses (as partners see them); in any when empty.
    pub statuses: Vec<String>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// With this `external_id`; needs `partner`, and finds nothing without it.
    pub external_id: Option<String>,
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub to: Option<Timestamp>,
}

/// The texts of one table of orders.
struct Texts {
    all: &'static str,
    of_partner: &'static str,
    of_partner_in_status: &'static str,
    of_customer_in_status: &'static str,
    open_in_status: &'static str,
    /// Every status partners can see.
    statuses: &'static [&'static str],
    external_id: ClaimScope,
}

macro_rules! texts {
    ($table:literal, $statuses:expr, $external_id:expr) => {
        Texts {
            all: concat!("SELECT version, data FROM ", $table, " WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
            of_partner: concat!(
                "SELECT version, data FROM ",
                $table,
                " WHERE partner = $4 AND id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3"
            ),
            of_partner_in_status: concat!(
                "SELECT version, data FROM ",
                $table,
                " WHERE partner = $4 AND status = $5 AND id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3"
            ),
            of_customer_in_status: concat!(
                "SELECT version, data FROM ",
                $table,
                " WHERE customer = $4 AND status = $5 AND id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3"
            ),
            open_in_status: concat!(
                "SELECT version, data FROM ",
                $table,
                " WHERE open AND status = $1 AND changed_at <= $2 AND (changed_at, id) > ($3, $4) ORDER BY changed_at, id LIMIT $5"
            ),
            statuses: $statuses,
            external_id: $external_id,
        }
    };
}

const PAYMENTS: Texts = texts!("payments", &PaymentState::STATUSES, ClaimScope::PaymentExternalId);
const RAMPOFFS: Texts = texts!("rampoffs", &RampoffState::STATUSES, ClaimScope::RampoffExternalId);

/// What the lists need to know of an order.
trait Order: Stored {
    const TEXTS: &'static Texts;
    fn place(&self) -> OrderId;
    fn belongs_to(&self) -> (PartnerId, CustomerId);
    fn public_status(&self) -> &'static str;
    fn own_name(&self) -> Option<&str>;
    fn page_token(&self) -> &Redacted;
}

macro_rules! order {
    ($order:ty, $texts:expr) => {
        impl Order for $order {
            const TEXTS: &'static Texts = &$texts;

            fn place(&self) -> OrderId {
                self.id
            }

            fn belongs_to(&self) -> (PartnerId, CustomerId) {
                (self.partner, self.customer)
            }

            fn public_status(&self) -> &'static str {
                self.status()
            }

            fn own_name(&self) -> Option<&str> {
                self.external_id.as_deref()
            }

            fn page_token(&self) -> &Redacted {
                &self.page_token
            }
        }
    };
}

order!(Payment, PAYMENTS);
order!(Rampoff, RAMPOFFS);

impl Store {
    /// Payments, newest first, below `below` (the last one of the page before).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn payments(&self, filter: &OrderFilter, below: Option<OrderId>, limit: u32) -> Result<Vec<Payment>, StoreError> {
        self.orders(filter, below, limit).await
    }

    /// Ramp-offs, newest first, below `below` (the last one of the page before).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn rampoffs(&self, filter: &OrderFilter, below: Option<OrderId>, limit: u32) -> Result<Vec<Rampoff>, StoreError> {
        self.orders(filter, below, limit).await
    }

    /// A list is the merge of a bounded number of ranges of an index: one, or one per status.
    async fn orders<T: Order>(&self, filter: &OrderFilter, below: Option<OrderId>, limit: u32) -> Result<Vec<T>, StoreError> {
        if filter.external_id.is_some() {
            return self.order_by_external_id(filter, below).await;
        }
        let from = filter.from.map_or_else(String::new, |from| OrderId::first_at(from).to_string());
        let end = match (filter.to, below) {
            (None, None) => BEHIND_ALL.to_owned(),
            (to, below) => {
                to.map(OrderId::first_at).into_iter().chain(below).min().map_or_else(|| BEHIND_ALL.to_owned(), |id| id.to_string())
            }
        };
        let range: Vec<Value> = vec![from.into(), end.into(), i64::from(limit).into()];
        let statuses: Vec<&str> =
            T::TEXTS.statuses.iter().copied().filter(|status| filter.statuses.iter().any(|wanted| wanted == status)).collect();
        if statuses.is_empty() && !filter.statuses.is_empty() {
            return Ok(Vec::new());
        }
        let with = |more: &[Value]| range.iter().chain(more).cloned().collect::<Vec<Value>>();
        let mut found: Vec<T> = match (filter.partner, filter.customer) {
            (partner, Some(customer)) => {
                // A customer belongs to one partner: of another one it has no orders, and nothing has to be searched.
                if let Some(partner) = partner
                    && self.customer(customer).await?.is_none_or(|customer| customer.partner != partner)
                {
                    return Ok(Vec::new());
                }
                let statuses = if statuses.is_empty() { T::TEXTS.statuses } else { &statuses };
                let mut found = Vec::new();
                for status in statuses {
                    found.extend(self.list(T::TEXTS.of_customer_in_status, with(&[customer.0.into(), (*status).into()])).await?);
                }
                found
            }
            (Some(partner), None) if statuses.is_empty() => return self.list(T::TEXTS.of_partner, with(&[Value::display(partner)])).await,
            (None, None) if statuses.is_empty() => return self.list(T::TEXTS.all, range).await,
            (partner, None) => {
                let mut found = Vec::new();
                let partners = match partner {
                    Some(partner) => vec![Value::display(partner)],
                    None => self.partner_keys().await?,
                };
                for partner in partners {
                    for status in &statuses {
                        found.extend(self.list(T::TEXTS.of_partner_in_status, with(&[partner.clone(), (*status).into()])).await?);
                    }
                }
                found
            }
        };
        found.sort_by_key(|order| std::cmp::Reverse(order.place()));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn partner_keys(&self) -> Result<Vec<Value>, StoreError> {
        let rows = self.rows("SELECT id FROM partners ORDER BY id", Vec::new()).await?;
        rows.iter().map(|row| Ok(row.text(0)?.into())).collect()
    }

    /// The partner's own name leads to one order at most: its claim says which.
    async fn order_by_external_id<T: Order>(&self, filter: &OrderFilter, below: Option<OrderId>) -> Result<Vec<T>, StoreError> {
        let (Some(partner), Some(external_id)) = (filter.partner, &filter.external_id) else { return Ok(Vec::new()) };
        let Some(claim) = self.claim(T::TEXTS.external_id, &format!("{partner}:{external_id}")).await? else { return Ok(Vec::new()) };
        let sql = AssertSqlSafe(format!("SELECT version, data FROM {} WHERE id = $1", T::TABLE.name));
        let order: Option<T> = self.single(sql, vec![claim.subject.into()]).await?;
        let fits = |order: &T| {
            let (owner, customer) = order.belongs_to();
            let made = order.place().minted_at();
            owner == partner
                && order.own_name() == Some(external_id)
                && filter.customer.is_none_or(|wanted| wanted == customer)
                && (filter.statuses.is_empty() || filter.statuses.iter().any(|status| status == order.public_status()))
                && filter.from.is_none_or(|from| made >= from)
                && filter.to.is_none_or(|to| made < to)
                && below.is_none_or(|below| order.place() < below)
        };
        Ok(order.filter(fits).into_iter().collect())
    }

    /// The payment with this `concept` (the reference that transfers quote), as [`ClaimScope::Concept`] has it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn payment_by_concept(&self, concept: &str) -> Result<Option<Payment>, StoreError> {
        match self.claim(ClaimScope::Concept, concept).await?.and_then(|claim| claim.subject.parse().ok()) {
            Some(id) => self.payment(id).await,
            None => Ok(None),
        }
    }

    /// A partner's payment by its own name for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn payment_by_external_id(&self, partner: PartnerId, external_id: &str) -> Result<Option<Payment>, StoreError> {
        let filter = OrderFilter { partner: Some(partner), external_id: Some(external_id.to_owned()), ..OrderFilter::default() };
        Ok(self.order_by_external_id(&filter, None).await?.pop())
    }

    /// A partner's ramp-off by its own name for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn rampoff_by_external_id(&self, partner: PartnerId, external_id: &str) -> Result<Option<Rampoff>, StoreError> {
        let filter = OrderFilter { partner: Some(partner), external_id: Some(external_id.to_owned()), ..OrderFilter::default() };
        Ok(self.order_by_external_id(&filter, None).await?.pop())
    }

    /// The payment whose page has this token.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn payment_by_page_token(&self, token: &str) -> Result<Option<Payment>, StoreError> {
        self.order_by_page_token(token).await
    }

    /// The ramp-off whose page has this token.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn rampoff_by_page_token(&self, token: &str) -> Result<Option<Rampoff>, StoreError> {
        self.order_by_page_token(token).await
    }

    /// Identifiers sort by time: those of a token's millisecond are neighbours.
    async fn order_by_page_token<T: Order>(&self, token: &str) -> Result<Option<T>, StoreError> {
        let Some(made) = page_token::made_in(token) else { return Ok(None) };
        let [first, end] = [made.start, made.end].map(|moment| Value::display(OrderId::first_at(moment)));
        let sql = AssertSqlSafe(format!("SELECT version, data FROM {} WHERE id >= $1 AND id < $2", T::TABLE.name));
        let made: Vec<T> = self.list(sql, vec![first, end]).await?;
        Ok(made.into_iter().find(|order| page_token::matches(order.page_token(), token)))
    }

    /// A customer's payments that still wait for money (`started`, `pending_bank`), newest first: what a credit on the
    /// customer's own account can be meant for.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn unpaid_payments_of_customer(&self, customer: CustomerId, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let statuses = vec!["started".to_owned(), "pending_bank".to_owned()];
        self.orders(&OrderFilter { customer: Some(customer), statuses, ..OrderFilter::default() }, None, limit).await
    }

    /// The ramp-offs whose deposit addresses on a chain are among these. Addresses are compared as they were stored.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn rampoffs_by_deposit_addresses(&self, chain: Chain, addresses: &[String]) -> Result<Vec<Rampoff>, StoreError> {
        let mut sorted: Vec<&String> = addresses.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let addresses = sorted.into_iter().map(|address| Value::from(address.as_str())).collect();
        let sql = |among: &str| format!("SELECT version, data FROM rampoffs WHERE deposit_address {among} AND deposit_chain = $2");
        self.inner.db.fetch_among(sql, addresses, vec![chain.as_str().into()]).await?.iter().map(read).collect()
    }

    /// Payments that time alone will change by now (business time), those due longest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn payments_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let sql = "SELECT version, data FROM payments WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2";
        self.list(sql, vec![now.micros().into(), i64::from(limit).into()]).await
    }

    /// Ramp-offs that time alone will change by now (business time), those due longest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn rampoffs_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Rampoff>, StoreError> {
        let sql = "SELECT version, data FROM rampoffs WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2";
        self.list(sql, vec![now.micros().into(), i64::from(limit).into()]).await
    }

    /// Payments in `status` that are not settled and have not changed since `unchanged_since`, for the sweep: those that
    /// stand still longest first, behind `behind` (`updated_at` and identifier of the last one of the page before).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn stuck_payments(
        &self,
        status: &str,
        unchanged_since: Timestamp,
        behind: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.stuck(status, unchanged_since, behind, limit).await
    }

    /// The same for ramp-offs.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn stuck_rampoffs(
        &self,
        status: &str,
        unchanged_since: Timestamp,
        behind: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<Rampoff>, StoreError> {
        self.stuck(status, unchanged_since, behind, limit).await
    }

    async fn stuck<T: Order>(
        &self,
        status: &str,
        unchanged_since: Timestamp,
        behind: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        let (changed_at, id) = behind.map_or((i64::MIN, String::new()), |(changed_at, id)| (changed_at.micros(), id.to_string()));
        let values = vec![status.into(), unchanged_since.micros().into(), changed_at.into(), id.into(), i64::from(limit).into()];
        self.list(T::TEXTS.open_in_status, values).await
    }
}
