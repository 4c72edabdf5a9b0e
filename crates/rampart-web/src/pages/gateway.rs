//! The payment page: for redirect methods the link to the processor (simulated in the sandbox), for bank transfers the
//! payment details.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rampart_app::{GatewayAction, GatewayOutcome, GatewaySession, PaymentPage, pages};
use rampart_core::order::pay_to::PayTo;
use rampart_core::order::payment::{Instructions, Payment, PaymentState};
use rampart_core::refusal::ErrorCode;

use super::forms::SubmittedForm;
use super::frame::{DetailRow, Frame, Link, callback};
use super::language::Locale;
use super::refund::{self, RefundOffer};
use super::request::PageRequest;
use super::response::{Message, PageError, failure, page, see_other};
use super::text::fill;
use super::{STATUS_PATH, account, labels, order, status};
use crate::state::Web;

/// How often the transfer page refreshes.
const REFRESH_SECONDS: u32 = 30;

#[derive(Template)]
#[template(path = "pages/pay.html")]
struct PayPage {
    frame: Frame,
    kicker: String,
    amount: String,
    pay_label: String,
    rows: Vec<DetailRow>,
    declined: bool,
    action: String,
    back: Option<Link>,
}

#[derive(Template)]
#[template(path = "pages/transfer.html")]
struct TransferPage {
    frame: Frame,
    kicker: String,
    rows: Vec<DetailRow>,
    from: String,
    declared: bool,
    can_declare: bool,
    can_cancel: bool,
    summary: Vec<DetailRow>,
    refund: Option<RefundOffer>,
    action: String,
    status: Link,
    back: Option<Link>,
}

/// `GET /gateway/{method}`
pub(crate) async fn show(State(web): State<Web>, request: PageRequest) -> Response {
    match view(&web, &request).await {
        Ok(response) => response,
        Err(fault) => failure(&request, fault),
    }
}

fn path(payment: &Payment) -> String {
    format!("/gateway/{}", payment.method.as_str().to_ascii_lowercase())
}

async fn view(web: &Web, request: &PageRequest) -> Result<Response, PageError> {
    let found = pages::page_payment(&web.app, request.token()).await?;
    let payment = &found.payment;
    if !request.path().eq_ignore_ascii_case(&path(payment)) {
        return Ok(see_other(&request.link(&path(payment), &[])));
    }
    if !payment.is_unpaid() || found.now >= payment.open_until {
        return Ok(see_other(&request.link(STATUS_PATH, &[])));
    }
    if let Some(instructions) = &payment.instructions {
        return Ok(transfer(request, &found, instructions));
    }
    match pages::gateway_session(&web.app, request.token()).await.map_err(PageError::from) {
        Ok(GatewaySession::Redirect(url)) => Ok(see_other(&url)),
        Ok(GatewaySession::Simulated) => Ok(pay(request, &found)),
        // The payment was paid or cancelled in the meantime.
        Err(PageError::Refused(refusal)) if refusal.code != ErrorCode::ErrorPaymentCreation => {
            Ok(see_other(&request.link(STATUS_PATH, &[])))
        }
        Err(PageError::NotFound) => Err(PageError::NotFound),
        Err(fault) => Ok(no_session(request, &found, &fault)),
    }
}

/// The processor did not open a session. Trying again is safe.
fn no_session(request: &PageRequest, found: &PaymentPage, fault: &PageError) -> Response {
    tracing::warn!(payment = %found.payment.id, ?fault, "the processor opened no session");
    let language = request.language(Some(found.payment.country));
    let t = language.texts();
    let frame = Frame::new(request, language, t.unavailable).of(&found.partner_name, found.sandbox);
    let mut message = Message::new(frame, "wait", t.unavailable, t.processor_failed);
    message.links.push(Link::primary(request.link(&path(&found.payment), &[]), t.try_again));
    let back = callback(found.payment.callback_url.as_deref());
    message.links.extend(back.map(|url| Link::secondary(url, fill(t.back_to, &[&found.partner_name]))));
    page(StatusCode::BAD_GATEWAY, &message)
}

fn way_back(found: &PaymentPage, locale: Locale) -> Option<Link> {
    let label = fill(locale.language.texts().back_to, &[&found.partner_name]);
    callback(found.payment.callback_url.as_deref()).map(|url| Link::secondary(url, label))
}

pub(crate) fn pay(request: &PageRequest, found: &PaymentPage) -> Response {
    let payment = &found.payment;
    let locale = request.locale(payment.country);
    let t = locale.language.texts();
    let amount = order::paid(payment, locale);
    let rows = vec![
        DetailRow::new(t.you_receive, order::bought(payment, locale)).with_hint(t.fees_included),
        DetailRow::new(t.network, labels::chain(payment.terms.coin.chain)),
        DetailRow::copied(t.to_wallet, payment.wallet.clone()),
        DetailRow::new(t.method, labels::method(payment.method, t)),
        DetailRow::new(t.expires, order::time_left(found.now, [payment.held_until, payment.open_until], t)),
        DetailRow::copied(t.order, payment.id.to_string()),
    ];
    let template = PayPage {
        frame: Frame::new(request, locale.language, fill(t.pay_title, &[&amount])).of(&found.partner_name, found.sandbox),
        kicker: fill(t.pay_intro, &[&found.partner_name]),
        pay_label: fill(t.pay_now, &[&amount]),
        amount,
        rows,
        declined: request.has("declined"),
        action: request.link(&path(payment), &[]),
        back: way_back(found, locale),
    };
    page(StatusCode::OK, &template)
}

pub(crate) fn transfer(request: &PageRequest, found: &PaymentPage, instructions: &Instructions) -> Response {
    let payment = &found.payment;
    let locale = request.locale(payment.country);
    let t = locale.language.texts();
    let terms = &payment.terms;
    // Without currency and without grouping of digits, as banking forms expect it.
    let plain = locale.plain(&terms.fiat_amount.to_major(terms.fiat_decimals));
    let mut rows = vec![DetailRow::copied(t.transfer_amount, plain).with_hint(format!("{}. {}", terms.fiat, t.transfer_amount_hint))];
    rows.extend(account::rows(&PayTo::of(instructions, payment.country), payment.country, t));
    let hint = if instructions.own_account { t.own_account_hint } else { t.concept_hint };
    rows.push(DetailRow::copied(t.concept, instructions.concept.clone()).with_hint(hint));
    let declared = matches!(payment.state, PaymentState::PendingBank { .. });
    let frame = Frame::new(request, locale.language, t.transfer_title).of(&found.partner_name, found.sandbox);
    let template = TransferPage {
        frame: frame.refreshing(REFRESH_SECONDS, request.link(&path(payment), &[])),
        kicker: fill(t.pay_intro, &[&found.partner_name]),
        rows,
        from: fill(t.from_own_account, &[&found.customer_name]),
        declared,
        can_declare: found.can_declare && !declared,
        can_cancel: found.can_cancel,
        summary: vec![
            DetailRow::new(t.you_pay, order::paid(payment, locale)).with_hint(t.fees_included),
            DetailRow::new(t.you_receive, order::bought(payment, locale)),
            DetailRow::new(t.network, labels::chain(terms.coin.chain)),
            DetailRow::copied(t.to_wallet, payment.wallet.clone()),
            DetailRow::new(t.expires, order::time_left(found.now, [payment.held_until, payment.open_until], t)),
            DetailRow::copied(t.order, payment.id.to_string()),
        ],
        refund: refund::of_payment(request, found, locale),
        action: request.link(&path(payment), &[]),
        status: Link::secondary(request.link(STATUS_PATH, &[]), t.see_status),
        back: way_back(found, locale),
    };
    page(StatusCode::OK, &template)
}

/// `POST /gateway/{method}`
pub(crate) async fn act(State(web): State<Web>, posted: SubmittedForm) -> Response {
    let request = &posted.request;
    match perform(&web, request, posted.fields.get("action").unwrap_or_default()).await {
        Ok(response) => response,
        Err(fault) => failure(request, fault),
    }
}

async fn perform(web: &Web, request: &PageRequest, action: &str) -> Result<Response, PageError> {
    let token = request.token();
    let found = pages::page_payment(&web.app, token).await?;
    let gateway = path(&found.payment);
    let returned = request.link(STATUS_PATH, &[(status::RETURNED, "1")]);
    let declined = request.link(&gateway, &[("declined", "1")]);
    let next_page = |played| if played == GatewayOutcome::Declined { declined.clone() } else { returned.clone() };
    let outcome = match action {
        "pay" => pages::gateway_play(&web.app, token, GatewayAction::Pay).await.map(next_page),
        "decline" => pages::gateway_play(&web.app, token, GatewayAction::Decline).await.map(next_page),
        "sent" => pages::declare_sent(&web.app, token).await.map(|()| request.link(&gateway, &[])),
        "cancel" => pages::cancel_payment(&web.app, token).await.map(|()| request.link(STATUS_PATH, &[])),
        _ => return Err(PageError::BadRequest),
    };
    match outcome.map_err(PageError::from) {
        Ok(next) => Ok(see_other(&next)),
        // The state changed in the meantime, perhaps because the button was pressed twice: show the current state.
        Err(PageError::Refused(_)) => {
            let payment = pages::page_payment(&web.app, token).await?.payment;
            Ok(see_other(&match action {
                "sent" if matches!(payment.state, PaymentState::PendingBank { .. }) => request.link(&gateway, &[]),
                "cancel" if matches!(payment.state, PaymentState::Cancelled) => request.link(STATUS_PATH, &[]),
                "pay" if !payment.is_unpaid() => returned,
                _ => request.link(STATUS_PATH, &[("changed", "1")]),
            }))
        }
        Err(fault) => Err(fault),
    }
}
