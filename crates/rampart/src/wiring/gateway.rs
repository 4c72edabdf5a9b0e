//! Simulated processors behind our own gateway page, and payments as the simulated world sees them.

use std::sync::Arc;

use rampart_app::{GatewayOutcome, GatewayPlayer};
use rampart_core::order::payment::{PayIn, Payment};
use rampart_core::ports::{PortFuture, Unavailable};
use rampart_core::text::redacted::Redacted;
use rampart_sandbox::{PayResult, PayableMethod, PayablePayment, World, WorldError};
use rampart_store::Store;

/// Passes what the customer does on the gateway page to the simulated world.
pub(crate) struct WorldGateway {
    world: Arc<World>,
    store: Store,
}

impl WorldGateway {
    pub(crate) fn new(world: Arc<World>, store: Store) -> Self {
        Self { world, store }
    }

    async fn payable(&self, payment: &Payment) -> Result<PayablePayment, Unavailable> {
        let customer = self.store.customer(payment.customer).await.map_err(|error| Unavailable(error.to_string()))?;
        Ok(payable(payment, customer.map(|customer| customer.profile.full_name()).unwrap_or_default()))
    }
}

/// A payment as the simulated world needs it for a customer of this name to pay it.
pub(crate) fn payable(payment: &Payment, customer_name: String) -> PayablePayment {
    let method = match (payment.pay_in, &payment.instructions) {
        (PayIn::Processor(processor), _) => PayableMethod::Redirect { processor },
        (PayIn::Bank(rail), Some(instructions)) => PayableMethod::Transfer {
            rail,
            account: instructions.account.clone(),
            concept: (!instructions.own_account).then(|| instructions.concept.clone()),
        },
        // Does not happen: every payment by transfer has instructions.
        (PayIn::Bank(rail), None) => PayableMethod::Transfer { rail, account: String::new(), concept: None },
    };
    PayablePayment {
        payment: payment.id,
        partner: payment.partner,
        method,
        due: payment.terms.fiat_amount,
        currency: payment.terms.fiat,
        decimals: payment.terms.fiat_decimals,
        customer_name: Redacted::new(customer_name),
    }
}

fn unavailable(error: &WorldError) -> Unavailable {
    Unavailable(error.to_string())
}

impl GatewayPlayer for WorldGateway {
    fn pay<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<GatewayOutcome, Unavailable>> {
        Box::pin(async move {
            let payable = self.payable(payment).await?;
            match self.world.pay_payment(&payable, None, None).await.map_err(|error| unavailable(&error))? {
                PayResult::Declined(reason) => {
                    tracing::info!(payment = %payment.id, reason, "the processor declined");
                    Ok(GatewayOutcome::Declined)
                }
                PayResult::Paid(_) | PayResult::PaidBefore(_) | PayResult::Pending => Ok(GatewayOutcome::Taken),
            }
        })
    }

    fn decline<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<(), Unavailable>> {
        Box::pin(async move {
            let payable = self.payable(payment).await?;
            let reason = "the customer gave up".to_owned();
            self.world.decline_payment(&payable, reason).await.map_err(|error| unavailable(&error))
        })
    }
}
