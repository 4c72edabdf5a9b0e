//! `GET /api/rampoffs`: the partner's ramp-offs, newest first.

use axum::http::Method;
use rampart_app::{ListRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let page = partner_api::rampoffs(&web.app, context.caller()?, &ListRequest::of(&context.fields)?).await?;
    CallResponse::list(&page.items, page.next_cursor.as_deref(), page.has_more)
}
