//! Destinations given after an order was created: by its partner over the API, or on its hosted page.
//!
//! What a partner gives is final for pages and followed at once. Anyone with the link to a page may fill an empty
//! destination; it is followed after a delay in which the partner can object, or by a person.

use std::time::Duration;

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::identity::bank_account::{BankAccountInput, masked};
use rampart_core::order::payment::PaymentCommand;
use rampart_core::order::rampoff::{Rampoff, RampoffCommand, RampoffState};
use rampart_core::order::view::{PaymentView, RampoffView};
use rampart_core::order::{DestinationOrigin, Order, ProvidedBy};
use rampart_core::outgoing::PayoutDestination;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::review::{AuditEntry, ReviewItem};
use rampart_core::step::record::Record;
use rampart_core::step::{ClaimScope, Step};
use rampart_core::text;
use rampart_store::CommitError;

use crate::app::App;
use crate::error::{AppError, AppResult, refuse};
use crate::orders::idempotency::{IdempotentRequest, StoredResponse};
use crate::orders::{idempotency, order_checks, page_links};
use crate::partner_api::create_payment::checked_refund_account;
use crate::request::common::{ACCOUNT_TYPE, BANK_CODE, BANK_NAME, IDENTIFIER};
use crate::request::field::{FieldKind, required};
use crate::request::{CompareAs, FieldFaults, request};
use crate::retry::{retry, retry_unless};
use crate::state::own_accounts;
use crate::views::CreatedResponse;
use crate::workers::observe;
use rampart_http::AuthenticatedPartner;

/// The action in the audit log.
pub(crate) const ACTION: &str = "order.destination";

request! {
    /// The request of `setRefundAccount`.
    SetRefundAccount refused by [PaymentNotFound, InvalidBankAccount] {
        payment_id: &'a str = required(IDENTIFIER, "The identifier of the payment.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#);
        refund_account: &'a str = required(FieldKind::AsTyped(64), "The customer's bank account for the refund.").example(r#""ES9121000418450200051332""#);
    }
}

request! {
    /// The request of `setRefundWallet`.
    SetRefundWallet refused by [RampoffNotFound, InvalidWallet] {
        rampoff_id: &'a str = required(IDENTIFIER, "The identifier of the ramp-off.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#);
        refund_wallet: &'a str = required(FieldKind::Wallet, "The customer's wallet for the refund. The network fee is deducted.").example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#);
    }
}

request! {
    /// The request of `setPayoutAccount`.
    SetPayoutAccount refused by [RampoffNotFound, InvalidBankAccount] {
        rampoff_id: &'a str = required(IDENTIFIER, "The identifier of the ramp-off.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#);
        iban: &'a str = required(FieldKind::AsTyped(64), "The customer's bank account for the payout: an IBAN or the local account number.").example(r#""ES9121000418450200051332""#);
        bank_name: Option<&'a str> = BANK_NAME;
        bank_code: Option<&'a str> = BANK_CODE.compared(CompareAs::Trimmed);
        account_type: Option<&'a str> = ACCOUNT_TYPE.compared(CompareAs::Trimmed);
    }
}

/// A validated destination for an order, and who gave it.
pub(crate) struct DestinationChange {
    pub(crate) what: GivenDestination,
    pub(crate) origin: DestinationOrigin,
}

/// A destination of an order's money or coins.
pub(crate) enum GivenDestination {
    /// Where a payment's money is refunded to.
    RefundAccount(PayoutDestination),
    /// Where a ramp-off's coins are refunded to.
    RefundWallet(String),
    /// Where a ramp-off's money is paid out to.
    PayoutAccount(PayoutDestination),
}

/// Sets or changes the refund account of a payment, until a refund is on its way.
///
/// # Errors
/// `payment_not_found`; `fail_mandatory_field`, `invalid_bank_account`; `validation_failed` when the payment's state does not
/// allow it; `idempotency_conflict`.
pub async fn set_refund_account(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &SetRefundAccount<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let idempotency = idempotency::idempotent_request(app, caller, "POST /api/setRefundAccount", key, None, request.sent).await?;
    if let Some(answer) = stored_answer(app, &idempotency).await? {
        return Ok(answer);
    }
    let payment = order_checks::payment_of(app, caller, request.payment_id).await?;
    let customer = customer_of_order(app, payment.customer).await?;
    let account = checked_refund_account(&app.own_accounts, &customer, request.refund_account)?;
    let change = DestinationChange { what: GivenDestination::RefundAccount(account), origin: partner_origin(app) };
    commit_destination(app, caller, payment.id, &change, &idempotency).await
}

/// Sets or changes the refund wallet of a ramp-off, until a refund is on its way.
///
/// # Errors
/// `rampoff_not_found`; `fail_mandatory_field`, `invalid_wallet`; `validation_failed` when the ramp-off's state does not allow
/// it; `idempotency_conflict`.
pub async fn set_refund_wallet(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &SetRefundWallet<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let idempotency = idempotency::idempotent_request(app, caller, "POST /api/setRefundWallet", key, None, request.sent).await?;
    if let Some(answer) = stored_answer(app, &idempotency).await? {
        return Ok(answer);
    }
    let rampoff = order_checks::rampoff_of(app, caller, request.rampoff_id).await?;
    let wallet = order_checks::check_foreign_wallet(app, "refund_wallet", rampoff.chain(), request.refund_wallet).await?;
    let change = DestinationChange { what: GivenDestination::RefundWallet(wallet), origin: partner_origin(app) };
    commit_destination(app, caller, rampoff.id, &change, &idempotency).await
}

/// Gives another account for a payout that failed or that the receiving bank returned. A failed payout is paid
/// again at once; a returned one when a person resolves its review item.
///
/// # Errors
/// `rampoff_not_found`; `fail_mandatory_field`, `invalid_bank_account`; `validation_failed` when no payout waits for it;
/// `idempotency_conflict`.
pub async fn set_payout_account(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &SetPayoutAccount<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let idempotency = idempotency::idempotent_request(app, caller, "POST /api/setPayoutAccount", key, None, request.sent).await?;
    if let Some(answer) = stored_answer(app, &idempotency).await? {
        return Ok(answer);
    }
    let rampoff = order_checks::rampoff_of(app, caller, request.rampoff_id).await?;
    let given = BankAccountInput { account: request.iban, bank_code: request.bank_code, account_type: request.account_type };
    let holder = rampoff.destination.name.clone();
    let account = own_accounts::validated(&app.own_accounts, rampoff.country, given, request.bank_name, holder)
        .map_err(|fault| Refusal::field(ErrorCode::InvalidBankAccount, "iban", fault.to_string()))?;
    let change = DestinationChange { what: GivenDestination::PayoutAccount(account), origin: partner_origin(app) };
    commit_destination(app, caller, rampoff.id, &change, &idempotency).await
}

/// Sets a refund account on the payment's page, where none was given. It is followed after a delay when the
/// holder's name can be the customer's, else only by a person.
///
/// # Errors
/// `not_found`; `fail_mandatory_field`, `invalid_bank_account`; `validation_failed` where an account was given
/// before.
pub async fn give_refund_account(app: &App, token: &str, account: &str, name: &str) -> AppResult<()> {
    let payment = page_links::payment_by_token(app, token).await?;
    let mut faults = FieldFaults::default();
    let account = faults.number("account", Some(account));
    faults.require("account", account);
    let name = faults.text("name", Some(name));
    let name = faults.require("name", name).unwrap_or_default().trim().to_owned();
    let checked = account.and_then(|account| {
        match own_accounts::validated(&app.own_accounts, payment.country, BankAccountInput::number(account), None, name.as_str().into()) {
            Ok(destination) => Some(destination),
            Err(fault) => {
                faults.fault(ErrorCode::InvalidBankAccount, "account", fault.to_string());
                None
            }
        }
    });
    faults.finish()?;
    let account = checked.ok_or(ErrorCode::ValidationFailed)?;
    let customer = customer_of_order(app, payment.customer).await?;
    // Without a verified identity the customer's name is only what was typed into the identity form.
    let is_customer_name = customer.kyc.level.is_some() && customer.can_be(&name);
    let change = DestinationChange { what: GivenDestination::RefundAccount(account), origin: page_origin(app, is_customer_name) };
    commit_page_destination(app, payment.id, &change).await
}

/// Sets a refund wallet on the ramp-off's page, where none was given. It is followed after a delay.
///
/// # Errors
/// `not_found`; `fail_mandatory_field`, `invalid_wallet`; `validation_failed` where a wallet was given before.
pub async fn give_refund_wallet(app: &App, token: &str, wallet: &str) -> AppResult<()> {
    let rampoff = page_links::rampoff_by_token(app, token).await?;
    let mut faults = FieldFaults::default();
    let wallet = faults.number("wallet", Some(text::trimmed(wallet)));
    let wallet = faults.require("wallet", wallet).unwrap_or_default();
    faults.finish()?;
    let wallet = order_checks::check_foreign_wallet(app, "wallet", rampoff.chain(), wallet).await?;
    let change = DestinationChange { what: GivenDestination::RefundWallet(wallet), origin: page_origin(app, true) };
    commit_page_destination(app, rampoff.id, &change).await
}

fn partner_origin(app: &App) -> DestinationOrigin {
    DestinationOrigin::trusted(ProvidedBy::Partner, app.business.now())
}

/// A destination from a page is followed after the configured delay when the name is the customer's, else only by a
/// person.
fn page_origin(app: &App, is_customer_name: bool) -> DestinationOrigin {
    let at = app.business.now();
    let used_from = is_customer_name.then(|| at.after(Duration::from_secs(app.config.destination_delay_seconds)));
    DestinationOrigin { by: ProvidedBy::Page, at, used_from }
}

async fn stored_answer(app: &App, idempotency: &IdempotentRequest<'_>) -> AppResult<Option<CreatedResponse>> {
    match idempotency.stored_response(&idempotency::existing_claims(app, idempotency, None).await?)? {
        Some(StoredResponse::Answer { data, .. }) => Ok(Some(CreatedResponse { data, replayed: true })),
        _ => Ok(None),
    }
}

async fn customer_of_order(app: &App, id: CustomerId) -> AppResult<Customer> {
    app.store.customer(id).await?.ok_or_else(|| AppError::defect("an order without its customer"))
}

async fn commit_destination(
    app: &App,
    caller: &AuthenticatedPartner,
    id: OrderId,
    change: &DestinationChange,
    idempotency: &IdempotentRequest<'_>,
) -> AppResult<CreatedResponse> {
    let decide = || async move {
        let mut step = audited_destination_step(app, order_checks::find(app, id).await?, change, &caller.partner.id.to_string()).await?;
        let data = view_of(&step).ok_or_else(|| AppError::defect("a destination was given, and its order not written"))?;
        step.claims.extend(idempotency.claims(app, id, &data));
        Ok((step, CreatedResponse { data, replayed: false }))
    };
    retry_unless(app, "order is", decide, |error| match error {
        CommitError::AlreadyClaimed(claim) if claim.scope == ClaimScope::IdempotencyKey => match idempotency.stored_response_of(&claim)? {
            StoredResponse::Answer { data, .. } => Ok(Some(CreatedResponse { data, replayed: true })),
            StoredResponse::Subject(_) => Err(AppError::defect("an idempotency key without its answer")),
        },
        error => Err(error.into()),
    })
    .await
}

async fn commit_page_destination(app: &App, id: OrderId, change: &DestinationChange) -> AppResult<()> {
    retry(app, "order is", || async move {
        let step = audited_destination_step(app, order_checks::find(app, id).await?, change, ProvidedBy::Page.as_str()).await?;
        Ok((step, ()))
    })
    .await
}

/// The step that gives an order its destination.
pub(crate) async fn destination_step(app: &App, order: Order, change: &DestinationChange) -> AppResult<Step> {
    let context = app.context(observe::price(app, &order));
    let origin = change.origin;
    match (order, &change.what) {
        (Order::Payment(payment), GivenDestination::RefundAccount(account)) => {
            Ok(payment.request(PaymentCommand::GiveRefundAccount(account.clone(), origin), &context)?)
        }
        (Order::Rampoff(rampoff), GivenDestination::RefundWallet(wallet)) => {
            Ok(rampoff.request(RampoffCommand::GiveRefundWallet(wallet.clone(), origin), &context)?)
        }
        (Order::Rampoff(rampoff), GivenDestination::PayoutAccount(account)) => {
            let command = RampoffCommand::GivePayoutDestination(account.clone(), origin);
            let mut step = rampoff.clone().request(command, &context)?;
            relist_returned_payout(app, &rampoff, (account, origin.by), &mut step).await?;
            Ok(step)
        }
        (Order::Payment(_), _) => Err(refuse("a purchase is refunded to an account")),
        (Order::Rampoff(_), _) => Err(refuse("a sale is refunded to a wallet")),
    }
}

/// The same with an audit entry of its own, because no operator did it.
async fn audited_destination_step(app: &App, order: Order, change: &DestinationChange, actor: &str) -> AppResult<Step> {
    let subject = order.id().to_string();
    let mut step = destination_step(app, order, change).await?;
    let (actor, action, reason) = (actor.to_owned(), ACTION.to_owned(), String::new());
    let line =
        AuditEntry { id: app.mint().id(), version: 0, actor, action, subject, reason, detail: change.describe(), at: change.origin.at };
    step.write(line);
    Ok(step)
}

/// A returned payout gets a new review item with the account it would now go to, so that a person sees the account
/// before money is sent there.
async fn relist_returned_payout(
    app: &App,
    rampoff: &Rampoff,
    (destination, by): (&PayoutDestination, ProvidedBy),
    step: &mut Step,
) -> AppResult<()> {
    if !matches!(rampoff.state, RampoffState::Finished { .. }) {
        return Ok(());
    }
    let item = returned_payout(app, rampoff).await?.ok_or(ErrorCode::ValidationFailed)?;
    item.with_account(destination.account.reveal(), by, &app.mint()).into_iter().for_each(|item| step.write(item));
    Ok(())
}

/// The review item of a payout that the bank returned after it was settled, while the money is in suspense.
pub(crate) async fn returned_payout(app: &App, rampoff: &Rampoff) -> AppResult<Option<ReviewItem>> {
    if !rampoff.was_payout_returned() {
        return Ok(None);
    }
    let items = app.store.reversals_waiting(rampoff.id).await?;
    Ok(items.into_iter().find(|item| item.subject.counterparty().is_some()))
}

impl DestinationChange {
    /// The destination, masked, with its origin: for the audit log.
    pub(crate) fn describe(&self) -> String {
        let (what, destination) = match &self.what {
            GivenDestination::RefundAccount(account) => ("refund to", account.account.reveal()),
            GivenDestination::RefundWallet(wallet) => ("refund to", wallet.as_str()),
            GivenDestination::PayoutAccount(account) => ("payout to", account.account.reveal()),
        };
        format!("{what} {}", describe_destination(&masked(destination), Some(&self.origin)))
    }
}

/// Describes a destination: who gave it, when, and from when on it is followed without a person.
pub(crate) fn describe_destination(destination: &str, origin: Option<&DestinationOrigin>) -> String {
    match origin {
        None => format!("{destination}, given before that was recorded"),
        Some(DestinationOrigin { by, at, used_from: None }) => {
            format!("{destination}, given by the {} at {at}, followed by a person only", by.as_str())
        }
        Some(DestinationOrigin { by, at, used_from: Some(from) }) => {
            format!("{destination}, given by the {} at {at}, followed from {from} on", by.as_str())
        }
    }
}

/// The order written by a step, in the form of its GET call.
fn view_of(step: &Step) -> Option<String> {
    step.writes.iter().find_map(|record| match record {
        Record::Payment(payment) => Some(PaymentView::of(payment).to_json()),
        Record::Rampoff(rampoff) => Some(RampoffView::of(rampoff).to_json()),
        _ => None,
    })
}
