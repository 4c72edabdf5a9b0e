//! `POST /sandbox/kyc/{user_id}`: a decision of the identity provider.

use axum::http::Method;
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::money::amount::whole_number;
use rampart_core::refusal::ErrorCode;
use rampart_http::describe::described;
use rampart_http::request::field::{FieldKind, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};

use super::{GROUP, SandboxAnswer, SandboxState};
use crate::kyc::ManualDecision;

/// The decision of the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = KycVerdict)]
pub(super) enum SandboxKycVerdict {
    /// The identity is verified.
    Approve,
    /// The identity is rejected.
    Reject,
    /// The provider needs more time.
    Processing,
}

/// The words of [`SandboxKycVerdict`].
const DECISIONS: &[&str] = &["approve", "reject", "processing"];

impl_word!(SandboxKycVerdict);

request! {
    /// A decision about a customer's identity check.
    KycDecision refused by [UserNotFound] {
        decision: SandboxKycVerdict = required(FieldKind::Choice(DECISIONS), "The decision of the identity provider.").example(r#""approve""#);
        level: Option<u32> = optional(FieldKind::Integer(1, 2), "The level, 1 or 2. Default: the level of the customer's last form.");
        reasons: Option<Vec<String>> = optional(FieldKind::Texts(10, 200), "The reasons, shown to the customer.");
        may_retry: Option<bool> = optional(FieldKind::Boolean, "Whether a rejected customer may try again. Default: `false`.");
    }
}

/// The decision, and the identity check it is for.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxKycDecision {
    user_id: i64,
    decision: SandboxKycVerdict,
    level: u8,
    /// The reference of the identity check.
    reference: String,
}

pub(super) static DECIDE: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/kyc/{user_id}"],
    id: "sandboxKyc",
    group: GROUP,
    summary: "Decide a customer's identity check",
    about: "The decision has been sent to the ramp when the call answers.",
    access: Access::Token,
    takes: FieldSource::Path(
        required(FieldKind::Integer(1, i64::MAX), "The customer.").named("user_id"),
        &FieldSource::Json(KycDecision::FIELDS),
    ),
    idempotency: Idempotency::None,
    codes: KycDecision::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxKycDecision>,
    run: |state, context| Box::pin(decide(state, context)) as CallFuture,
};

async fn decide(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = KycDecision::of(&context.fields)?;
    let customer = CustomerId(whole_number(&context.path).ok_or(ErrorCode::UserNotFound)?);
    let view = state.engine.customer(context.caller()?.partner.id, customer).await?;
    let decision = ManualDecision {
        customer,
        level: request.level.and_then(|level| KycLevel::from_number(u8::try_from(level).ok()?)),
        known_check: view.check,
        status: match request.decision {
            SandboxKycVerdict::Approve => KycStatus::Valid,
            SandboxKycVerdict::Reject => KycStatus::Fail,
            SandboxKycVerdict::Processing => KycStatus::Processing,
        },
        reasons: request.reasons.unwrap_or_default(),
        may_retry: request.may_retry.unwrap_or(false),
    };
    let (reference, level) = state.world.decide_kyc(decision).await?;
    CallResponse::ok(&SandboxKycDecision { user_id: customer.0, decision: request.decision, level: level.number(), reference })
}
