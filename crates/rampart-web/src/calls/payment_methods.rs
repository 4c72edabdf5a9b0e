//! `GET /api/paymentMethods`: the payment methods of a country.

use axum::http::Method;
use rampart_app::{PaymentMethodsRequest, partner_api};
use rampart_http::describe::described_list;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/paymentMethods"],
    id: "paymentMethods",
    group: "OnRamp",
    summary: "Get payment methods",
    about: "Lists the payment methods of a country with their limits and fees.",
    access: Access::Token,
    takes: FieldSource::Query(PaymentMethodsRequest::FIELDS),
    idempotency: Idempotency::None,
    codes: PaymentMethodsRequest::CODES,
    envelope: Envelope::Ok,
    data: described_list::<responses::PaymentMethodView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::payment_methods(&web.app, &PaymentMethodsRequest::of(&context.fields)?).await?)
}
