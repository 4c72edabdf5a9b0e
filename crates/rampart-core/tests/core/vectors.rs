//! The public vectors of docs/vectors, which an independent generator writes: every valid number is accepted, every other one is refused
//! for the given reason.

use std::path::Path;

use rampart_core::identity::bank_account::{self, BankAccountInput};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, DocumentType};
use serde::Deserialize;

#[derive(Deserialize)]
struct VectorFile {
    kind: String,
    country: String,
    #[serde(rename = "type")]
    document: String,
    valid: Vec<String>,
    invalid: Vec<InvalidNumber>,
}

#[derive(Deserialize)]
struct InvalidNumber {
    number: String,
    reason: String,
}

fn check(file: &VectorFile, number: &str) -> Result<(), (&'static str, String)> {
    let country = Country::find(&file.country).expect("a served country");
    if file.kind == "account" {
        bank_account::check(country, BankAccountInput::number(number)).map(drop).map_err(|fault| (fault.code(), fault.to_string()))
    } else {
        let document: DocumentType = file.document.parse().expect("a document");
        identification::check(country, document, number).map(drop).map_err(|fault| (fault.code(), fault.to_string()))
    }
}

#[test]
fn the_public_vectors_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).expect("the vectors are there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file: VectorFile = serde_json::from_str(&std::fs::read_to_string(&path).expect("readable")).expect("well formed");
        assert!(file.valid.len() + file.invalid.len() >= 40, "{}: too few", path.display());
        for number in &file.valid {
            assert_eq!(check(&file, number), Ok(()), "{} {number}", path.display());
        }
        for wrong in &file.invalid {
            let (code, sentence) = check(&file, &wrong.number).expect_err(&wrong.number);
            assert_eq!(code, wrong.reason, "{} {}: {sentence}", path.display(), wrong.number);
        }
        files += 1;
    }
    assert!(files >= 19, "only {files} files of vectors");
}
