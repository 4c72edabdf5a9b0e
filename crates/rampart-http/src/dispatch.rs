//! Answers a request by the row of its call.

use std::future::Future;
use std::net::IpAddr;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Method, Request, header};
use axum::response::{IntoResponse, Response};
use rampart_core::partner::HttpErrors;
use rampart_core::step::ClaimScope;

use crate::body;
use crate::call::{Access, BoundCall, CallContext, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::caller::AuthenticatedPartner;
use crate::failure::CallFailure;
use crate::failure_response;
use crate::request::{InvalidFields, RequestFields};
use crate::token::{idempotency_key, token};

/// What a call's row does not say, and its server does: who somebody is, and how often they may call.
pub trait CallServer: Send + Sync {
    /// Counts a call of somebody without a token.
    ///
    /// # Errors
    /// The rate limit of the address.
    fn count_anybody(&self, client: IpAddr) -> Result<(), CallFailure>;

    /// The partner of a token.
    fn caller(&self, token: &str, client: IpAddr) -> impl Future<Output = Result<AuthenticatedPartner, CallFailure>> + Send;

    /// Counts a call of a partner.
    ///
    /// # Errors
    /// The partner's rate limit.
    fn count(&self, caller: &AuthenticatedPartner) -> Result<(), CallFailure>;

    /// The failure of a request with invalid fields: a conflict by its key or its `external_id` comes first.
    fn invalid(
        &self,
        caller: &AuthenticatedPartner,
        key: Option<&str>,
        external_id: Option<ClaimScope>,
        invalid: InvalidFields,
    ) -> impl Future<Output = CallFailure> + Send;
}

/// Validates a request by its call's row and runs the handler. `path` is the variable part of the path, decoded.
pub async fn dispatch(
    call: &BoundCall,
    server: &impl CallServer,
    client: IpAddr,
    request_id: &str,
    path: String,
    request: Request<Bytes>,
) -> Response {
    let mut errors = HttpErrors::Rest;
    let is_head = request.method() == Method::HEAD;
    let response = match answer(call, server, client, path, request, &mut errors).await {
        Ok(reply) => reply.into_response(),
        Err(failure) => failure_response::answer(&failure, errors, request_id),
    };
    if is_head { without_body(response) } else { response }
}

async fn answer(
    call: &BoundCall,
    server: &impl CallServer,
    client: IpAddr,
    path: String,
    request: Request<Bytes>,
    errors: &mut HttpErrors,
) -> Result<CallResponse, CallFailure> {
    let caller = match call.access {
        Access::Anybody => {
            server.count_anybody(client)?;
            None
        }
        Access::Token => {
            let caller = server.caller(token(request.headers())?, client).await?;
            *errors = caller.partner.http_errors;
            server.count(&caller)?;
            Some(caller)
        }
        Access::Signature => None,
    };
    let key = if call.idempotency == Idempotency::None { None } else { idempotency_key(request.headers())? };
    let read = if call.takes.is_body() {
        body::read(call.takes, &request)?
    } else {
        RequestFields::from_query(call.takes.fields(), request.uri().query())
    };
    let fields = match (read, &caller) {
        (Ok(fields), _) => fields,
        (Err(invalid), None) => return Err(invalid.refusal.into()),
        (Err(invalid), Some(caller)) => {
            let external_id = match call.idempotency {
                Idempotency::ByKeyOrExternalId(scope) => Some(scope),
                Idempotency::None | Idempotency::ByKey => None,
            };
            // Boxed to keep this future small: a future is as large as its largest branch.
            return Err(Box::pin(server.invalid(caller, key.as_deref(), external_id, invalid)).await);
        }
    };
    let signed = matches!(call.takes, FieldSource::Signed(_)).then(|| Box::new(request));
    (call.run)(CallContext { caller, client, fields, path, key, signed }).await
}

/// The response to `HEAD`: what `GET` would have been answered with, but for the body.
fn without_body(mut response: Response) -> Response {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    *response.body_mut() = Body::empty();
    response
}
