//! `POST /api/updateWebhookSubscription`: changes the URL of a subscription.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, SubscriptionCall, SubscriptionRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::state::Web;

use super::SUBSCRIPTION;

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/updateWebhookSubscription",
    also_at: None,
    id: "updateWebhookSubscription",
    group: "Webhooks",
    summary: "Webhook Event Update",
    about: "Changes the URL of a subscription and reactivates a disabled subscription.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::FormOrJson(SUBSCRIPTION),
    idempotency: Idempotency::ByKey,
    codes: &[ErrorCode::SubscriptionNotFound],
    envelope: Envelope::Ok,
    data: described::<responses::SubscriptionUpdated>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let request =
        SubscriptionRequest { url: context.fields.take("url"), kind: context.fields.take("type"), replay: context.fields.take("replay") };
    let answer = partner_api::put_subscription(&web.app, context.caller()?, SubscriptionCall::Update, request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
