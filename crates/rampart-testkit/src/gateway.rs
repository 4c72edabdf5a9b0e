//! The sandbox's processors, driven from the gateway page.

use std::sync::Arc;

use rampart_app::{GatewayOutcome, GatewayPlayer};
use rampart_core::order::payment::Payment;
use rampart_core::ports::{PortFuture, Unavailable};
use rampart_sandbox::{PayResult, PayablePayment, World};

/// What the sandbox needs to know of a payment so that a customer of this name can pay it.
#[must_use]
pub fn payable(payment: &Payment, customer_name: &str) -> PayablePayment {
    PayablePayment::of(payment, customer_name)
}

pub(crate) struct SandboxGatewayPlayer(pub(crate) Arc<World>);

impl GatewayPlayer for SandboxGatewayPlayer {
    fn pay<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<GatewayOutcome, Unavailable>> {
        Box::pin(async move {
            let paid = self.0.pay_payment(&payable(payment, "Gateway"), None, None).await;
            match paid.map_err(|error| Unavailable(error.to_string()))? {
                PayResult::Declined(_) => Ok(GatewayOutcome::Declined),
                PayResult::Paid(_) | PayResult::PaidBefore(_) | PayResult::Pending => Ok(GatewayOutcome::Taken),
            }
        })
    }

    fn decline<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<(), Unavailable>> {
        Box::pin(async move {
            let declined = self.0.decline_payment(&payable(payment, "Gateway"), "declined".into()).await;
            declined.map_err(|error| Unavailable(error.to_string()))
        })
    }
}
