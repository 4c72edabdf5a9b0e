//! `GET /api/payments`: the partner's payments, newest first.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::state::Web;

use super::list;

static FILTERS: [crate::field::FieldSpec; 7] = list::filters(&rampart_core::order::PaymentStatus::TEXTS);

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/payments",
    also_at: None,
    id: "payments",
    group: "OnRamp",
    summary: "List of Payments",
    about: "Lists your payments, newest first, in pages.",
    access: Access::Token,
    path_field: None,
    query: &FILTERS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::List,
    data: described::<responses::PaymentView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let request = list::request(&mut context.fields);
    let page = partner_api::payments(&web.app, context.caller()?, &request).await?;
    CallResponse::list(&page.items, page.next_cursor.as_deref(), page.has_more)
}
