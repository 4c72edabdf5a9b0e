//! The refund destination of an order: shown, and entered in a form.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use rampart_app::{PaymentPage, RampoffPage};
use rampart_core::identity::bank_account;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{DestinationOrigin, ProvidedBy};
use rampart_core::refusal::Refusal;
use rampart_core::text;
use rampart_core::time::Timestamp;

use super::field::{Faults, FormField, mark};
use super::forms::FormData;
use super::frame::Frame;
use super::language::{Locale, moment};
use super::request::PageRequest;
use super::response::page;
use super::text::{Texts, fill};
use super::{STATUS_PATH, account, labels};

const MAX_NAME_CHARACTERS: usize = 100;
const MAX_WALLET_CHARACTERS: usize = 100;

/// What a page shows about the refund destination.
pub(crate) struct RefundOffer {
    pub(crate) title: &'static str,
    pub(crate) why: String,
    /// The known destination, who can change it, and from when it is used.
    pub(crate) given: Option<String>,
    /// The link to the form (URL and label), while no destination is known.
    pub(crate) give: Option<(String, &'static str)>,
    /// Whether the order is on hold for it.
    pub(crate) needed: bool,
}

#[derive(Template)]
#[template(path = "pages/refund.html")]
struct RefundFormPage {
    frame: Frame,
    heading: &'static str,
    why: String,
    fields: Vec<FormField>,
    faults: Faults,
    action: String,
    back_url: String,
}

/// For a payment. Money from a processor is refunded through it, so an account is needed only if that failed.
pub(crate) fn of_payment(request: &PageRequest, found: &PaymentPage, locale: Locale) -> Option<RefundOffer> {
    let t = locale.language.texts();
    let payment = &found.payment;
    let needed = matches!(payment.state, PaymentState::OnHold { reason, .. } if reason.needs_destination());
    let is_open = payment.is_unpaid() || matches!(payment.state, PaymentState::OnHold { .. });
    let given = payment.refund_account.as_ref().map(|account| account.account.reveal());
    if !is_open || (payment.instructions.is_none() && !needed) {
        return None;
    }
    Some(RefundOffer {
        title: if needed && given.is_none() { t.refund_needed } else { t.refund_title_account },
        why: t.refund_why_account.to_owned(),
        given: given.map(|given| describe_given(given, payment.refund_origin, found.now, &found.partner_name, t)),
        give: found.can_give_refund_account.then(|| (request.link(STATUS_PATH, &[("edit", "refund")]), t.refund_give)),
        needed,
    })
}

/// The known destination, masked for the holder of the link.
fn describe_given(given: &str, origin: Option<DestinationOrigin>, now: Timestamp, partner: &str, t: &'static Texts) -> String {
    let mut text = fill(t.refund_given, &[&bank_account::masked(given), partner]);
    let waits = match origin {
        Some(DestinationOrigin { by: ProvidedBy::Page, used_from: Some(from), .. }) if now < from => fill(t.refund_waits, &[&moment(from)]),
        Some(DestinationOrigin { by: ProvidedBy::Page, used_from: None, .. }) => t.refund_waits_for_a_person.to_owned(),
        _ => return text,
    };
    text.push(' ');
    text.push_str(&waits);
    text
}

pub(crate) fn of_rampoff(request: &PageRequest, found: &RampoffPage, locale: Locale) -> Option<RefundOffer> {
    let t = locale.language.texts();
    let rampoff = &found.rampoff;
    let needed = matches!(rampoff.state, RampoffState::OnHold { reason, .. } if reason.needs_destination());
    let is_open = matches!(rampoff.state, RampoffState::Created | RampoffState::Confirming | RampoffState::OnHold { .. });
    let given = rampoff.refund_wallet.as_deref();
    if !is_open {
        return None;
    }
    Some(RefundOffer {
        title: if needed && given.is_none() { t.refund_needed } else { t.refund_title_wallet },
        why: fill(t.refund_why_wallet, &[&labels::chain(rampoff.chain())]),
        given: given.map(|given| describe_given(given, rampoff.refund_origin, found.now, &found.partner_name, t)),
        give: found.can_give_refund_wallet.then(|| (request.link(STATUS_PATH, &[("edit", "refund")]), t.refund_give)),
        needed,
    })
}

/// The form for a payment's account.
pub(crate) fn account_form(
    request: &PageRequest,
    found: &PaymentPage,
    locale: Locale,
    typed: Option<&FormData>,
    faults: Faults,
) -> Response {
    let t = locale.language.texts();
    let typed_or_known = |name| typed.and_then(|fields| fields.get(name)).unwrap_or_default();
    let name = if typed.is_some() { typed_or_known("name") } else { &found.customer_name };
    let mut fields = account::fields(found.payment.country, typed, t);
    fields.push(FormField::text("name", t.refund_name, MAX_NAME_CHARACTERS, name).with_autocomplete("name"));
    form(request, &found.partner_name, found.sandbox, locale, (t.refund_title_account, t.refund_why_account.to_owned()), fields, faults)
}

/// The form for a ramp-off's wallet.
pub(crate) fn wallet_form(
    request: &PageRequest,
    found: &RampoffPage,
    locale: Locale,
    typed: Option<&FormData>,
    faults: Faults,
) -> Response {
    let t = locale.language.texts();
    let chain = labels::chain(found.rampoff.chain());
    let wallet = typed.and_then(|fields| fields.get("wallet")).unwrap_or_default();
    let fields =
        vec![FormField::text("wallet", t.refund_wallet, MAX_WALLET_CHARACTERS, wallet).with_hint(fill(t.refund_wallet_hint, &[&chain]))];
    let words = (t.refund_title_wallet, fill(t.refund_why_wallet, &[&chain]));
    form(request, &found.partner_name, found.sandbox, locale, words, fields, faults)
}

fn form(
    request: &PageRequest,
    partner: &str,
    sandbox: bool,
    locale: Locale,
    (heading, why): (&'static str, String),
    fields: Vec<FormField>,
    faults: Faults,
) -> Response {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let template = RefundFormPage {
        frame: Frame::new(request, locale.language, heading).of(partner, sandbox),
        heading,
        why,
        fields: mark(fields, &faults),
        faults,
        action: request.link(STATUS_PATH, &[]),
        back_url: request.link(STATUS_PATH, &[]),
    };
    page(status, &template)
}

pub(crate) fn account_faults(found: &PaymentPage, typed: &FormData, locale: Locale) -> Faults {
    let t = locale.language.texts();
    let mut faults = account::faults(found.payment.country, typed, locale);
    match typed.get("name") {
        None => faults.push(("name", t.fault_required.to_owned())),
        Some(name) if name.chars().count() > MAX_NAME_CHARACTERS => {
            faults.push(("name", fill(t.fault_too_long, &[&MAX_NAME_CHARACTERS.to_string()])))
        }
        Some(name) if text::check(name).is_err() => faults.push(("name", t.fault_hidden.to_owned())),
        Some(_) => {}
    }
    faults
}

/// The errors that the page itself can find; the application validates the address.
pub(crate) fn wallet_faults(typed: &FormData, locale: Locale) -> Faults {
    let t = locale.language.texts();
    match typed.get("wallet") {
        None => vec![("wallet", t.fault_required.to_owned())],
        Some(wallet) if wallet.chars().count() > MAX_WALLET_CHARACTERS => {
            vec![("wallet", fill(t.fault_too_long, &[&MAX_WALLET_CHARACTERS.to_string()]))]
        }
        Some(_) => Faults::new(),
    }
}

/// The error of a wallet that the application refused.
pub(crate) fn wallet_refused(found: &RampoffPage, locale: Locale) -> Faults {
    vec![("wallet", fill(locale.language.texts().fault_wallet, &[&labels::chain(found.rampoff.chain())]))]
}

/// The errors of an account that the application refused.
pub(crate) fn account_refused(refusal: &Refusal, locale: Locale) -> Faults {
    let t = locale.language.texts();
    match refusal.fields.iter().any(|(field, _)| field == "name") {
        true => vec![("name", t.fault_invalid.to_owned())],
        false => vec![("account", t.fault_account.to_owned())],
    }
}
