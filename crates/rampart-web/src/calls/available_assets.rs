//! `GET /api/availableAssets`: the coins and currencies that can be traded.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/availableAssets", "/api/available-assets"],
    id: "availableAssets",
    group: "Common",
    summary: "Available assets",
    about: "Lists the coins, each with its chain and limits, and the currencies.",
    access: Access::Token,
    takes: FieldSource::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<responses::AssetsView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, _ask: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::available_assets(&web.app).await?)
}
