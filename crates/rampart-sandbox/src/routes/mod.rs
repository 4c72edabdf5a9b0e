//! The routes under `/sandbox`: control of the simulated world.
//!
//! Callers authenticate as partners, with the same token as for the partner API. Only the engine knows orders and their
//! partners; it is asked through [`SandboxEngine`].

mod bank;
mod chain;
mod control;
mod engine;
mod inbox;
mod input;
mod kyc;
mod normalize;
mod openapi;
mod payments;
mod response;
mod statement;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on, post};
use rampart_core::refusal::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::input::SandboxCall;
use crate::world::World;

pub use engine::{CustomerView, RampoffPayouts, SandboxCaller, SandboxEngine, WebhookKeys};
pub use openapi::openapi;

/// The state shared by the handlers.
#[derive(Clone)]
pub(crate) struct RouteState {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Arc<dyn SandboxEngine>,
}

type SandboxRoute = (Method, &'static str, MethodRouter<RouteState>);

/// A route of authenticated callers. A refusal gets the status codes that its caller wants.
fn route<T, R, F>(method: Method, path: &'static str, handler: fn(SandboxCall<T>) -> F) -> SandboxRoute
where
    T: DeserializeOwned + Send + 'static,
    R: Serialize + 'static,
    F: Future<Output = Result<R, Refusal>> + Send + 'static,
{
    let answer = move |call: SandboxCall<T>| {
        let caller = call.caller;
        let result = handler(call);
        async move { result.await.map(response::ok).map_err(|refusal| caller.refused(refusal)) }
    };
    let filter = if method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
    (method, path, on(filter, answer))
}

/// Method, path and handler of every route. The router is built from them, and a test compares them with the OpenAPI
/// description.
fn route_table() -> Vec<SandboxRoute> {
    vec![
        route(Method::POST, "/sandbox/kyc/{user_id}", kyc::decide),
        route(Method::POST, "/sandbox/payments/{payment_id}/pay", payments::pay),
        route(Method::POST, "/sandbox/payments/{payment_id}/decline", payments::decline),
        route(Method::POST, "/sandbox/payments/{payment_id}/chargeback", payments::charge_back),
        route(Method::POST, "/sandbox/bank/transfers", bank::transfer),
        route(Method::POST, "/sandbox/bank/transfers/{line}/recall", bank::recall),
        route(Method::POST, "/sandbox/bank/returns", bank::return_payout),
        route(Method::GET, "/sandbox/bank/statement", bank::statement),
        route(Method::POST, "/sandbox/chain/{chain}/deposits", chain::deposit),
        route(Method::POST, "/sandbox/chain/{chain}/blocks", chain::mine),
        route(Method::POST, "/sandbox/chain/{chain}/reorg", chain::reorganise),
        route(Method::POST, "/sandbox/chain/{chain}/automine", chain::automine),
        route(Method::GET, "/sandbox/chain/{chain}/transactions", chain::transactions),
        route(Method::POST, "/sandbox/clock", control::clock),
        route(Method::POST, "/sandbox/prices", control::prices),
        route(Method::POST, "/sandbox/screening", control::screening),
        route(Method::POST, "/sandbox/faults", control::faults),
        route(Method::GET, "/sandbox/inbox", inbox::list),
        (Method::POST, "/sandbox/inbox", post(inbox::receive)),
    ]
}

/// Method and path of every route under `/sandbox`.
#[must_use]
pub fn routes() -> Vec<(Method, &'static str)> {
    route_table().into_iter().map(|(method, path, _)| (method, path)).collect()
}

/// The router of the routes under `/sandbox`.
pub fn router(world: Arc<World>, engine: Arc<dyn SandboxEngine>) -> Router {
    let empty: Router<RouteState> = Router::new();
    let calls = route_table().into_iter().fold(empty, |router, (_, path, handler)| router.route(path, handler));
    let state = RouteState { world, engine };
    calls.method_not_allowed_fallback(response::wrong_method).route_layer(from_fn_with_state(state.clone(), measured)).with_state(state)
}

/// Counts the processor time of a route as the world's.
async fn measured(State(state): State<RouteState>, request: Request, next: Next) -> Response {
    state.world.measure_polls(next.run(request)).await
}
