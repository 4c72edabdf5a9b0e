//! What buying and selling have in common.

use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::refusal::Code;

use crate::app::App;
use crate::authenticate::Caller;
use crate::error::Reply;

impl App {
    /// A customer of the partner's.
    ///
    /// # Errors
    /// `user_not_found`, also for another partner's.
    pub(crate) async fn customer_of(&self, caller: &Caller, id: i64) -> Reply<Customer> {
        let customer = self.store().customer(CustomerId(id)).await?;
        Ok(customer.filter(|customer| customer.partner == caller.partner.id).ok_or(Code::UserNotFound)?)
    }
}
