//! Registrations of one person at one partner count as one customer, as far as the documents tell, so that limits are not had
//! twice.

use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::identification::DocumentType;
use rampart_core::step::{Claim, ClaimScope};

use crate::app::App;
use crate::error::{AppError, AppResult};

impl App {
    /// Lets a customer count as the first of its partner's with a document of the same person, or take the person's number when
    /// nobody has; gives the claim that the step has to take then. Somebody may be faster: it is asked again when the claim is
    /// taken.
    pub(crate) async fn count_by_document(&self, customer: &mut Customer) -> AppResult<Option<Claim>> {
        customer.counts_as = None;
        let Some(given) = &customer.identification else { return Ok(None) };
        let (document, number) = (given.document, given.normalized.reveal());
        let of_person = document.of_one_person(customer.country, number);
        let as_given = self.document_key(customer, document, number);
        let of_person: Vec<String> = of_person.iter().map(|(document, number)| self.document_key(customer, *document, number)).collect();
        let counted = of_person.first().unwrap_or(&as_given).clone();
        // Earlier versions took each document as it came: who has this very one goes before those with others of the person.
        let others = of_person.into_iter().filter(|key| *key != as_given).collect::<Vec<_>>();
        let keys: Vec<String> = std::iter::once(as_given).chain(others).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (ClaimScope::Document, key.clone())).collect();
        let standing = self.store().claims(&wanted).await?;
        let Some(claim) = keys.iter().find_map(|key| standing.iter().find(|claim| claim.key == *key)) else {
            return Ok(Some(Claim::forever(ClaimScope::Document, counted, customer.id)));
        };
        let first = claim.subject.parse().map(CustomerId).map_err(|_| AppError::defect("a document without its customer"))?;
        customer.counts_as = Some(first).filter(|first| *first != customer.id);
        Ok(None)
    }

    /// The key of the claim on a document and its normalised number, for customers of the same partner and country. It is hashed
    /// under the installation's key: numbers of documents are few enough to be tried.
    #[must_use]
    pub fn document_key(&self, customer: &Customer, document: DocumentType, number: &str) -> String {
        let parts =
            ["document".to_owned(), customer.partner.to_string(), customer.country.to_string(), document.to_string(), number.to_owned()];
        self.keys().fingerprint(parts.into_iter().map(Some))
    }
}
