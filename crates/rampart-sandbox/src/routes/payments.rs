//! `POST /sandbox/payments/{payment_id}/…`: a customer's payment, its decline or its chargeback.

use rampart_core::refusal::{ErrorCode, Refusal};

use super::input::{self, Decimal, SandboxCall};
use super::response::{SandboxAnswer, refusal};
use crate::payment::{PayResult, PayableMethod};

/// A customer's payment.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxPayRequest {
    /// The amount in major units. Default: the amount due.
    amount: Option<Decimal>,
    /// The name of the payer. Default: the name of the customer.
    #[schema(max_length = 140)]
    holder: Option<String>,
}

/// A reason.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxReason {
    /// The reason, one sentence.
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// The result of a payment.
#[derive(Debug, Clone, Copy, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PaymentOutcome {
    /// The payment has been paid.
    Paid,
    /// The payment had been paid before; nothing was changed.
    PaidBefore,
    /// The processor will capture the payment later.
    Pending,
    /// The processor declined the payment.
    Declined,
    /// The payment has been charged back.
    ChargedBack,
}

/// The result for a payment.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxPayment {
    payment_id: String,
    outcome: PaymentOutcome,
    /// The reference of the processor or of the statement line.
    reference: Option<String>,
    /// The reason of a decline or chargeback.
    reason: Option<String>,
}

#[utoipa::path(post, path = "/sandbox/payments/{payment_id}/pay", operation_id = "sandboxPay", tag = "Sandbox",
    params(("payment_id" = String, Path, description = "The payment")),
    request_body = Option<SandboxPayRequest>, responses((status = 200, description = "The result of the payment", body = SandboxAnswer<SandboxPayment>)))]
/// Simulate a customer's payment, by the method of the order
pub(super) async fn pay(
    SandboxCall { state, caller, path: payment, input: body }: SandboxCall<SandboxPayRequest>,
) -> Result<SandboxPayment, Refusal> {
    let payable = state.engine.payment(caller.partner, &payment).await?;
    let amount = body.amount.map(|amount| amount.amount("amount", payable.decimals)).transpose()?;
    let holder = input::text("holder", body.holder, 140)?;
    let result = state.world.pay_payment(&payable, amount, holder).await.map_err(refusal)?;
    let (outcome, reference, reason) = match result {
        PayResult::Paid(reference) => (PaymentOutcome::Paid, Some(reference), None),
        PayResult::PaidBefore(reference) => (PaymentOutcome::PaidBefore, Some(reference), None),
        PayResult::Pending => (PaymentOutcome::Pending, None, None),
        PayResult::Declined(reason) => (PaymentOutcome::Declined, None, Some(reason)),
    };
    Ok(SandboxPayment { payment_id: payable.payment.to_string(), outcome, reference, reason })
}

#[utoipa::path(post, path = "/sandbox/payments/{payment_id}/decline", operation_id = "sandboxDecline", tag = "Sandbox",
    params(("payment_id" = String, Path, description = "The payment")),
    request_body = Option<SandboxReason>, responses((status = 200, description = "The payment has been declined", body = SandboxAnswer<SandboxPayment>)))]
/// Simulate a decline by the processor
pub(super) async fn decline(
    SandboxCall { state, caller, path: payment, input: body }: SandboxCall<SandboxReason>,
) -> Result<SandboxPayment, Refusal> {
    let payable = state.engine.payment(caller.partner, &payment).await?;
    let reason = input::text("reason", body.reason, 200)?.unwrap_or_else(|| "declined by the issuer".to_owned());
    state.world.decline_payment(&payable, reason.clone()).await.map_err(refusal)?;
    let payment_id = payable.payment.to_string();
    Ok(SandboxPayment { payment_id, outcome: PaymentOutcome::Declined, reference: None, reason: Some(reason) })
}

#[utoipa::path(post, path = "/sandbox/payments/{payment_id}/chargeback", operation_id = "sandboxChargeback", tag = "Sandbox",
    params(("payment_id" = String, Path, description = "The payment")),
    request_body = Option<SandboxReason>, responses((status = 200, description = "The payment has been charged back", body = SandboxAnswer<SandboxPayment>)))]
/// Simulate the chargeback of a captured payment
pub(super) async fn charge_back(
    SandboxCall { state, caller, path: payment, input: body }: SandboxCall<SandboxReason>,
) -> Result<SandboxPayment, Refusal> {
    let payable = state.engine.payment(caller.partner, &payment).await?;
    let reason = input::text("reason", body.reason, 200)?.unwrap_or_else(|| "fraudulent".to_owned());
    if let PayableMethod::Transfer { .. } = payable.method {
        return Err(Refusal::new(ErrorCode::ValidationFailed, "a payment by bank transfer cannot be charged back"));
    }
    state.world.charge_back(payable.payment, reason.clone()).await.map_err(refusal)?;
    let payment_id = payable.payment.to_string();
    Ok(SandboxPayment { payment_id, outcome: PaymentOutcome::ChargedBack, reference: None, reason: Some(reason) })
}
