//! Comparing names: whether the payer is the customer.

use crate::country::fold;

/// Whether a payer's name can be the customer's: every word of the shorter name appears in the longer one (case,
/// accents and order aside; initials and particles do not count). Banks shorten and reorder names, so equality would
/// refuse honest payers; a single common word is not enough unless the name has only one.
#[must_use]
pub fn is_same_person(customer: &str, payer: &str) -> bool {
    let (customer, payer) = (words(customer), words(payer));
    let (shorter, longer) = if customer.len() <= payer.len() { (&customer, &payer) } else { (&payer, &customer) };
    if shorter.is_empty() || (shorter.len() == 1 && longer.len() > 1) {
        return false;
    }
    shorter.iter().all(|word| longer.contains(word))
}

fn words(name: &str) -> Vec<String> {
    // `S.L.` and `SL` are the same.
    let folded = fold(name).replace('.', "");
    let words = folded.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| word.chars().count() > 1 && !matches!(*word, "de" | "del" | "la" | "las" | "los" | "da" | "do" | "dos" | "san"))
        .map(str::to_owned)
        .collect()
}
