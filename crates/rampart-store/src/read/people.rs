//! Partners and customers.

use rampart_core::customer::Customer;
use rampart_core::id::earlier_link;
use rampart_core::id::{CustomerId, PartnerId};
use rampart_core::partner::Partner;
use rampart_core::time::Timestamp;

use super::lower_bound;
use crate::Store;
use crate::error::StoreError;
use crate::sql::SqlValue;

/// Which customers to list.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    pub partner: Option<PartnerId>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Store {
    /// Partners, oldest first, after `after`.
    pub async fn partners(&self, after: Option<PartnerId>, limit: u32) -> Result<Vec<Partner>, StoreError> {
        self.list(
            "SELECT version, data FROM partners WHERE id > $1 ORDER BY id LIMIT $2",
            vec![lower_bound(after), i64::from(limit).into()],
        )
        .await
    }

    /// The partner with this current or previous API key. The caller checks which of the two it is, whether the previous one is
    /// still valid, and whether the partner is enabled.
    pub async fn partner_by_api_key(&self, api_key: &str) -> Result<Option<Partner>, StoreError> {
        // Always two index lookups, so that timing does not reveal whether a key is current, previous or unknown.
        let sql =
            "SELECT version, data FROM partners WHERE api_key = $1 UNION ALL SELECT version, data FROM partners WHERE previous_key = $1";
        self.single(sql, vec![api_key.into()]).await
    }

    /// The customer that a link of an earlier version leads to.
    pub async fn customer_by_earlier_link(&self, token: &str) -> Result<Option<Customer>, StoreError> {
        let Some(made) = earlier_link::created_within(token) else { return Ok(None) };
        let sql = "SELECT version, data FROM customers WHERE created_at >= $1 AND created_at < $2";
        let made: Vec<Customer> = self.list(sql, vec![made.start.micros().into(), made.end.micros().into()]).await?;
        Ok(made.into_iter().find(|customer| earlier_link::matches(customer.earlier_link.as_deref(), token)))
    }

    /// Customers, newest first, before `before` (registration time and number of the last one of the previous page).
    pub async fn customers(
        &self,
        filter: &CustomerFilter,
        before: Option<(Timestamp, CustomerId)>,
        limit: u32,
    ) -> Result<Vec<Customer>, StoreError> {
        let end = filter.to.unwrap_or(Timestamp::from_micros(i64::MAX));
        // The previous page ended at or before the upper bound, so this one begins at the smaller of the two.
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
