//! What the routes ask of the engine.

use axum::http::request::Parts;
use rampart_core::id::{CustomerId, PartnerId, PayoutId};
use rampart_core::kyc::KycLevel;
use rampart_core::ledger::Rail;
use rampart_core::partner::HttpErrors;
use rampart_core::ports::PortFuture;
use rampart_core::redacted::Redacted;
use rampart_core::refusal::Refusal;

use crate::payment::PayablePayment;

/// Who calls.
#[derive(Debug, Clone, Copy)]
pub struct SandboxCaller {
    /// The partner.
    pub partner: PartnerId,
    /// How it wants failures answered.
    pub http_errors: HttpErrors,
}

/// What the world has to know of a customer.
#[derive(Debug, Clone)]
pub struct CustomerView {
    /// The reference and level of the last identity check, where there was one.
    pub check: Option<(String, KycLevel)>,
}

/// What the world has to know of a ramp-off.
#[derive(Debug, Clone)]
pub struct RampoffPayouts {
    /// Its payouts over bank rails, newest first; none before the bank was told to pay.
    pub payouts: Vec<PayoutId>,
}

/// Whose an API key is, and what webhooks for it may be signed with.
#[derive(Debug, Clone)]
pub struct WebhookKeys {
    /// The partner.
    pub partner: PartnerId,
    /// The texts of the secrets: the one in use, and the one before while it still signs along.
    pub secrets: Vec<Redacted>,
}

/// What the routes ask of the engine. An identifier that is not the partner's own is answered as one that does not
/// exist.
pub trait SandboxEngine: Send + Sync + 'static {
    /// Whose token it is. `parts` are the request's, for the caller's address.
    fn authenticate<'a>(&'a self, token: &'a str, parts: &'a Parts) -> PortFuture<'a, Result<SandboxCaller, Refusal>>;
    /// A payment of a partner.
    fn payment<'a>(&'a self, partner: PartnerId, payment: &'a str) -> PortFuture<'a, Result<PayablePayment, Refusal>>;
    /// A ramp-off of a partner.
    fn rampoff<'a>(&'a self, partner: PartnerId, rampoff: &'a str) -> PortFuture<'a, Result<RampoffPayouts, Refusal>>;
    /// A customer of a partner.
    fn customer(&self, partner: PartnerId, customer: CustomerId) -> PortFuture<'_, Result<CustomerView, Refusal>>;
    /// The rail to which the own account number of a partner's customer leads; nothing for a number that was not given out.
    fn rail_of_account<'a>(&'a self, partner: PartnerId, account: &'a str) -> PortFuture<'a, Result<Option<Rail>, Refusal>>;
    /// Whose payout it is; nothing for one that is no partner's, or is not known.
    fn partner_of_payout<'a>(&'a self, payout: &'a str) -> PortFuture<'a, Result<Option<PartnerId>, Refusal>>;
    /// Whose an API key is, and what webhooks for it may be signed with; nothing for an unknown key.
    fn webhook_keys<'a>(&'a self, api_key: &'a str) -> PortFuture<'a, Result<Option<WebhookKeys>, Refusal>>;
}
