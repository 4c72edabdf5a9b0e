//! The engine as the routes need it.

use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, PartnerId, PayoutId};
use rampart_core::ledger::Rail;
use rampart_core::ports::PortFuture;
use rampart_core::refusal::Refusal;
use rampart_core::text::redacted::Redacted;

use crate::payment::PayablePayment;

/// What the world must know about a customer.
#[derive(Debug, Clone)]
pub struct CustomerView {
    /// Reference and level of the last identity check.
    pub check: Option<(String, KycLevel)>,
}

/// What the world must know about a ramp-off.
#[derive(Debug, Clone)]
pub struct RampoffPayouts {
    /// Its payouts over bank rails, newest first.
    pub payouts: Vec<PayoutId>,
}

/// The partner of an API key, and the secrets its webhooks may be signed with.
#[derive(Debug, Clone)]
pub struct WebhookKeys {
    pub partner: PartnerId,
    /// The current secret, and the previous one while webhooks are signed with both.
    pub secrets: Vec<Redacted>,
}

/// What the routes need from the engine. An identifier of another partner is treated as unknown.
pub trait SandboxEngine: Send + Sync + 'static {
    /// A payment of the partner.
    fn payment<'a>(&'a self, partner: PartnerId, payment: &'a str) -> PortFuture<'a, Result<PayablePayment, Refusal>>;
    /// A ramp-off of the partner.
    fn rampoff<'a>(&'a self, partner: PartnerId, rampoff: &'a str) -> PortFuture<'a, Result<RampoffPayouts, Refusal>>;
    /// A customer of the partner.
    fn customer(&self, partner: PartnerId, customer: CustomerId) -> PortFuture<'_, Result<CustomerView, Refusal>>;
    /// The rail of a virtual account of one of the partner's customers; `None` for a number that was not assigned.
    fn rail_of_account<'a>(&'a self, partner: PartnerId, account: &'a str) -> PortFuture<'a, Result<Option<Rail>, Refusal>>;
    /// The partner of a payout; `None` if it is unknown or belongs to no partner.
    fn partner_of_payout<'a>(&'a self, payout: &'a str) -> PortFuture<'a, Result<Option<PartnerId>, Refusal>>;
    /// The partner of an API key and its webhook secrets; `None` for an unknown key.
    fn webhook_keys<'a>(&'a self, api_key: &'a str) -> PortFuture<'a, Result<Option<WebhookKeys>, Refusal>>;
}
