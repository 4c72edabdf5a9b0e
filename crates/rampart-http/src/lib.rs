//! How a call comes in: the tables of requests and their reader, the rows of calls with their dispatch, the envelope of an answer, the
//! body of a failure, and the description of a row in OpenAPI. The partner API and the sandbox are rows of this kind.
//!
//! Nothing here knows an order, a database or a connection. Who a token belongs to, and how often a caller may call, is asked of a
//! `CallServer`. Use cases have the tables only: the rest is behind the feature `server`.

#[cfg(feature = "server")]
mod body;
#[cfg(feature = "server")]
pub mod body_reader;
#[cfg(feature = "server")]
pub mod call;
#[cfg(feature = "server")]
pub mod call_response;
mod caller;
#[cfg(feature = "server")]
pub mod describe;
#[cfg(feature = "server")]
pub mod dispatch;
mod failure;
#[cfg(feature = "server")]
pub mod failure_response;
#[cfg(feature = "server")]
pub mod framing;
pub mod request;
#[cfg(feature = "server")]
pub mod table;
#[cfg(feature = "server")]
mod token;

pub use caller::AuthenticatedPartner;
pub use failure::{CallFailure, RateLimitExceeded, WrongTable};
#[cfg(feature = "server")]
pub use {
    call::{Access, BoundCall, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency},
    call_response::CallResponse,
    dispatch::CallServer,
    table::{CallEntry, CallTable, FoundCall},
    token::bearer,
};
