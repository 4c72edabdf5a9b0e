//! `POST /api/updateWebhookSubscription`: changes the URL of a subscription.

use axum::http::Method;
use rampart_app::{AppError, SubscriptionCall, SubscriptionRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::reply::Reply;
use crate::state::Web;

use super::SUBSCRIPTION;

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/updateWebhookSubscription",
    also_at: None,
    id: "updateWebhookSubscription",
    group: "Webhooks",
    summary: "Webhook Event Update",
    about: "Changes the URL of a subscription, and makes one that is disabled active again.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::FormOrJson(SUBSCRIPTION),
    repeats: Repeats::ByKey,
    codes: &[ErrorCode::SubscriptionNotFound],
    envelope: Envelope::Ok,
    data: described::<replies::SubscriptionUpdated>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let request = SubscriptionRequest { url: ask.fields.take("url"), kind: ask.fields.take("type"), replay: ask.fields.take("replay") };
    let answer = web.app.put_subscription(ask.caller()?, SubscriptionCall::Update, request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
