//! The calls under `/sandbox`: the outside world, played by hand.
//!
//! Whoever calls is a partner with the same token as elsewhere. What an order is, and whose, only the engine knows: it
//! is asked through [`SandboxEngine`].

mod answer;
mod bank;
mod chain;
mod control;
mod engine;
mod inbox;
mod input;
mod kyc;
mod openapi;
mod payments;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::world::World;

pub use engine::{Caller, CustomerView, RampoffView, SandboxEngine, WebhookKeys};
pub use openapi::openapi;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Arc<dyn SandboxEngine>,
}

/// The calls under `/sandbox`.
pub fn router(world: Arc<World>, engine: Arc<dyn SandboxEngine>) -> Router {
    Router::new()
        .route("/sandbox/kyc/{user_id}", post(kyc::decide))
        .route("/sandbox/payments/{payment_id}/pay", post(payments::pay))
        .route("/sandbox/payments/{payment_id}/decline", post(payments::decline))
        .route("/sandbox/payments/{payment_id}/chargeback", post(payments::charge_back))
        .route("/sandbox/bank/transfers", post(bank::transfer))
        .route("/sandbox/bank/returns", post(bank::give_back))
        .route("/sandbox/bank/statement", get(bank::statement))
        .route("/sandbox/chain/{chain}/deposits", post(chain::deposit))
        .route("/sandbox/chain/{chain}/blocks", post(chain::mine))
        .route("/sandbox/chain/{chain}/reorg", post(chain::reorganise))
        .route("/sandbox/chain/{chain}/automine", post(chain::automine))
        .route("/sandbox/chain/{chain}/transactions", get(chain::transactions))
        .route("/sandbox/clock", post(control::clock))
        .route("/sandbox/prices", post(control::prices))
        .route("/sandbox/screening", post(control::screening))
        .route("/sandbox/faults", post(control::faults))
        .route("/sandbox/inbox", get(inbox::list).post(inbox::catch))
        .method_not_allowed_fallback(answer::wrong_method)
        .with_state(Stage { world, engine })
}
