//! Whether the payer can be the customer: two tables of invented names, as customers give them and as banks write them.

use std::collections::BTreeMap;

use rampart_core::identity::name::AccountHolder;

/// A row of a table: its kind, the given and family names, and what the bank writes.
struct NameRow {
    kind: &'static str,
    given: String,
    family: String,
    written: String,
}

impl NameRow {
    fn holder(&self) -> AccountHolder<'_> {
        match self.kind.starts_with("company ") && self.kind != "company of a person" {
            true => AccountHolder::Company(&self.given),
            false => AccountHolder::Person { given: &self.given, family: &self.family },
        }
    }
}

fn table(text: &'static str) -> Vec<NameRow> {
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| match row.split(';').collect::<Vec<_>>()[..] {
        [kind, given, family, written] => NameRow { kind, given: unescaped(given), family: unescaped(family), written: unescaped(written) },
        _ => panic!("a row has four fields: {row}"),
    })
    .collect()
}

/// Replaces `\u{301}` by its character.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').expect("an escape ends with a brace");
        whole.push(char::from_u32(u32::from_str_radix(code, 16).expect("a hexadecimal number")).expect("a code point"));
        whole.push_str(rest);
    }
    whole
}

/// Prints how many rows of each kind are right, and returns the wrong ones.
fn wrong(title: &str, pairs: &[NameRow], must: bool) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for pair in pairs {
        let is_right = pair.holder().can_be(&pair.written) == must;
        let count = counts.entry(pair.kind).or_default();
        *count = (count.0 + usize::from(is_right), count.1 + 1);
        if !is_right {
            wrong.push(format!("{}: {} | {} <- {}", pair.kind, pair.given, pair.family, pair.written));
        }
    }
    println!("{title}: {} of {} right", pairs.len() - wrong.len(), pairs.len());
    for (kind, (right, all)) in counts {
        println!("  {kind}: {right} of {all}");
    }
    wrong
}

#[test]
fn payers_are_distinguished_from_others_as_banks_write_names() {
    let (same, other) = (table(include_str!("same.csv")), table(include_str!("other.csv")));
    assert!(same.len() >= 200 && other.len() >= 200, "{} and {} pairs", same.len(), other.len());
    let missed = wrong("the customer's own", &same, true);
    let let_in = wrong("somebody else's", &other, false);
    assert!(missed.is_empty() && let_in.is_empty(), "missed:\n{}\nlet in:\n{}", missed.join("\n"), let_in.join("\n"));
}

/// Every letter of EPC217-08: itself, its other forms, and as a bank writes it.
#[test]
fn every_letter_of_the_sepa_table_is_read() {
    let letters: Vec<(&str, &str)> = include_str!("epc217-08.csv").lines().filter_map(|row| row.split_once(';')).collect();
    assert_eq!(letters.len(), 314);
    let wrong: Vec<String> = letters
        .iter()
        .filter(|(letter, latin)| {
            let family = format!("Lun{letter}x");
            let known = AccountHolder::Person { given: "Ana", family: &family };
            let capitals = latin.to_uppercase();
            ![format!("ANA LUN{capitals}X"), format!("LUN{capitals}X, ANA"), format!("Ana Lun{}x", letter.to_lowercase())]
                .iter()
                .all(|written| known.can_be(written))
        })
        .map(|(letter, latin)| format!("{letter} {latin}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join(", "));
}

/// The written name of one customer in the table matches no other, unless their names can belong to one person. Shortened names can match
/// several.
#[test]
fn no_customer_of_the_table_is_another() {
    let same = table(include_str!("same.csv"));
    let name = |pair: &NameRow| format!("{} {}", pair.given, pair.family);
    let stands_for_several = |pair: &&NameRow| matches!(pair.kind, "short forms" | "particles" | "apostrophes" | "two holders");
    let customers: BTreeMap<String, &NameRow> = same.iter().map(|pair| (name(pair), pair)).collect();
    let confused: Vec<String> = customers
        .iter()
        .flat_map(|customer| same.iter().filter(|pair| !stands_for_several(pair)).map(move |pair| (customer, pair)))
        .filter(|((_, customer), pair)| customer.holder().can_be(&pair.written))
        .filter(|((known, customer), pair)| !customer.holder().can_be(&name(pair)) && !pair.holder().can_be(known))
        .map(|((known, _), pair)| format!("{known} <- {}", pair.written))
        .collect();
    assert!(confused.is_empty(), "{}", confused.join("\n"));
}

#[test]
fn arbitrary_names_end_and_never_panic() {
    use proptest::prelude::*;
    let text = || proptest::string::string_regex("(\\PC{0,9}[ .'-]?){0,20}").expect("an expression");
    proptest!(|(given in text(), family in text(), written in text())| {
        let _ = AccountHolder::Person { given: &given, family: &family }.can_be(&written);
        let _ = AccountHolder::Company(&given).can_be(&written);
    });
    let many = "Ana María ".repeat(40);
    assert!(!AccountHolder::Person { given: &many, family: "Luna" }.can_be(&many));
    assert!(AccountHolder::Person { given: &many, family: "Luna" }.can_be(&format!("{many} luna")));
}

/// Repeated words match in more ways than can be tried one by one.
#[test]
fn equal_words_are_compared_at_once() {
    let most = std::time::Duration::from_millis(100);
    for word in ["A", "ANA", "DE LA ANA", "ANA O", "M JOSE"] {
        let (known, written) = (format!("{word} ").repeat(16), format!("{word} ").repeat(15));
        let cut = |width: usize| written.get(..width).unwrap_or(&written).to_owned();
        for (given, family, written) in [
            (known.as_str(), known.as_str(), written.clone()),
            (known.as_str(), "Luna", format!("{written}X")),
            ("Luna", known.as_str(), format!("{written}X")),
            (known.as_str(), known.as_str(), cut(35)),
            (known.as_str(), known.as_str(), cut(70)),
        ] {
            let took = || {
                let begun = std::time::Instant::now();
                let _ = AccountHolder::Person { given, family }.can_be(&written);
                let _ = AccountHolder::Company(given).can_be(&written);
                begun.elapsed()
            };
            // On a busy machine one run may be slow, but not all.
            let least = (0..5).map(|_| took()).min();
            assert!(least < Some(most), "{given} | {family} <- {written}: {least:?}");
        }
    }
}
