//! Simulated processors behind our own gateway page, and payments as the simulated world sees them.

use std::sync::Arc;

use rampart_app::{GatewayOutcome, GatewayPlayer};
use rampart_core::order::payment::Payment;
use rampart_core::ports::{PortFuture, Unavailable};
use rampart_sandbox::{PayResult, PayablePayment, World, WorldError};
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
        Ok(PayablePayment::of(payment, &customer.map(|customer| customer.profile.full_name()).unwrap_or_default()))
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
