//! `POST /sandbox/kyc/{user_id}`: a decision of the identity provider.

use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::money::amount::whole_number;
use rampart_core::refusal::{ErrorCode, Refusal};

use super::input::{self, SandboxCall};
use super::response::{SandboxAnswer, refusal};
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

/// A decision about a customer's identity check.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxKycRequest {
    decision: SandboxKycVerdict,
    /// The level, 1 or 2. Default: the level of the customer's last form.
    #[schema(minimum = 1, maximum = 2)]
    level: Option<u8>,
    /// The reasons, shown to the customer.
    #[schema(max_items = 10)]
    reasons: Option<Vec<String>>,
    /// Whether a rejected customer may try again. Default: `false`.
    may_retry: Option<bool>,
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

#[utoipa::path(post, path = "/sandbox/kyc/{user_id}", operation_id = "sandboxKyc", tag = "Sandbox",
    params(("user_id" = i64, Path, description = "The customer")),
    request_body = SandboxKycRequest, responses((status = 200, description = "The decision has been sent to the ramp", body = SandboxAnswer<SandboxKycDecision>)))]
/// Decide a customer's identity check
pub(super) async fn decide(
    SandboxCall { state, caller, path: user, input: body }: SandboxCall<SandboxKycRequest>,
) -> Result<SandboxKycDecision, Refusal> {
    let customer = CustomerId(whole_number(&user).ok_or(ErrorCode::UserNotFound)?);
    let no_level = || Refusal::field(ErrorCode::ValidationFailed, "level", "must be 1 or 2");
    let level = body.level.map(|level| KycLevel::from_number(level).ok_or_else(no_level)).transpose()?;
    let reasons = body.reasons.unwrap_or_default();
    if reasons.len() > 10 {
        return Err(Refusal::field(ErrorCode::ValidationFailed, "reasons", "has more than 10 items"));
    }
    for reason in &reasons {
        input::text("reasons", Some(reason.clone()), 200)?;
    }
    let view = state.engine.customer(caller.partner, customer).await?;
    let decision = ManualDecision {
        customer,
        level,
        known_check: view.check,
        status: match body.decision {
            SandboxKycVerdict::Approve => KycStatus::Valid,
            SandboxKycVerdict::Reject => KycStatus::Fail,
            SandboxKycVerdict::Processing => KycStatus::Processing,
        },
        reasons,
        may_retry: body.may_retry.unwrap_or(false),
    };
    let (reference, level) = state.world.decide_kyc(decision).await.map_err(refusal)?;
    Ok(SandboxKycDecision { user_id: customer.0, decision: body.decision, level: level.number(), reference })
}
