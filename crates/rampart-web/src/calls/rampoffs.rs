//! `GET /api/rampoffs`: the partner's ramp-offs, newest first.

use axum::http::Method;
use rampart_app::{AppError, ListRequest, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    paths: &["/api/rampoffs"],
    id: "rampoffs",
    group: "OffRamp",
    summary: "Get List",
    about: "Lists your ramp-offs, newest first, in pages.",
    access: Access::Token,
    takes: FieldSource::Query(ListRequest::RAMPOFF_FIELDS),
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::List,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let page = partner_api::rampoffs(&web.app, context.caller()?, &ListRequest::of(&context.fields)?).await?;
    CallResponse::list(&page.items, page.next_cursor.as_deref(), page.has_more)
}
