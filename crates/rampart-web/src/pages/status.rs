//! The status page of an order, with the form for the refund destination.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rampart_app::{PaymentPage, RampoffPage, StatusPage, pages, partner_api};
use rampart_core::order::rampoff::RampoffState;
use rampart_core::refusal::{ErrorCode, Refusal};

use super::field::Faults;
use super::forms::{FormData, SubmittedForm};
use super::frame::{DetailRow, Frame, Link, callback};
use super::language::Language;
use super::order::{self, Headline};
use super::refund::{self, RefundOffer};
use super::request::PageRequest;
use super::response::{PageError, failure, page, see_other, way_back};
use super::text::{Texts, fill};
use super::timeline::{self, TimelineStep};
use super::{STATUS_PATH, account, labels, qr};
use crate::state::Web;

/// The query parameter of a customer who returns from the processor's page.
pub(crate) const RETURNED: &str = "returned";

/// How to send the coins of a ramp-off.
struct DepositInstructions {
    rows: Vec<DetailRow>,
    warning: String,
    drawing: Option<(String, usize)>,
}

#[derive(Template)]
#[template(path = "pages/status.html")]
struct OrderPage {
    frame: Frame,
    kicker: String,
    headline: Headline,
    notices: Vec<&'static str>,
    deposit: Option<DepositInstructions>,
    steps: Vec<TimelineStep>,
    rows: Vec<DetailRow>,
    refund: Option<RefundOffer>,
    links: Vec<Link>,
    cancel: Option<String>,
}

/// `GET /status`
pub(crate) async fn show(State(web): State<Web>, request: PageRequest) -> Response {
    let editing = request.parameter("edit") == Some("refund");
    match pages::page_status(&web.app, request.token()).await {
        Ok(StatusPage::Payment(found)) => {
            let locale = request.locale(found.payment.country);
            match refund::of_payment(&request, &found, locale) {
                Some(offer) if editing && offer.give.is_some() => refund::account_form(&request, &found, locale, None, Faults::new()),
                _ => payment(&request, &found),
            }
        }
        Ok(StatusPage::Rampoff(found)) => {
            let locale = request.locale(found.rampoff.country);
            match refund::of_rampoff(&request, &found, locale) {
                Some(offer) if editing && offer.give.is_some() => refund::wallet_form(&request, &found, locale, None, Faults::new()),
                _ => rampoff(&request, &found),
            }
        }
        Err(error) => failure(&request, error.into()),
    }
}

/// `POST /status`
pub(crate) async fn act(State(web): State<Web>, posted: SubmittedForm) -> Response {
    match perform(&web, &posted.request, &posted.fields).await {
        Ok(response) => response,
        Err(fault) => failure(&posted.request, fault),
    }
}

async fn perform(web: &Web, request: &PageRequest, typed: &FormData) -> Result<Response, PageError> {
    let token = request.token();
    let found = pages::page_status(&web.app, token).await?;
    let cancels = typed.get("action") == Some("cancel");
    let outcome = match &found {
        StatusPage::Payment(_) if cancels => pages::cancel_payment(&web.app, token).await,
        StatusPage::Rampoff(_) if cancels => pages::cancel_rampoff(&web.app, token).await,
        StatusPage::Payment(found) => {
            let locale = request.locale(found.payment.country);
            let faults = refund::account_faults(found, typed, locale);
            if !faults.is_empty() {
                return Ok(refund::account_form(request, found, locale, Some(typed), faults));
            }
            let account = account::text(found.payment.country, typed);
            partner_api::give_refund_account(&web.app, token, &account, typed.get("name").unwrap_or_default()).await
        }
        StatusPage::Rampoff(found) => {
            let locale = request.locale(found.rampoff.country);
            let faults = refund::wallet_faults(typed, locale);
            if !faults.is_empty() {
                return Ok(refund::wallet_form(request, found, locale, Some(typed), faults));
            }
            partner_api::give_refund_wallet(&web.app, token, typed.get("wallet").unwrap_or_default()).await
        }
    };
    match (outcome.map_err(PageError::from), &found) {
        (Ok(()), _) => Ok(see_other(&request.link(STATUS_PATH, &[]))),
        (Err(PageError::Refused(refusal)), StatusPage::Payment(found)) if is_destination_error(&refusal) => {
            let locale = request.locale(found.payment.country);
            let faults = refund::account_refused(&refusal, locale);
            Ok(refund::account_form(request, found, locale, Some(typed), faults))
        }
        (Err(PageError::Refused(refusal)), StatusPage::Rampoff(found)) if is_destination_error(&refusal) => {
            let locale = request.locale(found.rampoff.country);
            Ok(refund::wallet_form(request, found, locale, Some(typed), refund::wallet_refused(found, locale)))
        }
        // The state changed in the meantime, perhaps because the button was pressed twice: show the current state.
        (Err(PageError::Refused(_)), _) => Ok(see_other(&request.link(STATUS_PATH, &[("changed", "1")]))),
        (Err(fault), _) => Err(fault),
    }
}

fn is_destination_error(refusal: &Refusal) -> bool {
    matches!(refusal.code, ErrorCode::InvalidWallet | ErrorCode::InvalidBankAccount) || !refusal.fields.is_empty()
}

/// The frame of an order's page. The page refreshes itself until the order is in a final state.
fn frame(request: &PageRequest, found: (&str, bool), headline: &Headline, language: Language) -> Frame {
    let frame = Frame::new(request, language, headline.heading).of(found.0, found.1);
    let returned: &[(&str, &str)] = if request.has(RETURNED) { &[(RETURNED, "1")] } else { &[] };
    match headline.refresh_seconds {
        Some(seconds) => frame.refreshing(seconds, request.link(STATUS_PATH, returned)),
        None => frame,
    }
}

pub(crate) fn payment(request: &PageRequest, found: &PaymentPage) -> Response {
    let payment = &found.payment;
    let locale = request.locale(payment.country);
    let t = locale.language.texts();
    let returned = request.has(RETURNED);
    let headline = order::of_payment(payment, &found.partner_name, returned, t);
    let mut links = Vec::new();
    if payment.is_unpaid() {
        let path = format!("/gateway/{}", payment.method.as_str().to_ascii_lowercase());
        let url = request.link(&path, &[]);
        links.push(match (payment.instructions.is_some(), returned) {
            (true, _) => Link::primary(url, t.see_instructions),
            (false, true) => Link::secondary(url, t.try_again),
            (false, false) => Link::primary(url, fill(t.pay_now, &[&order::paid(payment, locale)])),
        });
    }
    let back = callback(payment.callback_url.as_deref());
    match payment.is_unpaid() {
        true => links.extend(back.map(|url| Link::secondary(url, fill(t.back_to, &[&found.partner_name])))),
        false => links.extend(way_back(back.as_ref(), &found.partner_name, t)),
    }
    let notices = notices(
        request,
        payment.exceptions.first().map(|kind| labels::exception(kind, t)),
        payment.reversal.map(|kind| labels::reversal(kind, t)),
        t,
    );
    let template = OrderPage {
        frame: frame(request, (&found.partner_name, found.sandbox), &headline, locale.language),
        kicker: fill(t.status_title, &[&found.partner_name]),
        headline,
        notices,
        deposit: None,
        steps: timeline::of_payment(payment, t),
        rows: order::payment_rows(payment, locale),
        refund: refund::of_payment(request, found, locale),
        links,
        cancel: None,
    };
    page(StatusCode::OK, &template)
}

pub(crate) fn rampoff(request: &PageRequest, found: &RampoffPage) -> Response {
    let rampoff = &found.rampoff;
    let locale = request.locale(rampoff.country);
    let t = locale.language.texts();
    let headline = order::of_rampoff(found, t);
    let notices = notices(
        request,
        rampoff.exceptions.first().map(|kind| labels::exception(kind, t)),
        rampoff.reversal.map(|kind| labels::reversal(kind, t)),
        t,
    );
    let waiting = matches!(rampoff.state, RampoffState::Created);
    let deposit = waiting.then(|| {
        let symbol = rampoff.terms.coin.symbol;
        let chain = labels::chain(rampoff.chain());
        DepositInstructions {
            rows: vec![
                DetailRow::copied(t.deposit_amount, rampoff.terms.coin_amount.to_major_short(rampoff.terms.coin_decimals))
                    .with_hint(symbol.to_string()),
                DetailRow::copied(t.deposit_address, rampoff.deposit_address.clone()),
                DetailRow::new(t.network, chain.clone()),
                DetailRow::new(t.expires, order::time_left(found.now, [rampoff.held_until, rampoff.open_until], t)),
            ],
            warning: fill(t.deposit_only, &[symbol.as_str(), &chain]),
            drawing: qr::drawing(&rampoff.deposit_address),
        }
    });
    let template = OrderPage {
        frame: frame(request, (&found.partner_name, found.sandbox), &headline, locale.language),
        kicker: fill(t.status_rampoff_title, &[&found.partner_name]),
        headline,
        notices,
        deposit,
        steps: timeline::of_rampoff(rampoff, t),
        rows: order::rampoff_rows(rampoff, locale),
        refund: refund::of_rampoff(request, found, locale),
        links: Vec::new(),
        cancel: found.can_cancel.then(|| request.link(STATUS_PATH, &[])),
    };
    page(StatusCode::OK, &template)
}

fn notices(request: &PageRequest, exception: Option<&'static str>, reversal: Option<&'static str>, t: &'static Texts) -> Vec<&'static str> {
    let changed = request.has("changed").then_some(t.expired_form);
    [changed, exception, reversal].into_iter().flatten().collect()
}
