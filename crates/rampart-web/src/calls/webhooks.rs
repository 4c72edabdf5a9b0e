//! `GET /api/webhooks`: the partner's subscriptions.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_http::describe::described_list;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/webhooks"],
    id: "webhooks",
    group: "Webhooks",
    summary: "List of subscriptions",
    about: "Lists your webhook subscriptions. A subscription whose receiver answered 410 is `disabled`: its events are parked and not delivered until you subscribe again or update it. The event log does not depend on deliveries.",
    access: Access::Token,
    takes: FieldSource::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: described_list::<responses::SubscriptionView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::subscriptions(&web.app, context.caller()?).await?)
}
