//! `GET /api/payments`: the partner's payments, newest first.

use axum::http::Method;
use rampart_app::{AppError, ListRequest, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    paths: &["/api/payments"],
    id: "payments",
    group: "OnRamp",
    summary: "List of Payments",
    about: "Lists your payments, newest first, in pages.",
    access: Access::Token,
    takes: FieldSource::Query(ListRequest::FIELDS),
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::List,
    data: described::<responses::PaymentView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let page = partner_api::payments(&web.app, context.caller()?, &ListRequest::of(&context.fields)?).await?;
    CallResponse::list(&page.items, page.next_cursor.as_deref(), page.has_more)
}
