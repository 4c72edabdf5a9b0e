//! The page to which a processor sends the customer back. It shows the status of the payment and nothing that the processor
//! should not see.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rampart_app::{PaymentPage, pages};

use super::frame::{Frame, callback};
use super::order;
use super::request::PageRequest;
use super::response::{Message, failure, page, way_back};
use super::text::fill;
use crate::state::Web;

pub(crate) const PATH: &str = "/returned";

/// `GET /returned`
pub(crate) async fn show(State(web): State<Web>, request: PageRequest) -> Response {
    match pages::page_returned(&web.app, request.token()).await {
        Ok(found) => view(&request, &found),
        Err(error) => failure(&request, error.into()),
    }
}

pub(crate) fn view(request: &PageRequest, found: &PaymentPage) -> Response {
    let payment = &found.payment;
    let language = request.language(Some(payment.country));
    let t = language.texts();
    let headline = order::of_payment(payment, &found.partner_name, true, t);
    let frame = Frame::new(request, language, headline.heading).of(&found.partner_name, found.sandbox);
    let frame = match headline.refresh_seconds {
        Some(seconds) => frame.refreshing(seconds, request.link(PATH, &[])),
        None => frame,
    };
    let mut message = Message::new(frame, headline.tone, headline.heading, headline.text);
    message.paragraphs.push(fill(t.returned_full_link, &[&found.partner_name]));
    message.links.extend(way_back(callback(payment.callback_url.as_deref()).as_ref(), &found.partner_name, t));
    page(StatusCode::OK, &message)
}
