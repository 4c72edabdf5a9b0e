//! The ramp as the `/sandbox` routes see it.

use rampart_app::{App, AppError, partner_api};
use rampart_core::catalogue::MethodKind;
use rampart_core::id::{CustomerId, OrderId, PartnerId, PayoutId};
use rampart_core::identity::bank_account::virtual_account;
use rampart_core::ledger::Rail;
use rampart_core::outgoing::PayoutRoute;
use rampart_core::ports::PortFuture;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_sandbox::{CustomerView, PayablePayment, RampoffPayouts, SandboxEngine, WebhookKeys};

pub(crate) struct RampEngine {
    app: App,
}

impl RampEngine {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

/// Sandbox routes answer refusals only. Other errors are logged here, where their cause is still known.
fn refusal(error: impl Into<AppError>) -> Refusal {
    match error.into() {
        AppError::Refusal(refusal) => refusal,
        AppError::Unavailable(reason) => {
            tracing::warn!(reason, "cannot answer a sandbox call");
            ErrorCode::ServiceUnavailable.into()
        }
        AppError::Defect(defect) => {
            tracing::error!(error = defect, "a sandbox call failed because of a defect");
            ErrorCode::UnexpectedError.into()
        }
    }
}

impl SandboxEngine for RampEngine {
    fn payment<'a>(&'a self, partner: PartnerId, payment: &'a str) -> PortFuture<'a, Result<PayablePayment, Refusal>> {
        Box::pin(async move {
            let not_found = || Refusal::from(ErrorCode::PaymentNotFound);
            let id: OrderId = payment.parse().map_err(|_| not_found())?;
            let payment = self.app.store.payment_of(partner, id).await.map_err(refusal)?;
            let payment = payment.ok_or_else(not_found)?;
            let customer = self.app.store.customer(payment.customer).await.map_err(refusal)?;
            Ok(PayablePayment::of(&payment, &customer.map(|customer| customer.profile.full_name()).unwrap_or_default()))
        })
    }

    fn rampoff<'a>(&'a self, partner: PartnerId, rampoff: &'a str) -> PortFuture<'a, Result<RampoffPayouts, Refusal>> {
        Box::pin(async move {
            let not_found = || Refusal::from(ErrorCode::RampoffNotFound);
            let id: OrderId = rampoff.parse().map_err(|_| not_found())?;
            let rampoff = self.app.store.rampoff_of(partner, id).await.map_err(refusal)?;
            let rampoff = rampoff.ok_or_else(not_found)?;
            let mut payouts = self.app.store.payouts_of_order(rampoff.id).await.map_err(refusal)?;
            payouts.retain(|payout| matches!(payout.route, PayoutRoute::Bank(_)));
            payouts.sort_by_key(|payout| std::cmp::Reverse(payout.id));
            Ok(RampoffPayouts { payouts: payouts.iter().map(|payout| payout.id).collect() })
        })
    }

    fn customer(&self, partner: PartnerId, customer: CustomerId) -> PortFuture<'_, Result<CustomerView, Refusal>> {
        Box::pin(async move {
            let customer = self.app.store.customer(customer).await.map_err(refusal)?.filter(|customer| customer.partner == partner);
            let customer = customer.ok_or_else(|| Refusal::from(ErrorCode::UserNotFound))?;
            Ok(CustomerView { check: customer.kyc.check.map(|check| (check.reference, check.level)) })
        })
    }

    fn rail_of_account<'a>(&'a self, partner: PartnerId, account: &'a str) -> PortFuture<'a, Result<Option<Rail>, Refusal>> {
        Box::pin(async move {
            let catalogue = &self.app.catalogue;
            for method in &catalogue.methods {
                let MethodKind::VirtualAccount(rail) = method.kind else { continue };
                let ours = catalogue.rail_account(rail).map(|ours| ours.account.as_str()).unwrap_or_default();
                let Some(customer) = virtual_account::customer_of(ours, account) else { continue };
                let customer = self.app.store.customer(customer).await.map_err(refusal)?;
                if customer.is_some_and(|customer| customer.partner == partner) {
                    return Ok(Some(rail));
                }
            }
            Ok(None)
        })
    }

    fn partner_of_payout<'a>(&'a self, payout: &'a str) -> PortFuture<'a, Result<Option<PartnerId>, Refusal>> {
        Box::pin(async move {
            let Ok(id) = payout.parse::<PayoutId>() else { return Ok(None) };
            let store = &self.app.store;
            let Some(payout) = store.payout(id).await.map_err(refusal)? else { return Ok(None) };
            if let Some(customer) = payout.customer {
                return Ok(store.customer(customer).await.map_err(refusal)?.map(|customer| customer.partner));
            }
            let Some(order) = payout.order else { return Ok(None) };
            if let Some(payment) = store.payment(order).await.map_err(refusal)? {
                return Ok(Some(payment.partner));
            }
            Ok(store.rampoff(order).await.map_err(refusal)?.map(|rampoff| rampoff.partner))
        })
    }

    fn webhook_keys<'a>(&'a self, api_key: &'a str) -> PortFuture<'a, Result<Option<WebhookKeys>, Refusal>> {
        Box::pin(async move {
            let partner = self.app.store.partner_by_api_key(api_key).await.map_err(refusal)?;
            let Some(partner) = partner else { return Ok(None) };
            let secrets = partner_api::secrets_of(&self.app, &partner).map_err(refusal)?;
            Ok(Some(WebhookKeys { partner: partner.id, secrets }))
        })
    }
}
