//! Applies decisions of the identity provider.

use rampart_core::customer::kyc::KycVerdict;
use rampart_core::id::CustomerId;

use super::{ApplyError, Effect};
use crate::app::App;

pub(super) async fn effect(app: &App, customer: CustomerId, verdict: KycVerdict) -> Effect {
    let found = app.store.customer(customer).await?;
    let customer = found.ok_or_else(|| ApplyError::Quarantine(format!("there is no customer {customer}")))?;
    Ok(customer.kyc_decided(verdict, &app.mint(), &app.config.public_url))
}
