//! The server as the rows of calls see it.

use std::net::IpAddr;

use rampart_app::{orders, partner_api};
use rampart_core::step::ClaimScope;
use rampart_http::request::InvalidFields;
use rampart_http::{AuthenticatedPartner, CallFailure, CallServer};

use crate::state::Web;

impl CallServer for Web {
    fn count_anybody(&self, client: IpAddr) -> Result<(), CallFailure> {
        Ok(self.limiter.authentication(client)?)
    }

    async fn caller(&self, token: &str, client: IpAddr) -> Result<AuthenticatedPartner, CallFailure> {
        Ok(partner_api::caller(&self.app, token, client).await?)
    }

    fn count(&self, caller: &AuthenticatedPartner) -> Result<(), CallFailure> {
        Ok(self.limiter.partner(caller.partner.id)?)
    }

    async fn invalid(
        &self,
        caller: &AuthenticatedPartner,
        key: Option<&str>,
        external_id: Option<ClaimScope>,
        invalid: InvalidFields,
    ) -> CallFailure {
        orders::idempotency::invalid_request(&self.app, caller, key, external_id, invalid).await.into()
    }
}
