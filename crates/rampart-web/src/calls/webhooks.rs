//! `GET /api/webhooks`: the partner's subscriptions.

use axum::http::Method;
use rampart_app::AppError;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described_list;
use crate::describe::replies;
use crate::reply::Reply;
use crate::state::Web;

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/webhooks",
    also_at: None,
    id: "webhooks",
    group: "Webhooks",
    summary: "List of subscriptions",
    about: "Your webhook subscriptions. One whose receiver answered 410 is `disabled`: nothing is delivered to it and what happens meanwhile is parked, until you subscribe again or update it. The log of events goes on whatever becomes of deliveries.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::Ok,
    data: described_list::<replies::Subscription>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, ask: Ask) -> Result<Reply, AppError> {
    Reply::ok(&web.app.subscriptions(ask.caller()?).await?)
}
