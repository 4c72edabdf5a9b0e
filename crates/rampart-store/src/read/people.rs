//! Partners and customers.

use rampart_core::customer::Customer;
use rampart_core::earlier_link;
use rampart_core::id::{CustomerId, PartnerId};
use rampart_core::partner::Partner;
use rampart_core::step::ClaimScope;
use rampart_core::time::Timestamp;

use super::lower_bound;
use crate::error::StoreError;
use crate::sql::SqlValue;
use crate::store::Store;

/// Which customers to list.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    /// Of this partner; of all when absent.
    pub partner: Option<PartnerId>,
    /// Registered at or after.
    pub from: Option<Timestamp>,
    /// Registered before.
    pub to: Option<Timestamp>,
}

impl Store {
    /// Partners in the order they were made, behind `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn partners(&self, after: Option<PartnerId>, limit: u32) -> Result<Vec<Partner>, StoreError> {
        self.list(
            "SELECT version, data FROM partners WHERE id > $1 ORDER BY id LIMIT $2",
            vec![lower_bound(after), i64::from(limit).into()],
        )
        .await
    }

    /// The partner whose key in use (or whose key before the last rotation) is `api_key`. Which of both it is, whether the
    /// old one still counts and whether the partner is enabled, is the caller's to check.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn partner_by_api_key(&self, api_key: &str) -> Result<Option<Partner>, StoreError> {
        // Both indexes are looked into, whoever has the key: how long it takes tells nobody whether a key is in use, was, or
        // never was.
        let sql =
            "SELECT version, data FROM partners WHERE api_key = $1 UNION ALL SELECT version, data FROM partners WHERE previous_key = $1";
        self.single(sql, vec![api_key.into()]).await
    }

    /// The customer whose page this link of an earlier version leads to.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn customer_by_earlier_link(&self, token: &str) -> Result<Option<Customer>, StoreError> {
        let Some(made) = earlier_link::made_in(token) else { return Ok(None) };
        let sql = "SELECT version, data FROM customers WHERE created_at >= $1 AND created_at < $2";
        let made: Vec<Customer> = self.list(sql, vec![made.start.micros().into(), made.end.micros().into()]).await?;
        Ok(made.into_iter().find(|customer| earlier_link::matches(customer.earlier_link.as_deref(), token)))
    }

    /// A partner's customer by normalised e-mail, as [`ClaimScope::CustomerEmail`] has it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn customer_by_email(&self, partner: PartnerId, normalized_email: &str) -> Result<Option<Customer>, StoreError> {
        let claim = self.claim(ClaimScope::CustomerEmail, &format!("{partner}:{normalized_email}")).await?;
        match claim.and_then(|claim| claim.subject.parse().ok()) {
            Some(id) => self.customer(CustomerId(id)).await,
            None => Ok(None),
        }
    }

    /// Customers, newest first, below `before` (the registration and number of the last one of the page before).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn customers(
        &self,
        filter: &CustomerFilter,
        before: Option<(Timestamp, CustomerId)>,
        limit: u32,
    ) -> Result<Vec<Customer>, StoreError> {
        let end = filter.to.unwrap_or(Timestamp::from_micros(i64::MAX));
        // The page before ended at or below the upper bound, so the smaller of both is where this one begins.
        let (below_at, below_id) = before.map_or((end, CustomerId(i64::MIN)), |before| before.min((end, CustomerId(i64::MIN))));
        let mut values: Vec<SqlValue> = vec![
            filter.from.unwrap_or(Timestamp::from_micros(i64::MIN)).micros().into(),
            below_at.micros().into(),
            below_id.0.into(),
            i64::from(limit).into(),
        ];
        match filter.partner {
            Some(partner) => {
                values.push(SqlValue::display(partner));
                let sql = "SELECT version, data FROM customers WHERE partner = $5 AND created_at >= $1 AND (created_at, id) < ($2, $3) \
                           ORDER BY created_at DESC, id DESC LIMIT $4";
                self.list(sql, values).await
            }
            None => {
                let sql = "SELECT version, data FROM customers WHERE created_at >= $1 AND (created_at, id) < ($2, $3) \
                           ORDER BY created_at DESC, id DESC LIMIT $4";
                self.list(sql, values).await
            }
        }
    }
}
