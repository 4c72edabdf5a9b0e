//! `POST /api/updateWebhookSubscription`: changes the URL of a subscription.

use axum::http::Method;
use rampart_app::{SubscriptionCall, SubscriptionRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/updateWebhookSubscription"],
    id: "updateWebhookSubscription",
    group: "Webhooks",
    summary: "Webhook Event Update",
    about: "Changes the URL of a subscription and reactivates a disabled subscription.",
    access: Access::Token,
    takes: FieldSource::FormOrJson(SubscriptionRequest::FIELDS),
    idempotency: Idempotency::ByKey,
    codes: SubscriptionRequest::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::SubscriptionUpdated>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = SubscriptionRequest::of(&context.fields)?;
    let answer = partner_api::put_subscription(&web.app, context.caller()?, SubscriptionCall::Update, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
