//! The identity page: the form, then the result of the check.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rampart_app::orders::page_links;
use rampart_app::{CustomerPage, pages};
use rampart_core::customer::kyc::{KycLevel, KycStatus};

use super::field::{Faults, FormField, mark};
use super::forms::{FormData, SubmittedForm};
use super::frame::{DetailRow, Frame, Link, callback};
use super::kyc_form::KycFormView;
use super::request::PageRequest;
use super::response::{Message, PageError, failure, page, see_other, way_back};
use super::text::fill;
use super::triggers;
use crate::state::Web;

const PATH: &str = "/kyc";
/// How often the page refreshes while the check is running.
const REFRESH_SECONDS: u32 = 3;
/// The delay before a verified customer is redirected to the partner.
const REDIRECT_SECONDS: u32 = 6;

#[derive(Template)]
#[template(path = "pages/kyc.html")]
struct KycFormPage {
    frame: Frame,
    intro: String,
    known: Vec<DetailRow>,
    correct_url: Option<String>,
    fields: Vec<FormField>,
    faults: Faults,
    action: String,
    triggers: Vec<(&'static str, &'static str)>,
}

/// `GET /kyc`
pub(crate) async fn show(State(web): State<Web>, request: PageRequest) -> Response {
    match pages::page_customer(&web.app, request.token()).await {
        Ok(customer) => view(&request, &customer),
        Err(error) => failed_page(&web, &request, error.into()).await,
    }
}

/// The failure page. An expired link names the partner to ask, but nothing about the customer.
async fn failed_page(web: &Web, request: &PageRequest, fault: PageError) -> Response {
    if !matches!(fault, PageError::NotFound) {
        return failure(request, fault);
    }
    match page_links::ended_link(&web.app, request.token()).await {
        Ok(Some(partner)) => {
            let language = request.language(None);
            let t = language.texts();
            let text = fill(t.link_ended_text, &[&partner]);
            page(StatusCode::GONE, &Message::new(Frame::new(request, language, t.link_ended), "bad", t.link_ended, text))
        }
        Ok(None) => failure(request, fault),
        Err(error) => failure(request, error.into()),
    }
}

/// `POST /kyc`
pub(crate) async fn submit(State(web): State<Web>, posted: SubmittedForm) -> Response {
    let request = &posted.request;
    match send(&web, request, &posted.fields).await {
        Ok(response) => response,
        Err(fault) => failed_page(&web, request, fault).await,
    }
}

async fn send(web: &Web, request: &PageRequest, typed: &FormData) -> Result<Response, PageError> {
    let found = pages::page_customer(&web.app, request.token()).await?;
    let level = level(request, &found);
    let parameters: &[(&str, &str)] = match level {
        KycLevel::Basic => &[("sent", "1")],
        KycLevel::Reinforced => &[("level", "2"), ("sent", "1")],
    };
    let afterwards = see_other(&request.link(PATH, parameters));
    // A form that is submitted twice shows the result of the first submission.
    if !matches!(stage(&found, level), KycStage::Form | KycStage::Failed { may_retry: true }) {
        return Ok(afterwards);
    }
    let language = request.language(Some(found.customer.country));
    let form = KycFormView::new(&found.customer, level, language, everything(request, &found, level), Some(typed));
    let mut faults = form.faults(typed);
    if faults.is_empty() {
        match pages::submit_kyc_form(&web.app, request.token(), form.submission(typed)).await.map_err(PageError::from) {
            Ok(_) => return Ok(afterwards),
            Err(PageError::Refused(refusal)) => faults = form.refused(&refusal),
            Err(fault) => return Err(fault),
        }
        if faults.is_empty() {
            // Refused as a whole: it was submitted elsewhere, or the customer was banned in the meantime.
            return Ok(afterwards);
        }
    }
    Ok(form_page(request, &found, level, Some(typed), faults))
}

/// The level of the requested form. The reinforced form requires an approved first level.
fn level(request: &PageRequest, found: &CustomerPage) -> KycLevel {
    match request.parameter("level") {
        // Approved, but data that every operation needs is missing.
        _ if found.wanted == Some(KycLevel::Basic) => KycLevel::Basic,
        Some("2") if found.customer.kyc.level.is_some() => KycLevel::Reinforced,
        _ => KycLevel::Basic,
    }
}

/// The state of the check for a level.
enum KycStage {
    Banned,
    Form,
    Processing,
    Valid,
    Failed { may_retry: bool },
}

fn stage(found: &CustomerPage, level: KycLevel) -> KycStage {
    let kyc = &found.customer.kyc;
    if found.customer.banned.is_some() {
        return KycStage::Banned;
    }
    if kyc.level.is_some_and(|approved| approved >= level) && found.wanted != Some(level) {
        return KycStage::Valid;
    }
    // One check at a time: no form is accepted while another check is running.
    if kyc.check.as_ref().is_some_and(|check| check.status == KycStatus::Processing) {
        return KycStage::Processing;
    }
    match kyc.check.as_ref().filter(|check| check.level == level) {
        Some(check) if check.status == KycStatus::Fail && kyc.level.is_none_or(|approved| approved < level) => {
            KycStage::Failed { may_retry: check.may_retry }
        }
        _ => KycStage::Form,
    }
}

/// Whether known data can be corrected: on request, and after a failed check.
fn everything(request: &PageRequest, found: &CustomerPage, level: KycLevel) -> bool {
    request.has("edit") || request.has("retry") || matches!(stage(found, level), KycStage::Failed { .. })
}

pub(crate) fn view(request: &PageRequest, found: &CustomerPage) -> Response {
    let level = level(request, found);
    let language = request.language(Some(found.customer.country));
    let t = language.texts();
    let partner = found.partner_name.as_str();
    let frame = |title: &str| Frame::new(request, language, title).of(partner, found.sandbox);
    let back = callback(found.customer.callback_url.as_deref());
    let reinforced = level == KycLevel::Reinforced;
    let level_parameter: &[(&str, &str)] = if reinforced { &[("level", "2")] } else { &[] };
    let message = match stage(found, level) {
        KycStage::Form => return form_page(request, found, level, None, Faults::new()),
        KycStage::Failed { may_retry: true } if request.has("retry") => return form_page(request, found, level, None, Faults::new()),
        KycStage::Banned => {
            let mut message = Message::new(frame(t.kyc_banned), "bad", t.kyc_banned, fill(t.kyc_banned_text, &[partner]));
            message.links.extend(way_back(back.as_ref(), partner, t));
            message
        }
        KycStage::Processing => {
            let parameters = [level_parameter, if request.has("sent") { &[("sent", "1")] } else { &[] }].concat();
            let frame = frame(t.kyc_processing).refreshing(REFRESH_SECONDS, request.link(PATH, &parameters));
            let mut message = Message::new(frame, "wait", t.kyc_processing, t.kyc_processing_text);
            message.links.extend(back.as_ref().map(|url| Link::secondary(url.clone(), fill(t.back_to, &[partner]))));
            message
        }
        KycStage::Valid => {
            let (heading, text) =
                if reinforced { (t.kyc_valid_reinforced, t.kyc_valid_reinforced_text) } else { (t.kyc_valid, t.kyc_valid_text) };
            let leaving = back.as_deref().filter(|_| request.has("sent"));
            let frame = match leaving {
                Some(url) => frame(heading).redirecting(REDIRECT_SECONDS, url),
                None => frame(heading),
            };
            let mut message = Message::new(frame, "good", heading, fill(text, &[partner]));
            message.paragraphs.extend(leaving.map(|_| fill(t.kyc_leaving, &[partner])));
            message.links.extend(way_back(back.as_ref(), partner, t));
            if found.customer.kyc.level == Some(KycLevel::Basic) {
                message.links.push(Link::secondary(request.link(PATH, &[("level", "2")]), t.kyc_raise));
            }
            message
        }
        KycStage::Failed { may_retry } => {
            let mut message = Message::new(frame(t.kyc_failed), "bad", t.kyc_failed, t.kyc_failed_text);
            if let Some(check) = found.customer.kyc.check.as_ref().filter(|check| !check.reasons.is_empty()) {
                message.list_title = Some(t.kyc_reasons);
                message.list.clone_from(&check.reasons);
            }
            if may_retry {
                let parameters = [level_parameter, &[("retry", "1")]].concat();
                message.links.push(Link::primary(request.link(PATH, &parameters), t.kyc_try_again));
            } else {
                message.paragraphs.push(fill(t.kyc_no_retry, &[partner]));
            }
            message.links.extend(back.as_ref().map(|url| Link::secondary(url.clone(), fill(t.back_to, &[partner]))));
            message
        }
    };
    page(StatusCode::OK, &message)
}

fn form_page(request: &PageRequest, found: &CustomerPage, level: KycLevel, typed: Option<&FormData>, faults: Faults) -> Response {
    let language = request.language(Some(found.customer.country));
    let t = language.texts();
    let reinforced = level == KycLevel::Reinforced;
    let everything = everything(request, found, level);
    let form = KycFormView::new(&found.customer, level, language, everything, typed);
    let (title, intro) = if reinforced { (t.kyc_title_reinforced, t.kyc_intro_reinforced) } else { (t.kyc_title, t.kyc_intro) };
    let mut parameters: Vec<(&str, &str)> = Vec::new();
    if reinforced {
        parameters.push(("level", "2"));
    }
    let editing = [parameters.as_slice(), &[("edit", "1")]].concat();
    let action = request.link(PATH, if everything { &editing } else { &parameters });
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let template = KycFormPage {
        frame: Frame::new(request, language, title).of(&found.partner_name, found.sandbox),
        intro: fill(intro, &[&found.partner_name]),
        known: form.known(),
        correct_url: (!everything && found.customer.kyc.level.is_none()).then(|| request.link(PATH, &editing)),
        fields: mark(form.fields(), &faults),
        faults,
        action,
        triggers: if found.sandbox { triggers::rows(t).to_vec() } else { Vec::new() },
    };
    page(status, &template)
}
