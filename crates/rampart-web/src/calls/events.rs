//! `GET /api/events`: the partner's event log, in order.

use axum::http::Method;
use rampart_app::{EventsRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/events"],
    id: "events",
    group: "Webhooks",
    summary: "The log of events",
    about: "Returns your events after a sequence number, oldest first. The log has no gaps and does not expire, and does not depend on webhook deliveries. Pass `next_cursor` as `after` of the next call.",
    access: Access::Token,
    takes: FieldSource::Query(EventsRequest::FIELDS),
    idempotency: Idempotency::None,
    codes: EventsRequest::CODES,
    envelope: Envelope::List,
    data: described::<responses::EventView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let page = partner_api::events(&web.app, context.caller()?, &EventsRequest::of(&context.fields)?).await?;
    let last = page.events.last().map(|event| event.sequence.to_string());
    CallResponse::list(&page.events, last.as_deref(), page.has_more)
}
