//! Amounts in the configuration, and what is wrong with it.

use crate::money::amount::Amount;

/// An error in the configuration of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct CatalogueError {
    /// The key, such as `methods.KHIPU.minimum`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

pub(super) fn fault(place: impl Into<String>, reason: impl Into<String>) -> CatalogueError {
    CatalogueError { place: place.into(), reason: reason.into() }
}

pub(super) fn bounds(
    place: &str,
    read: impl Fn(&str, &str) -> Result<Amount, CatalogueError>,
    minimum: &str,
    maximum: &str,
) -> Result<(Amount, Amount), CatalogueError> {
    let (minimum, maximum) = (read("minimum", minimum)?, read("maximum", maximum)?);
    if minimum.is_positive() && minimum <= maximum {
        return Ok((minimum, maximum));
    }
    Err(fault(place, "the minimum must be above zero and not above the maximum"))
}

pub(super) fn amount(place: &str, text: &str, decimals: u8) -> Result<Amount, CatalogueError> {
    if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) && !text.is_empty() {
        return Ok(Amount::ZERO);
    }
    Amount::parse_major(text, decimals).map_err(|reason| fault(place, format!("'{text}' {reason}")))
}
