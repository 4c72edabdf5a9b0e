//! `POST /api/authenticate`: a key and its secret for a token.

use axum::http::Method;
use rampart_app::AppError;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, required};
use crate::reply::Reply;
use crate::state::Web;

const FIELDS: &[Field] = &[
    required("api_key", Kind::Text(200), "The key.").example(r#""rk_0123456789abcdef0123456789abcdef""#),
    required("api_secret", Kind::Secret(1), "Its secret: standard base64 of 32 bytes.")
        .example(r#""c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=""#),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/authenticate",
    also_at: None,
    id: "authenticate",
    group: "Common",
    summary: "Authentication",
    about: "Exchanges `api_key` and `api_secret` for a token, which every other call carries in the header `auth` (or as `Authorization: Bearer`). A wrong pair, an unknown key, a disabled partner and an address outside of the allow-list are all told in the same words.",
    access: Access::Anybody,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::Unknown,
    codes: &[ErrorCode::AuthorizationIncorrect],
    envelope: Envelope::Ok,
    data: described::<replies::Token>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let (key, secret) = (ask.fields.need("api_key"), ask.fields.need("api_secret"));
    Reply::ok(&web.app.authenticate(&key, &secret, ask.client).await?)
}
