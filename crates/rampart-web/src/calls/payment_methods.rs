//! `GET /api/paymentMethods`: the payment methods of a country.

use axum::http::Method;
use rampart_app::{AppError, PaymentMethodsRequest, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described_list, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    CallResponse::ok(&partner_api::payment_methods(&web.app, &PaymentMethodsRequest::of(&context.fields)?).await?)
}
