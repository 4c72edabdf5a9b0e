//! `POST /sandbox/payments/{payment_id}/…`: a customer's payment, its decline or its chargeback.

use axum::http::Method;
use rampart_core::money::amount::AmountSent;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_http::describe::described;
use rampart_http::request::field::{FieldKind, FieldSpec, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};

use super::{GROUP, SandboxAnswer, SandboxState};
use crate::payment::{PayResult, PayableMethod};

request! {
    /// A customer's payment.
    Pay refused by [PaymentNotFound] {
        amount: Option<&'a AmountSent> = optional(FieldKind::Money, "The amount in major units. Default: the amount due.").example(r#""100.50""#);
        holder: Option<&'a str> = optional(FieldKind::AsTyped(140), "The name of the payer. Default: the name of the customer.");
    }
}

request! {
    /// A decline or a chargeback.
    Undo refused by [PaymentNotFound] {
        reason: Option<&'a str> = optional(FieldKind::AsTyped(200), "The reason, one sentence.");
    }
}

const PAYMENT: FieldSpec = required(FieldKind::Token(128), "The payment.").named("payment_id");

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

pub(super) static PAY: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/payments/{payment_id}/pay"],
    id: "sandboxPay",
    group: GROUP,
    summary: "Simulate a customer's payment, by the method of the order",
    about: "Returns the result of the payment.",
    access: Access::Token,
    takes: FieldSource::Path(PAYMENT, &FieldSource::Json(Pay::FIELDS)),
    idempotency: Idempotency::None,
    codes: Pay::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxPayment>,
    run: |state, context| Box::pin(pay(state, context)) as CallFuture,
};

async fn pay(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Pay::of(&context.fields)?;
    let payable = state.engine.payment(context.caller()?.partner.id, &context.path).await?;
    let amount = request.amount.map(|amount| super::amount(amount, payable.decimals)).transpose()?;
    let result = state.world.pay_payment(&payable, amount, request.holder.map(str::to_owned)).await?;
    let (outcome, reference, reason) = match result {
        PayResult::Paid(reference) => (PaymentOutcome::Paid, Some(reference), None),
        PayResult::PaidBefore(reference) => (PaymentOutcome::PaidBefore, Some(reference), None),
        PayResult::Pending => (PaymentOutcome::Pending, None, None),
        PayResult::Declined(reason) => (PaymentOutcome::Declined, None, Some(reason)),
    };
    CallResponse::ok(&SandboxPayment { payment_id: payable.payment.to_string(), outcome, reference, reason })
}

pub(super) static DECLINE: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/payments/{payment_id}/decline"],
    id: "sandboxDecline",
    group: GROUP,
    summary: "Simulate a decline by the processor",
    about: "The payment has been declined when the call answers.",
    access: Access::Token,
    takes: FieldSource::Path(PAYMENT, &FieldSource::Json(Undo::FIELDS)),
    idempotency: Idempotency::None,
    codes: Undo::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxPayment>,
    run: |state, context| Box::pin(decline(state, context)) as CallFuture,
};

async fn decline(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let payable = state.engine.payment(context.caller()?.partner.id, &context.path).await?;
    let reason = Undo::of(&context.fields)?.reason.unwrap_or("declined by the issuer").to_owned();
    state.world.decline_payment(&payable, reason.clone()).await?;
    let payment_id = payable.payment.to_string();
    CallResponse::ok(&SandboxPayment { payment_id, outcome: PaymentOutcome::Declined, reference: None, reason: Some(reason) })
}

pub(super) static CHARGE_BACK: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/payments/{payment_id}/chargeback"],
    id: "sandboxChargeback",
    group: GROUP,
    summary: "Simulate the chargeback of a captured payment",
    about: "The payment has been charged back when the call answers.",
    access: Access::Token,
    takes: FieldSource::Path(PAYMENT, &FieldSource::Json(Undo::FIELDS)),
    idempotency: Idempotency::None,
    codes: Undo::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxPayment>,
    run: |state, context| Box::pin(charge_back(state, context)) as CallFuture,
};

async fn charge_back(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let payable = state.engine.payment(context.caller()?.partner.id, &context.path).await?;
    let reason = Undo::of(&context.fields)?.reason.unwrap_or("fraudulent").to_owned();
    if let PayableMethod::Transfer { .. } = payable.method {
        return Err(Refusal::new(ErrorCode::ValidationFailed, "a payment by bank transfer cannot be charged back").into());
    }
    state.world.charge_back(payable.payment, reason.clone()).await?;
    let payment_id = payable.payment.to_string();
    CallResponse::ok(&SandboxPayment { payment_id, outcome: PaymentOutcome::ChargedBack, reference: None, reason: Some(reason) })
}
