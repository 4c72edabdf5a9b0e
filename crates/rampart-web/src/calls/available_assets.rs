//! `GET /api/availableAssets`: what is traded.

use axum::http::Method;
use rampart_app::AppError;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::reply::Reply;
use crate::state::Web;

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/availableAssets",
    also_at: Some("/api/available-assets"),
    id: "availableAssets",
    group: "Common",
    summary: "Available assets",
    about: "Coins with their chains and bounds, and currencies.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<replies::Assets>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, _ask: Ask) -> Result<Reply, AppError> {
    Reply::ok(&web.app.available_assets().await?)
}
