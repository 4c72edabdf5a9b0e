//! `POST /api/authenticate`: exchanges an API key and its secret for a token.

use axum::http::Method;
use rampart_app::{AppError, Authenticate, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    paths: &["/api/authenticate"],
    id: "authenticate",
    group: "Common",
    summary: "Authentication",
    about: "Exchanges `api_key` and `api_secret` for a token, which every other call carries in the header `auth` (or as `Authorization: Bearer`). A wrong secret, an unknown key, a disabled partner and an address outside the allow-list all get the same answer.",
    access: Access::Anybody,
    takes: FieldSource::Json(Authenticate::FIELDS),
    idempotency: Idempotency::None,
    codes: Authenticate::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::TokenGrant>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let request = Authenticate::of(&context.fields)?;
    CallResponse::ok(&partner_api::authenticate(&web.app, request.api_key, request.api_secret, context.client).await?)
}
