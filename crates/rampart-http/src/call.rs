//! The rows of calls. A row says all there is of a call: path, fields, error codes, response schema and handler. Requests are validated
//! by it, and the OpenAPI description is generated from it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use axum::body::Bytes;
use axum::http::{Method, Request};
use rampart_core::refusal::ErrorCode;
use rampart_core::step::ClaimScope;
use utoipa::openapi::{RefOr, Schema};

use crate::call_response::CallResponse;
use crate::caller::AuthenticatedPartner;
use crate::failure::CallFailure;
use crate::request::{FieldSpec, RequestFields};

/// The named schemas of the description's components.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// Adds the schemas of an answer's `data` and returns the reference to it.
pub type Describe = fn(&mut Schemas) -> RefOr<Schema>;

/// What a handler answers with, later.
pub type CallFuture = Pin<Box<dyn Future<Output = Result<CallResponse, CallFailure>> + Send>>;

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Without a token: only `authenticate`, which issues them.
    Anybody,
    Token,
    /// The sender of what is signed. The handler checks the signature.
    Signature,
}

/// The table of a call's fields, and how they are sent.
#[derive(Debug, Clone, Copy)]
pub enum FieldSource {
    None,
    /// The variable part of the path, beside other fields. What it names is looked up, not checked.
    Path(FieldSpec, &'static Self),
    Query(&'static [FieldSpec]),
    /// A body whose fields are all optional may be absent.
    Json(&'static [FieldSpec]),
    FormOrJson(&'static [FieldSpec]),
    /// The body as it was sent, because it is signed, and the header that says for whom it is.
    Signed(FieldSpec),
}

impl FieldSource {
    /// The fields of the query or of the body.
    #[must_use]
    pub const fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::None | Self::Signed(_) => &[],
            Self::Path(_, others) => others.fields(),
            Self::Query(fields) | Self::Json(fields) | Self::FormOrJson(fields) => fields,
        }
    }

    pub(crate) const fn is_body(self) -> bool {
        match self {
            Self::Path(_, others) => others.is_body(),
            Self::Json(_) | Self::FormOrJson(_) => true,
            Self::None | Self::Query(_) | Self::Signed(_) => false,
        }
    }

    /// The fields that are parameters.
    pub(crate) const fn query(self) -> &'static [FieldSpec] {
        if self.is_body() { &[] } else { self.fields() }
    }

    pub(crate) fn may_be_absent(self) -> bool {
        self.fields().iter().all(|field| !field.required)
    }
}

/// The envelope of a successful response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{"status":"ok","data":…}`.
    Ok,
    /// `{"status":"success","message":"payment_created","data":…}`.
    PaymentCreated,
    /// `{"status":"ok","data":[…],"pagination":…}`.
    List,
}

/// How a repeated request is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// The call creates nothing, so the header is ignored.
    None,
    /// By the header `Idempotency-Key`.
    ByKey,
    /// By the header `Idempotency-Key`, or by `external_id` in the body.
    ByKeyOrExternalId(ClaimScope),
}

/// A call, whose handler runs on a state `S`.
pub struct Call<S> {
    pub method: Method,
    /// The documented path, then its aliases.
    pub paths: &'static [&'static str],
    /// The `operationId` of the description.
    pub id: &'static str,
    pub group: &'static str,
    pub summary: &'static str,
    pub about: &'static str,
    pub access: Access,
    pub takes: FieldSource,
    pub idempotency: Idempotency,
    /// Error codes in the order of the checks, in addition to those that follow from the rest of the row.
    pub codes: &'static [ErrorCode],
    pub envelope: Envelope,
    /// The schema of `data`; for lists, of one item.
    pub data: Describe,
    pub run: fn(S, CallContext) -> CallFuture,
}

impl<S: Clone + Send + Sync + 'static> Call<S> {
    /// The documented path.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.paths[0]
    }

    /// The call together with its state.
    pub fn on(&self, state: &S) -> BoundCall {
        let Self { paths, id, access, takes, idempotency, run, .. } = *self;
        let state = state.clone();
        let run = Box::new(move |context| run(state.clone(), context));
        BoundCall { method: self.method.clone(), paths, id, access, takes, idempotency, run }
    }
}

/// A call with its state, as it is dispatched. Rows of several states are served from one table.
pub struct BoundCall {
    pub method: Method,
    pub paths: &'static [&'static str],
    pub id: &'static str,
    pub access: Access,
    pub takes: FieldSource,
    pub(crate) idempotency: Idempotency,
    pub(crate) run: Box<dyn Fn(CallContext) -> CallFuture + Send + Sync>,
}

impl BoundCall {
    /// The call, whose answer is awaited within `around`.
    #[must_use]
    pub fn around(self, around: impl Fn(CallFuture) -> CallFuture + Send + Sync + 'static) -> Self {
        let run = self.run;
        Self { run: Box::new(move |context| around(run(context))), ..self }
    }
}

/// The validated request that a call's handler gets.
pub struct CallContext {
    pub(crate) caller: Option<AuthenticatedPartner>,
    pub client: IpAddr,
    /// The fields of the query or of the body.
    pub fields: RequestFields,
    /// The variable part of the path, decoded.
    pub path: String,
    pub(crate) key: Option<String>,
    /// The whole request, of a call that takes [`FieldSource::Signed`].
    pub(crate) signed: Option<Box<Request<Bytes>>>,
}

impl CallContext {
    /// The partner that authenticated.
    ///
    /// # Errors
    /// `authorization_incorrect` if the call is not one of [`Access::Token`].
    pub fn caller(&self) -> Result<&AuthenticatedPartner, CallFailure> {
        self.caller.as_ref().ok_or_else(|| ErrorCode::AuthorizationIncorrect.into())
    }

    /// The idempotency key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The signed request, of a call that takes [`FieldSource::Signed`].
    ///
    /// # Errors
    /// `authorization_incorrect` for any other call.
    pub fn signed(&self) -> Result<&Request<Bytes>, CallFailure> {
        self.signed.as_deref().ok_or_else(|| ErrorCode::AuthorizationIncorrect.into())
    }
}
