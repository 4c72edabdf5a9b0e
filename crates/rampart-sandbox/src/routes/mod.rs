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
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};

use crate::world::World;

pub use engine::{CustomerView, RampoffPayouts, SandboxCaller, SandboxEngine, WebhookKeys};
pub use openapi::openapi;

/// The state shared by the handlers.
#[derive(Clone)]
pub(crate) struct RouteState {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Arc<dyn SandboxEngine>,
}

/// Method, path and handler of every route. The router is built from them, and a test compares them with the OpenAPI
/// description.
fn route_table() -> Vec<(Method, &'static str, MethodRouter<RouteState>)> {
    let read = |path, handler| (Method::GET, path, handler);
    let write = |path, handler| (Method::POST, path, handler);
    vec![
        write("/sandbox/kyc/{user_id}", post(kyc::decide)),
        write("/sandbox/payments/{payment_id}/pay", post(payments::pay)),
        write("/sandbox/payments/{payment_id}/decline", post(payments::decline)),
        write("/sandbox/payments/{payment_id}/chargeback", post(payments::charge_back)),
        write("/sandbox/bank/transfers", post(bank::transfer)),
        write("/sandbox/bank/transfers/{line}/recall", post(bank::recall)),
        write("/sandbox/bank/returns", post(bank::return_payout)),
        read("/sandbox/bank/statement", get(bank::statement)),
        write("/sandbox/chain/{chain}/deposits", post(chain::deposit)),
        write("/sandbox/chain/{chain}/blocks", post(chain::mine)),
        write("/sandbox/chain/{chain}/reorg", post(chain::reorganise)),
        write("/sandbox/chain/{chain}/automine", post(chain::automine)),
        read("/sandbox/chain/{chain}/transactions", get(chain::transactions)),
        write("/sandbox/clock", post(control::clock)),
        write("/sandbox/prices", post(control::prices)),
        write("/sandbox/screening", post(control::screening)),
        write("/sandbox/faults", post(control::faults)),
        read("/sandbox/inbox", get(inbox::list)),
        write("/sandbox/inbox", post(inbox::receive)),
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
    calls.method_not_allowed_fallback(response::wrong_method).with_state(RouteState { world, engine })
}
