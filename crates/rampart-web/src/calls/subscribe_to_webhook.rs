//! `POST /api/subscribeToWebhook`: subscribes to an event type.

use axum::http::Method;
use rampart_app::{SubscriptionCall, SubscriptionRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/subscribeToWebhook"],
    id: "subscribeToWebhook",
    group: "Webhooks",
    summary: "Webhook Event Subscribe",
    about: "Subscribes to an event type. There is one subscription per type: subscribing again replaces its URL and reactivates a disabled subscription.",
    access: Access::Token,
    takes: FieldSource::FormOrJson(SubscriptionRequest::FIELDS),
    idempotency: Idempotency::ByKey,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<responses::SubscriptionCreated>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = SubscriptionRequest::of(&context.fields)?;
    let answer = partner_api::put_subscription(&web.app, context.caller()?, SubscriptionCall::Subscribe, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
