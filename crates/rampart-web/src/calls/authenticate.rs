//! `POST /api/authenticate`: exchanges an API key and its secret for a token.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, required};
use crate::state::Web;

const FIELDS: &[FieldSpec] = &[
    required("api_key", FieldKind::Text(200), "The API key.").example(r#""rk_0123456789abcdef0123456789abcdef""#),
    required("api_secret", FieldKind::Secret(1), "The secret of the key: 32 bytes in standard base64.")
        .example(r#""c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=""#),
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/authenticate",
    also_at: None,
    id: "authenticate",
    group: "Common",
    summary: "Authentication",
    about: "Exchanges `api_key` and `api_secret` for a token, which every other call carries in the header `auth` (or as `Authorization: Bearer`). A wrong secret, an unknown key, a disabled partner and an address outside the allow-list all get the same answer.",
    access: Access::Anybody,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::None,
    codes: &[ErrorCode::AuthorizationIncorrect],
    envelope: Envelope::Ok,
    data: described::<responses::TokenGrant>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let (key, secret) = (context.fields.take_required("api_key"), context.fields.take_required("api_secret"));
    CallResponse::ok(&partner_api::authenticate(&web.app, &key, &secret, context.client).await?)
}
