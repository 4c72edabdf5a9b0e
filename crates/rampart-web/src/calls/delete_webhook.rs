//! `DELETE /api/webhooks/{type}`: ends a subscription.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::request::field::{FieldKind, required};
use rampart_core::partner::event::SubscriptionType;
use rampart_core::refusal::ErrorCode;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::DELETE,
    paths: &["/api/webhooks/{type}"],
    id: "deleteWebhook",
    group: "Webhooks",
    summary: "Webhook Event Unsubscribe",
    about: "Ends a subscription. Events are still recorded and can be read with `events`.",
    access: Access::Token,
    takes: FieldSource::Path(
        required(FieldKind::Choice(&SubscriptionType::TEXTS), "The event type of the subscription.").named("type").example(r#""PAY_IN""#),
        &FieldSource::None,
    ),
    idempotency: Idempotency::None,
    codes: &[ErrorCode::SubscriptionNotFound],
    envelope: Envelope::Ok,
    data: described::<responses::SubscriptionDeleted>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    partner_api::delete_subscription(&web.app, context.caller()?, &context.path).await?;
    Ok(CallResponse::ok_json("\"subscription_deleted\"", false))
}
