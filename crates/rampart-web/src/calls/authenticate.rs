//! `POST /api/authenticate`: exchanges an API key and its secret for a token.

use axum::http::Method;
use rampart_app::{Authenticate, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = Authenticate::of(&context.fields)?;
    CallResponse::ok(&partner_api::authenticate(&web.app, request.api_key, request.api_secret, context.client).await?)
}
