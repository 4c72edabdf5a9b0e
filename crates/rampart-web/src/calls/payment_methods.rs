//! `GET /api/paymentMethods`: the payment methods of a country.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described_list;
use crate::describe::responses;
use crate::field::{FieldSpec, optional, required};
use crate::state::Web;

use super::{COUNTRY, CURRENCY};

const FIELDS: &[FieldSpec] = &[
    required("country", COUNTRY, "The country, by name or ISO code.").example(r#""ESP""#),
    optional("fiat_symbol", CURRENCY, "Return only methods in this currency.").example(r#""EUR""#),
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/paymentMethods",
    also_at: None,
    id: "paymentMethods",
    group: "OnRamp",
    summary: "Get payment methods",
    about: "Lists the payment methods of a country with their limits and fees.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: described_list::<responses::PaymentMethodView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let (country, currency) = (context.fields.take("country"), context.fields.take("fiat_symbol"));
    CallResponse::ok(&partner_api::payment_methods(&web.app, context.caller()?, country, currency).await?)
}
