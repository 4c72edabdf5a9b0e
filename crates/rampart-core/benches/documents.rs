//! Validations per second for each kind of number with a check digit, compared with a plain regular expression of the same shape on the
//! same numbers in the same run. Run by `cargo xtask bench documents`; it fails when a validator is too slow.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rampart_core::identity::bank_account::{self, BankAccountInput};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, DocumentType};
use regex::Regex;
use serde::Deserialize;

/// Each file of docs/vectors with the shape of its numbers.
const SHAPES: &[(&str, &str)] = &[
    ("esp-government-id", "[0-9]{8}[A-Z]"),
    ("esp-government-id-kl", "[KL][0-9]{7}[A-Z]"),
    ("esp-permanent-residence-permit", "[XYZM][0-9]{7}[A-Z]"),
    ("esp-cif", "[ABCDEFGHJNPQRSUVW][0-9]{7}[0-9A-J]"),
    ("chl-rut", "[0-9]{7,8}[0-9K]"),
    ("chl-rut-short", "[0-9]{1,6}[0-9K]"),
    ("mex-curp", "[A-ZÑ][AEIOUX][A-ZÑ]{2}[0-9]{6}[HMX][A-ZÑ]{2}[B-DF-HJ-NP-TV-ZÑ]{3}[0-9A-Z][0-9]"),
    ("mex-rfc-person", "[A-ZÑ&]{4}[0-9]{6}[0-9A-Z]{2}[0-9A]"),
    ("mex-rfc-company", "[A-ZÑ&]{3}[0-9]{6}[0-9A-Z]{2}[0-9A]"),
    ("col-nit", "[0-9]{6,11}-?[0-9]"),
    ("col-nit-person", "[0-9]{6,11}-?[0-9]"),
    ("per-ruc", "(?:10|15|16|17|20)[0-9]{9}"),
    ("arg-cuit", "(?:2[034567]|3[034]|5[015])[0-9]{9}"),
    ("account-esp-iban", "ES[0-9]{22}"),
    ("account-sepa-iban", "[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}"),
    ("account-mex-clabe", "[0-9]{18}"),
    ("account-arg-cbu", "[0-9]{22}"),
    ("account-arg-cvu", "000[0-9]{19}"),
    ("account-per-cci", "[0-9]{20}"),
];

/// Least duration of one measurement in a round.
const MIN_MEASUREMENT_TIME: Duration = Duration::from_millis(20);
/// Validator and regular expression alternate; the median of the ratios counts.
const ROUNDS: usize = 11;
/// Upper bound of a validator's time, relative to the regular expression.
const MAX_RATIO_PERCENT: u128 = 200;

#[derive(Deserialize)]
struct VectorFile {
    kind: String,
    country: String,
    #[serde(rename = "type")]
    document: String,
    valid: Vec<String>,
}

/// Time per number in hundredths of a nanosecond.
fn time(numbers: &[String], is_valid: impl Fn(&str) -> bool) -> u128 {
    let began = Instant::now();
    let mut count = 0_u128;
    while began.elapsed() < MIN_MEASUREMENT_TIME {
        for _ in 0..50 {
            for number in numbers {
                assert!(is_valid(black_box(number)), "{number}");
                count += 1;
            }
        }
    }
    began.elapsed().as_nanos() * 100 / count
}

fn median(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn hundredths(value: u128) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors");
    println!("{:<32} {:>12} {:>12} {:>10} {:>10} {:>7}", "valid numbers", "per s", "regex per s", "ns", "regex ns", "ratio");
    let mut missed = 0;
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|part| name.contains(part.as_str()));
    let shapes: Vec<_> = SHAPES.iter().filter(|(name, _)| wanted(name)).collect();
    for (name, shape) in &shapes {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("the vectors are there");
        let file: VectorFile = serde_json::from_str(&text).expect("well formed");
        let country = Country::find(&file.country).expect("a served country");
        let regex = Regex::new(&format!("^{shape}$")).expect("well formed");
        let matches = |number: &str| regex.is_match(number);
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let theirs = time(&file.valid, matches);
            let ours = if file.kind == "account" {
                time(&file.valid, |number| black_box(bank_account::check(country, BankAccountInput::number(number))).is_ok())
            } else {
                let document: DocumentType = file.document.parse().expect("a document");
                time(&file.valid, |number| black_box(identification::check(country, document, number)).is_ok())
            };
            rounds.push((ours, theirs));
        }
        let ours = median(rounds.iter().map(|round| round.0).collect());
        let theirs = median(rounds.iter().map(|round| round.1).collect());
        let ratio = median(rounds.iter().map(|round| round.0 * 100 / round.1).collect());
        let verdict = if ratio <= MAX_RATIO_PERCENT { "met" } else { "MISSED" };
        missed += usize::from(ratio > MAX_RATIO_PERCENT);
        let per_second = |hundredths: u128| 100_000_000_000 / hundredths;
        println!(
            "{name:<32} {:>12} {:>12} {:>10} {:>10} {:>7}   <= {}: {verdict}",
            per_second(ours),
            per_second(theirs),
            hundredths(ours),
            hundredths(theirs),
            hundredths(ratio),
            hundredths(MAX_RATIO_PERCENT)
        );
    }
    println!("{} of {} within {} times the regular expression", shapes.len() - missed, shapes.len(), hundredths(MAX_RATIO_PERCENT));
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
