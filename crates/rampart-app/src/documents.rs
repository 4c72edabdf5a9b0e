//! Registrations of one document at one partner count as one customer, so that limits are not had twice.

use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::step::{Claim, ClaimScope};

use crate::app::App;
use crate::error::{AppError, Reply};

impl App {
    /// Lets a customer count as the first of its partner's with the same document, or take the document when nobody has; gives
    /// the claim that the step has to take then. Somebody may be faster: it is asked again when the claim is taken.
    pub(crate) async fn count_by_document(&self, customer: &mut Customer) -> Reply<Option<Claim>> {
        customer.counts_as = None;
        let Some(given) = &customer.identification else { return Ok(None) };
        // Hashed under the installation's key: numbers of documents are few enough to be tried.
        let parts = [
            "document".to_owned(),
            customer.partner.to_string(),
            customer.country.to_string(),
            given.document.to_string(),
            given.normalized.reveal().to_owned(),
        ];
        let key = self.keys().fingerprint(parts.into_iter().map(Some));
        let Some(claim) = self.store().claim(ClaimScope::Document, &key).await? else {
            return Ok(Some(Claim::forever(ClaimScope::Document, key, customer.id)));
        };
        let first = claim.subject.parse().map(CustomerId).map_err(|_| AppError::defect("a document without its customer"))?;
        customer.counts_as = Some(first).filter(|first| *first != customer.id);
        Ok(None)
    }
}
