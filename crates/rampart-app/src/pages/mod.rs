//! The hosted pages. The secret token in a page's link is the only access control.

use std::time::Duration;

use rampart_core::customer::Customer;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::identity::country::Country;
use rampart_core::order::payment::{PayIn, Payment, PaymentCommand, PaymentState};
use rampart_core::order::rampoff::{Rampoff, RampoffState};
use rampart_core::order::{Order, SharedCommand};
use rampart_core::ports::{CallOutcome, Session, SessionRequest};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::{ClaimScope, Step};
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::page_links::no_page;
use crate::orders::{documents, page_links};
use crate::partner_api::kyc::KycForm;
use crate::partner_api::{give_destination, kyc};
use crate::retry::{retry, retry_unless};
use crate::state::ports::GatewayOutcome;
use crate::workers::observe;

/// The contents of the identity page.
#[derive(Debug, Clone)]
pub struct CustomerPage {
    pub customer: Customer,
    pub partner_name: String,
    /// The level to submit; `None` when nothing is to be submitted now.
    pub wanted: Option<KycLevel>,
    /// Required fields of that form: unknown ones, and the document.
    pub missing: Vec<&'static str>,
    pub sandbox: bool,
}

/// The contents of a payment's pages.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    pub payment: Payment,
    pub partner_name: String,
    pub customer_name: String,
    pub country: Country,
    pub can_declare: bool,
    pub can_cancel: bool,
    /// Only while no refund account was given.
    pub can_give_refund_account: bool,
    pub sandbox: bool,
    /// Business time.
    pub now: Timestamp,
}

/// The contents of a ramp-off's pages.
#[derive(Debug, Clone)]
pub struct RampoffPage {
    pub rampoff: Rampoff,
    pub partner_name: String,
    pub customer_name: String,
    pub can_cancel: bool,
    /// Only while no refund wallet was given.
    pub can_give_refund_wallet: bool,
    /// Whether the bank returned the payout after it was settled.
    pub payout_returned: bool,
    pub sandbox: bool,
    /// Business time.
    pub now: Timestamp,
}

/// The contents of the status page.
#[derive(Debug, Clone)]
pub enum StatusPage {
    Payment(Box<PaymentPage>),
    Rampoff(Box<RampoffPage>),
}

/// How the customer pays at the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewaySession {
    Redirect(String),
    /// Our own page simulates the processor (sandbox).
    Simulated,
}

/// The customer's action on a gateway page of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayAction {
    Pay,
    Decline,
}

/// The contents of the identity page.
///
/// # Errors
/// `not_found` for an unknown token.
pub async fn page_customer(app: &App, token: &str) -> AppResult<CustomerPage> {
    let customer = page_links::customer_by_token(app, token).await?;
    customer_page(app, customer).await
}

fn wanted_level(app: &App, customer: &Customer) -> Option<KycLevel> {
    customer.wanted_level(app.config.registration.minimum_age, app.business.now())
}

async fn customer_page(app: &App, customer: Customer) -> AppResult<CustomerPage> {
    let wanted = wanted_level(app, &customer);
    Ok(CustomerPage {
        partner_name: page_links::partner_name(app, customer.partner).await?,
        missing: wanted.map(|level| kyc::missing(&customer, level)).unwrap_or_default(),
        wanted,
        sandbox: !app.config.is_live(),
        customer,
    })
}

/// Submits the identity form. Submitting it again while it is checked changes nothing.
///
/// # Errors
/// `not_found`; the faults of the fields, under the form's own names.
pub async fn submit_kyc_form(app: &App, token: &str, form: KycForm) -> AppResult<CustomerPage> {
    let form = &form;
    let decide = || async move {
        let customer = page_links::customer_by_token(app, token).await?;
        match wanted_level(app, &customer) {
            None => return Ok((Step::new(), ())),
            Some(level) if level == form.level => {}
            Some(level) => {
                let message = format!("must be {}, which is the form that is open now", level.number());
                return Err(Refusal::field(ErrorCode::ValidationFailed, "level", message).into());
            }
        }
        let known = customer.identification.clone();
        let (mut filled, document) = kyc::fill_in(app, customer, form)?;
        let claim = if filled.identification == known { None } else { documents::count_by_document(app, &mut filled).await? };
        let mut step = filled.kyc_submitted(form.level, document, &app.mint(), &app.config.public_url);
        step.claims.extend(claim);
        Ok((step, ()))
    };
    retry_unless(app, "customer is", decide, |error| match error {
        CommitError::AlreadyClaimed(claim) if claim.scope == ClaimScope::Document => Ok(None),
        error => Err(error.into()),
    })
    .await?;
    page_customer(app, token).await
}

/// # Errors
/// `not_found` for an unknown token.
pub async fn page_payment(app: &App, token: &str) -> AppResult<PaymentPage> {
    let payment = page_links::payment_by_token(app, token).await?;
    payment_page(app, payment).await
}

/// The page that a customer sees when a processor sends them back: the state of the payment.
///
/// # Errors
/// `not_found` for a token that is not a processor's return link.
pub async fn page_returned(app: &App, token: &str) -> AppResult<PaymentPage> {
    let payment = page_links::returned_payment(app, token).await?;
    payment_page(app, payment).await
}

async fn payment_page(app: &App, mut payment: Payment) -> AppResult<PaymentPage> {
    complete_account_details(app, &mut payment);
    let customer = app.store.customer(payment.customer).await?.ok_or_else(no_page)?;
    Ok(PaymentPage {
        partner_name: page_links::partner_name(app, payment.partner).await?,
        customer_name: customer.profile.full_name(),
        country: customer.country,
        can_declare: matches!(payment.state, PaymentState::Started) && payment.instructions.is_some(),
        can_cancel: payment.is_unpaid(),
        can_give_refund_account: payment.asks_for_account(),
        sandbox: !app.config.is_live(),
        now: app.business.now(),
        payment,
    })
}

/// Orders of earlier versions lack some account details. They are taken from the configured account while it is the
/// same one.
fn complete_account_details(app: &App, payment: &mut Payment) {
    let PayIn::Bank(rail) = payment.pay_in else { return };
    let (Some(instructions), Some(ours)) = (&mut payment.instructions, app.catalogue.rail_account(rail)) else { return };
    if instructions.own_account || instructions.account == ours.account {
        instructions.bank = instructions.bank.take().or_else(|| ours.bank.clone());
        instructions.tax_id = instructions.tax_id.take().or_else(|| ours.tax_id.clone());
        instructions.email = instructions.email.take().or_else(|| ours.email.clone());
    }
}

/// # Errors
/// `not_found` for an unknown token.
pub async fn page_rampoff(app: &App, token: &str) -> AppResult<RampoffPage> {
    let rampoff = page_links::rampoff_by_token(app, token).await?;
    rampoff_page(app, rampoff).await
}

async fn rampoff_page(app: &App, rampoff: Rampoff) -> AppResult<RampoffPage> {
    let customer = app.store.customer(rampoff.customer).await?.ok_or_else(no_page)?;
    Ok(RampoffPage {
        partner_name: page_links::partner_name(app, rampoff.partner).await?,
        customer_name: customer.profile.full_name(),
        can_cancel: matches!(rampoff.state, RampoffState::Created),
        can_give_refund_wallet: rampoff.asks_for_wallet(),
        payout_returned: give_destination::returned_payout(app, &rampoff).await?.is_some(),
        sandbox: !app.config.is_live(),
        now: app.business.now(),
        rampoff,
    })
}

/// The status page of a payment or a ramp-off.
///
/// # Errors
/// `not_found` for an unknown token.
pub async fn page_status(app: &App, token: &str) -> AppResult<StatusPage> {
    match page_links::payment_by_token(app, token).await {
        Ok(payment) => return payment_page(app, payment).await.map(|page| StatusPage::Payment(Box::new(page))),
        Err(AppError::Refusal(_)) => {}
        Err(error) => return Err(error),
    }
    page_rampoff(app, token).await.map(|page| StatusPage::Rampoff(Box::new(page)))
}

/// Opens a session at the processor when the customer opens the gateway page. Opening it again gives the same
/// session.
///
/// # Errors
/// `not_found`; `validation_failed` when the payment does not wait for a processor; `error_payment_creation` when
/// the processor refuses; [`AppError::Unavailable`] when it does not answer.
pub async fn gateway_session(app: &App, token: &str) -> AppResult<GatewaySession> {
    let payment = page_links::payment_by_token(app, token).await?;
    let PayIn::Processor(processor) = payment.pay_in else { return Err(not_payable(&payment)) };
    if !matches!(payment.state, PaymentState::Started) || payment.open_until <= app.business.now() {
        return Err(not_payable(&payment));
    }
    let port = app.ports.processor(processor).ok_or_else(|| AppError::defect(format!("{processor} has no adapter")))?;
    let request = SessionRequest {
        processor,
        payment: payment.id,
        amount: payment.terms.fiat_amount,
        currency: payment.terms.fiat,
        return_url: format!("{}/returned?token={}", app.config.public_url, page_links::returned_token(app, payment.id)),
        expires_at: payment.open_until,
    };
    let timeout = Duration::from_secs(app.config.workers.call_seconds);
    let outcome = tokio::time::timeout(timeout, port.open_session(&request)).await;
    match outcome {
        Ok(CallOutcome::Accepted(Session { url: Some(url), .. })) => Ok(GatewaySession::Redirect(url)),
        Ok(CallOutcome::Accepted(Session { url: None, .. })) if app.ports.gateway_player.is_some() => Ok(GatewaySession::Simulated),
        Ok(CallOutcome::Accepted(_)) => Err(AppError::defect(format!("{processor} gave no page"))),
        Ok(CallOutcome::Refused { reason }) => {
            let data = serde_json::json!({ "payment_id": payment.id.to_string() });
            Err(Refusal::new(ErrorCode::ErrorPaymentCreation, reason).with_data(data).into())
        }
        Ok(CallOutcome::NotSent { reason } | CallOutcome::Unknown { reason }) => Err(AppError::Unavailable(reason)),
        Err(_) => Err(AppError::Unavailable(format!("{processor} does not answer"))),
    }
}

/// Simulates the customer's action at a sandbox processor. The processor may decline although the customer pays.
///
/// # Errors
/// `not_found` without a simulated processor; `validation_failed` when no payment is due.
pub async fn gateway_play(app: &App, token: &str, play: GatewayAction) -> AppResult<GatewayOutcome> {
    let player = app.ports.gateway_player.as_ref().ok_or_else(no_page)?;
    let payment = page_links::payment_by_token(app, token).await?;
    if !matches!(payment.pay_in, PayIn::Processor(_)) || !payment.is_unpaid() {
        return Err(not_payable(&payment));
    }
    let played = match play {
        GatewayAction::Pay => player.pay(&payment).await,
        GatewayAction::Decline => player.decline(&payment).await.map(|()| GatewayOutcome::Declined),
    };
    played.map_err(|fault| AppError::Unavailable(fault.to_string()))
}

/// The customer declares that the transfer was sent.
///
/// # Errors
/// `not_found`; `validation_failed` when the payment waits for no transfer.
pub async fn declare_sent(app: &App, token: &str) -> AppResult<()> {
    if matches!(page_links::payment_by_token(app, token).await?.state, PaymentState::PendingBank { .. }) {
        return Ok(());
    }
    command_payment(app, token, &PaymentCommand::DeclareSent).await
}

/// The customer cancels a payment before money arrived.
///
/// # Errors
/// `not_found`; `validation_failed` when money arrived.
pub async fn cancel_payment(app: &App, token: &str) -> AppResult<()> {
    if matches!(page_links::payment_by_token(app, token).await?.state, PaymentState::Cancelled) {
        return Ok(());
    }
    command_payment(app, token, &PaymentCommand::Cancel).await
}

/// The customer cancels a ramp-off before coins arrived.
///
/// # Errors
/// `not_found`; `validation_failed` when coins arrived.
pub async fn cancel_rampoff(app: &App, token: &str) -> AppResult<()> {
    let rampoff = page_links::rampoff_by_token(app, token).await?;
    match rampoff.state {
        RampoffState::Cancelled => Ok(()),
        RampoffState::Created => {
            retry(app, "ramp-off is", || async move {
                let order = Order::from(page_links::rampoff_by_token(app, token).await?);
                let price = observe::price(app, &order);
                Ok((order.request(SharedCommand::Cancel, &app.context(price))?, ()))
            })
            .await
        }
        _ => {
            let message = format!("a ramp-off that is {} cannot be cancelled here", rampoff.status());
            Err(Refusal::new(ErrorCode::ValidationFailed, message).into())
        }
    }
}

async fn command_payment(app: &App, token: &str, command: &PaymentCommand) -> AppResult<()> {
    retry(app, "payment is", || async move {
        let payment = page_links::payment_by_token(app, token).await?;
        let price = observe::payment_price(app, &payment);
        Ok((payment.request(command.clone(), &app.context(price))?, ()))
    })
    .await
}

fn not_payable(payment: &Payment) -> AppError {
    Refusal::new(ErrorCode::ValidationFailed, format!("a payment that is {} cannot be paid here", payment.status())).into()
}
