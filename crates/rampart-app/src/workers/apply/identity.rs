//! What the identity provider decides.

use rampart_core::id::CustomerId;
use rampart_core::kyc::KycVerdict;

use super::{Effect, Trouble};
use crate::app::App;

pub(super) async fn effect(app: &App, customer: CustomerId, verdict: KycVerdict) -> Effect {
    let found = app.store().customer(customer).await?;
    let customer = found.ok_or_else(|| Trouble::Never(format!("there is no customer {customer}")))?;
    Ok(customer.kyc_decided(verdict, &app.mint(), &app.config().public_url))
}
