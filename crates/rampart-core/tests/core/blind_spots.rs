//! What the official check digits detect: every wrong digit and every swap of neighbours in a valid number is refused, except in the
//! blind spots of the algorithms, which docs/documents.md lists.

use std::path::Path;

use rampart_core::identity::bank_account::{self, BankAccountInput};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification;

/// A typing mistake: its place, the right digit and the typed one.
#[derive(Debug, Clone, Copy)]
enum Mistype {
    Digit { place: usize, was: u8, is: u8 },
    Swap { left: u8, right: u8 },
}

/// Whether the official algorithm cannot detect the mistake in this number.
fn is_blind(kind: &str, number: &str, mistype: Mistype) -> bool {
    let distance = |one: u8, other: u8| u32::from(one.abs_diff(other));
    match (kind, mistype) {
        // Luhn: 09 and 90 have the same sum.
        ("CIF" | "CCI", Mistype::Swap { left, right }) => matches!((left, right), (b'0', b'9') | (b'9', b'0')),
        // Weights that differ by an even number, modulo 10: digits five apart.
        ("CLABE" | "CBU" | "CVU", Mistype::Swap { left, right }) => distance(left, right) == 5,
        // Weights 18 to 2, modulo 10: a weight times the distance can be a multiple of ten.
        ("CURP", Mistype::Digit { place, was, is }) => ((18 - place as u32) * distance(was, is)).is_multiple_of(10),
        // Two remainders give the same check digit: 1 and 10 in a NIT, 0 and 10 in a RUC.
        ("NIT", _) => number.ends_with('1'),
        ("RUC", _) => number.ends_with('1'),
        _ => false,
    }
}

fn is_valid(account: bool, country: Country, kind: &str, number: &str) -> bool {
    if account {
        bank_account::check(country, BankAccountInput::number(number)).is_ok()
    } else {
        identification::check(country, kind.parse().expect("a document"), number).is_ok()
    }
}

fn mistypes(number: &[u8]) -> Vec<(Mistype, String)> {
    let mut all = Vec::new();
    for place in 0..number.len() {
        let was = number[place];
        for is in (b'0'..=b'9').filter(|is| was.is_ascii_digit() && *is != was) {
            let mut wrong = number.to_vec();
            wrong[place] = is;
            all.push((Mistype::Digit { place, was, is }, wrong));
        }
        if let Some(&right) = number.get(place + 1).filter(|right| **right != was && right.is_ascii_digit() && was.is_ascii_digit()) {
            let mut wrong = number.to_vec();
            wrong.swap(place, place + 1);
            all.push((Mistype::Swap { left: was, right }, wrong));
        }
    }
    all.into_iter().map(|(mistype, wrong)| (mistype, String::from_utf8(wrong).expect("ASCII"))).collect()
}

#[test]
fn only_the_algorithms_own_blind_spots_are_missed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors");
    let (mut tried, mut missed) = (0_u32, 0_u32);
    for entry in std::fs::read_dir(&folder).expect("the vectors are there") {
        let text = std::fs::read_to_string(entry.expect("readable").path()).expect("readable");
        let file: serde_json::Value = serde_json::from_str(&text).expect("well formed");
        let kind = file["type"].as_str().expect("a type");
        // The last character of an RFC is advisory, so no mistake is refused.
        if kind == "RFC" {
            continue;
        }
        let country = Country::find(file["country"].as_str().expect("a country")).expect("served");
        let account = file["kind"] == "account";
        for number in file["valid"].as_array().expect("a list").iter().filter_map(|number| number.as_str()) {
            for (mistype, wrong) in mistypes(number.as_bytes()) {
                tried += 1;
                if is_valid(account, country, kind, &wrong) {
                    missed += 1;
                    assert!(is_blind(kind, number, mistype), "{kind} {number} became {wrong}: {mistype:?}");
                }
            }
        }
    }
    assert!(tried > 50_000, "only {tried} mistypes were tried");
    assert!(missed > 0, "the blind spots exist; a run without any has not looked");
}
