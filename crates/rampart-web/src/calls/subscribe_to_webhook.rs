//! `POST /api/subscribeToWebhook`: subscribes to a type of event.

use axum::http::Method;
use rampart_app::{AppError, SubscriptionCall, SubscriptionRequest};

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::reply::Reply;
use crate::state::Web;

use super::SUBSCRIPTION;

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/subscribeToWebhook",
    also_at: None,
    id: "subscribeToWebhook",
    group: "Webhooks",
    summary: "Webhook Event Subscribe",
    about: "Subscribes to a type of event. There is one subscription of each type: subscribing again replaces its URL, and makes one that is disabled active again.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::FormOrJson(SUBSCRIPTION),
    repeats: Repeats::ByKey,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<replies::SubscriptionCreated>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let request = SubscriptionRequest { url: ask.fields.take("url"), kind: ask.fields.take("type"), replay: ask.fields.take("replay") };
    let answer = web.app.put_subscription(ask.caller()?, SubscriptionCall::Subscribe, request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
