//! Claims.

use std::sync::Arc;

use rampart_core::step::ClaimScope;
use rampart_core::time::Timestamp;

use crate::Store;
use crate::error::{StoreError, StoredClaim};
use crate::sql::{DbRow, SqlValue, shared};

const SCOPES: [(ClaimScope, &str); 12] = [
    (ClaimScope::IdempotencyKey, "idempotency_key"),
    (ClaimScope::PaymentExternalId, "payment_external_id"),
    (ClaimScope::RampoffExternalId, "rampoff_external_id"),
    (ClaimScope::CustomerEmail, "customer_email"),
    (ClaimScope::Quote, "quote"),
    (ClaimScope::Fact, "fact"),
    (ClaimScope::Subscription, "subscription"),
    (ClaimScope::Concept, "concept"),
    (ClaimScope::ApiKey, "api_key"),
    (ClaimScope::PartnerName, "partner_name"),
    (ClaimScope::DepositAddress, "deposit_address"),
    (ClaimScope::Document, "document"),
];

pub(crate) const fn scope_name(scope: ClaimScope) -> &'static str {
    match scope {
        ClaimScope::IdempotencyKey => "idempotency_key",
        ClaimScope::PaymentExternalId => "payment_external_id",
        ClaimScope::RampoffExternalId => "rampoff_external_id",
        ClaimScope::CustomerEmail => "customer_email",
        ClaimScope::Quote => "quote",
        ClaimScope::Fact => "fact",
        ClaimScope::Subscription => "subscription",
        ClaimScope::Concept => "concept",
        ClaimScope::ApiKey => "api_key",
        ClaimScope::PartnerName => "partner_name",
        ClaimScope::DepositAddress => "deposit_address",
        ClaimScope::Document => "document",
    }
}

/// A claim's row key, `<scope>:<key>`.
pub(crate) fn claim_id(scope: ClaimScope, key: &str) -> Arc<str> {
    shared(format_args!("{}:{key}", scope_name(scope)))
}

pub(crate) fn read_claim(row: &DbRow) -> Result<StoredClaim, StoreError> {
    let id = row.text(0)?;
    let (scope, key) = id.split_once(':').ok_or_else(|| StoreError::defect("the key of a claim has no scope"))?;
    let (scope, _) =
        SCOPES.into_iter().find(|(_, name)| *name == scope).ok_or_else(|| StoreError::defect("the key of a claim has an unknown scope"))?;
    Ok(StoredClaim {
        scope,
        key: key.to_owned(),
        subject: row.text(1)?.to_owned(),
        fingerprint: row.text(2)?.to_owned(),
        answer: row.text(3)?.to_owned(),
        expires_at: row.int_or_null(4)?.map(Timestamp::from_micros),
    })
}

impl Store {
    /// The claim that holds a key, unless it has expired (business time).
    pub async fn claim(&self, scope: ClaimScope, key: &str) -> Result<Option<StoredClaim>, StoreError> {
        let sql = "SELECT id, subject, fingerprint, answer, expires_at FROM claims WHERE id = $1";
        let row = self.inner.readers.fetch_optional(sql, vec![claim_id(scope, key).into()]).await?;
        let claim = row.as_ref().map(read_claim).transpose()?;
        let now = self.inner.options.clock.now();
        Ok(claim.filter(|claim| claim.expires_at.is_none_or(|expires_at| expires_at > now)))
    }

    /// The unexpired claims (business time) among distinct keys, in no particular order.
    pub async fn claims(&self, wanted: &[(ClaimScope, String)]) -> Result<Vec<StoredClaim>, StoreError> {
        let ids: Vec<SqlValue> = wanted.iter().map(|(scope, key)| claim_id(*scope, key).into()).collect();
        let now = self.inner.options.clock.now();
        let mut found = Vec::with_capacity(wanted.len());
        let sql = |keys_match: &str| format!("SELECT id, subject, fingerprint, answer, expires_at FROM claims WHERE id {keys_match}");
        for row in self.inner.readers.fetch_by_keys(sql, ids, Vec::new()).await? {
            found.push(read_claim(&row)?);
        }
        found.retain(|claim| claim.expires_at.is_none_or(|expires_at| expires_at > now));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_scopes_agree() {
        for (scope, name) in SCOPES {
            assert_eq!(scope_name(scope), name);
            assert_eq!(serde_json::to_value(scope).unwrap(), name);
        }
    }
}
