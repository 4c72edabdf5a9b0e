//! `kyc/check`, and the form behind it.

use rampart_core::view::KycView;

use crate::app::App;
use crate::authenticate::Caller;
use crate::error::Reply;
use crate::fields::Fields;

impl App {
    /// Where a customer's identity check stands.
    ///
    /// # Errors
    /// `fail_mandatory_field`, `validation_failed`, `user_not_found` (also for another partner's).
    pub async fn kyc_check(&self, caller: &Caller, user_id: Option<String>) -> Reply<KycView> {
        let mut fields = Fields::new();
        let id = fields.customer("user_id", &user_id, true);
        fields.finish()?;
        let customer = self.customer_of(caller, id.unwrap_or_default()).await?;
        Ok(KycView::of(&customer, &self.config().public_url))
    }
}
