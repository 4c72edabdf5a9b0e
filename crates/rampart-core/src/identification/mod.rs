//! National identification documents: which belong to which country, whose they are, and whether a number is one.
//!
//! The rules of each document's number belong in one module per country beside this one and are called from
//! [`check`], the single place through which every number passes.

mod document;

pub use document::{CustomerType, DocumentType};

use crate::country::Country;

/// The most characters a number may have; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = 64;

/// A number that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Without separators, upper case: how numbers are compared and stored.
    pub normalized: String,
    /// Person or company, by the document and, where it tells, by the number.
    pub customer_type: CustomerType,
}

/// Why a number is not one of its document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("the number is empty")]
    Empty,
    /// Longer than any document's number.
    #[error("the number is longer than {MOST_CHARACTERS} characters")]
    TooLong,
    /// A character that no document's number has.
    #[error("the number has the character '{found}'; letters, digits, dots, hyphens and spaces are allowed")]
    Charset {
        /// The first such character.
        found: char,
    },
    /// The document is not one of the country's.
    #[error("{document} is not a document of {country}; use one of {allowed}")]
    WrongCountry {
        /// The document's API value.
        document: &'static str,
        /// The country.
        country: Country,
        /// What the country has.
        allowed: String,
    },
}

/// Checks a number against its document's rules.
///
/// # Errors
/// A [`Fault`] that says what is wrong.
pub fn check(country: Country, document: DocumentType, number: &str) -> Result<Checked, Fault> {
    if !document.belongs_to(country) {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        return Err(Fault::WrongCountry { document: document.as_str(), country, allowed });
    }
    if number.chars().count() > MOST_CHARACTERS {
        return Err(Fault::TooLong);
    }
    let normalized: String = number.chars().filter(|letter| !matches!(letter, '.' | '-' | ' ')).collect::<String>().to_ascii_uppercase();
    if let Some(found) = normalized.chars().find(|letter| !letter.is_ascii_alphanumeric()) {
        return Err(Fault::Charset { found });
    }
    if normalized.is_empty() {
        return Err(Fault::Empty);
    }
    let customer_type = document.customer_type(country, &normalized);
    Ok(Checked { normalized, customer_type })
}
