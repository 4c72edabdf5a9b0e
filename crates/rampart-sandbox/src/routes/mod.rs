//! The calls under `/sandbox`: control of the simulated world.
//!
//! Callers authenticate as partners, with the same token as for the partner API, and the server that dispatches the calls counts them
//! against the same limits. Only the engine knows orders and their partners; it is asked through [`SandboxEngine`].

/// Fields that are words: those that the enum has in JSON.
macro_rules! impl_word {
    ($($kind:ty),+) => {
        $(impl<'a> rampart_http::request::FieldType<'a> for $kind {
            fn of(value: &'a rampart_core::money::amount::AmountSent) -> Option<Self> {
                use serde::de::value::{Error, StrDeserializer};
                serde::Deserialize::deserialize(StrDeserializer::<Error>::new(value.as_str())).ok()
            }
        })+
    };
}

mod bank;
mod chain;
mod chain_trouble;
mod control;
mod engine;
mod inbox;
mod kyc;
mod payments;
mod statement;

use std::sync::Arc;

use axum::http::Method;
use rampart_core::money::amount::{Amount, AmountSent};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_http::describe::part;
use rampart_http::request::field::{FieldKind, FieldSpec, optional};
use rampart_http::{BoundCall, Call, CallFailure, CallResponse};

use crate::error::WorldError;
use crate::world::World;

pub use engine::{CustomerView, RampoffPayouts, SandboxEngine, WebhookKeys};

/// The state that handlers run on.
#[derive(Clone)]
pub(crate) struct SandboxState {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Arc<dyn SandboxEngine>,
}

type SandboxAnswer = Result<CallResponse, CallFailure>;

/// The group of the calls in the description.
const GROUP: &str = "Sandbox";

/// Every call, in the order of the documentation.
static ALL: &[&Call<SandboxState>] = &[
    &kyc::DECIDE,
    &payments::PAY,
    &payments::DECLINE,
    &payments::CHARGE_BACK,
    &bank::TRANSFER,
    &bank::RECALL,
    &bank::RETURN_PAYOUT,
    &bank::STATEMENT,
    &chain::DEPOSIT,
    &chain::MINE,
    &chain::REORGANISE,
    &chain::AUTOMINE,
    &chain::TRANSACTIONS,
    &chain_trouble::BATCH,
    &chain_trouble::LAG,
    &chain_trouble::FINALITY,
    &chain_trouble::FEES,
    &chain_trouble::MISREAD,
    &chain_trouble::SIGNER,
    &chain_trouble::SPEND,
    &control::CLOCK,
    &control::PRICES,
    &control::SCREENING,
    &control::FAULTS,
    &inbox::LIST,
    &inbox::RECEIVE,
];

/// The calls under `/sandbox` on a world. Their processor time is the world's.
pub fn calls(world: Arc<World>, engine: Arc<dyn SandboxEngine>) -> Vec<BoundCall> {
    let state = SandboxState { world, engine };
    let measured = |call: &&Call<SandboxState>| {
        let world = state.world.clone();
        call.on(&state).around(move |answer| {
            let world = world.clone();
            Box::pin(async move { world.measure_polls(answer).await })
        })
    };
    ALL.iter().map(measured).collect()
}

/// Method and path of every call under `/sandbox`.
#[must_use]
pub fn routes() -> Vec<(Method, &'static str)> {
    ALL.iter().map(|call| (call.method.clone(), call.path())).collect()
}

/// The OpenAPI description of the calls under `/sandbox`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    part(&[(GROUP, "Control of the simulated outside world. Only available in sandbox mode.")], ALL)
}

/// The maximum number of lines of a page.
const PAGE_LINES: FieldSpec = optional(FieldKind::Integer(1, 1_000), "The maximum number of lines. Default: 100.");
const DEFAULT_PAGE_LINES: u32 = 100;

fn page_lines(limit: Option<u32>) -> usize {
    usize::try_from(limit.unwrap_or(DEFAULT_PAGE_LINES)).unwrap_or(usize::MAX)
}

/// The amount in minor units.
fn amount(sent: &AmountSent, decimals: u8) -> Result<Amount, Refusal> {
    sent.amount(decimals).map_err(|fault| Refusal::field(ErrorCode::ValidationFailed, "amount", fault.to_string()))
}

impl From<WorldError> for CallFailure {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::Impossible(sentence) | WorldError::NotFound(sentence) => {
                Self::Refusal(Refusal::new(ErrorCode::ValidationFailed, sentence))
            }
            WorldError::File(_) => Self::Unavailable(error.to_string()),
            WorldError::Unreadable(_) => Self::Defect(Box::new(error)),
        }
    }
}
