//! `GET /api/events`: the partner's event log, in order.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, optional};
use crate::state::Web;

const FIELDS: &[FieldSpec] = &[
    optional("after", FieldKind::Integer(0, i64::MAX), "Return only events with a higher sequence number. Default: all.").example("0"),
    optional("limit", FieldKind::Integer(1, 100), "The maximum number of events to return. Default: 25.").example("100"),
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/events",
    also_at: None,
    id: "events",
    group: "Webhooks",
    summary: "The log of events",
    about: "Returns your events after a sequence number, oldest first. The log has no gaps and does not expire, and does not depend on webhook deliveries. Pass `next_cursor` as `after` of the next call.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::List,
    data: described::<responses::EventView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let (after, limit) = (context.fields.take("after"), context.fields.take("limit"));
    let page = partner_api::events(&web.app, context.caller()?, after, limit).await?;
    let last = page.events.last().map(|event| event.sequence.to_string());
    CallResponse::list(&page.events, last.as_deref(), page.has_more)
}
