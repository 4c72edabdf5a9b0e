//! Registrations of one person at one partner count as one customer, as far as their documents show it, so that nobody
//! gets a second set of limits.

use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::identity::identification::DocumentType;
use rampart_core::step::{Claim, ClaimScope};

use crate::app::App;
use crate::error::{AppError, AppResult};

/// Sets whose limits a customer counts against: the first customer of this partner with a document of the same
/// person. When there is none, returns the document claim that the step has to take. Another registration may take
/// the claim first; then the caller asks again.
pub(crate) async fn count_by_document(app: &App, customer: &mut Customer) -> AppResult<Option<Claim>> {
    customer.counts_as = None;
    let Some(given) = &customer.identification else { return Ok(None) };
    let (document, number) = (given.document, given.normalized.reveal());
    let of_person = document.of_one_person(customer.country, number);
    let as_given = document_key(app, customer, document, number);
    let of_person: Vec<String> = of_person.iter().map(|(document, number)| document_key(app, customer, *document, number)).collect();
    let counted = of_person.first().unwrap_or(&as_given).clone();
    // Earlier versions claimed each document as given, so a claim on this very document takes precedence.
    let others = of_person.into_iter().filter(|key| *key != as_given).collect::<Vec<_>>();
    let keys: Vec<String> = std::iter::once(as_given).chain(others).collect();
    let wanted: Vec<_> = keys.iter().map(|key| (ClaimScope::Document, key.clone())).collect();
    let standing = app.store.claims(&wanted).await?;
    let Some(claim) = keys.iter().find_map(|key| standing.iter().find(|claim| claim.key == *key)) else {
        return Ok(Some(Claim::forever(ClaimScope::Document, counted, customer.id)));
    };
    let first = claim.subject.parse().map(CustomerId).map_err(|_| AppError::defect("a document without its customer"))?;
    customer.counts_as = Some(first).filter(|first| *first != customer.id);
    Ok(None)
}

/// The claim key of a document and its normalised number, for customers of the same partner and country. Hashed
/// under the installation's key, because document numbers are few enough to be guessed.
#[must_use]
pub fn document_key(app: &App, customer: &Customer, document: DocumentType, number: &str) -> String {
    let parts =
        ["document".to_owned(), customer.partner.to_string(), customer.country.to_string(), document.to_string(), number.to_owned()];
    app.keys.fingerprint(parts.into_iter().map(Some))
}
