//! `GET /api/paymentMethods`: how a country's customers can pay.

use axum::http::Method;
use rampart_app::AppError;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described_list;
use crate::describe::replies;
use crate::field::{Field, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{COUNTRY, CURRENCY};

const FIELDS: &[Field] = &[
    required("country", COUNTRY, "The country, by name or ISO code.").example(r#""ESP""#),
    optional("fiat_symbol", CURRENCY, "Only those that take this currency.").example(r#""EUR""#),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/paymentMethods",
    also_at: None,
    id: "paymentMethods",
    group: "OnRamp",
    summary: "Get payment methods",
    about: "The payment methods of a country with their bounds and fees.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::Ok,
    data: described_list::<replies::PaymentMethod>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let (country, currency) = (ask.fields.take("country"), ask.fields.take("fiat_symbol"));
    Reply::ok(&web.app.payment_methods(ask.caller()?, country, currency).await?)
}
