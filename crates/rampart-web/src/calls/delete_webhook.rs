//! `DELETE /api/webhooks/{type}`: the end of a subscription.

use axum::http::Method;
use rampart_app::AppError;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Kind, required};
use crate::reply::Reply;
use crate::state::Web;

use super::EVENT_TYPES;

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::DELETE,
    path: "/api/webhooks/{type}",
    also_at: None,
    id: "deleteWebhook",
    group: "Webhooks",
    summary: "Webhook Event Unsubscribe",
    about: "Ends a subscription. Events go on being numbered and can be read from `events`.",
    access: Access::Token,
    path_field: Some(required("type", Kind::Choice(EVENT_TYPES), "The type that was subscribed to.").example(r#""PAY_IN""#)),
    query: &[],
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[ErrorCode::SubscriptionNotFound],
    envelope: Envelope::Ok,
    data: described::<replies::SubscriptionDeleted>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, ask: Ask) -> Result<Reply, AppError> {
    web.app.delete_subscription(ask.caller()?, &ask.path).await?;
    Ok(Reply::ok_json("\"subscription_deleted\"", false))
}
