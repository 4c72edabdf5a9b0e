//! `rampart validate`: validates numbers. It reads no configuration and opens no database.

use std::io::{BufRead, Read, Write};

use clap::{Args, Subcommand};
use rampart_app::{BankAccountView, FindingView, IdentificationView, SystemClock};
use rampart_core::identity::bank_account::{self, BankAccountInput};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::DocumentType;
use rampart_core::time::Clock as _;
use serde::Serialize;

use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::output::{self, Printer};

/// Of standard input.
const MAX_LINE_BYTES: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub(crate) enum ValidateCommand {
    /// Validate an identification number. Exit code 0 if it is valid, 1 if not
    Id {
        /// Country, by name or ISO code
        #[arg(long)]
        country: String,
        /// Type of document, such as CURP
        #[arg(long = "type", value_name = "DOCUMENT")]
        document: String,
        #[command(flatten)]
        numbers: NumberArguments,
    },
    /// Validate the number of a bank account. Exit code 0 if it is valid, 1 if not
    Account {
        /// Country, by name or ISO code
        #[arg(long)]
        country: String,
        /// Bank code, if the account needs one
        #[arg(long, value_name = "CODE")]
        bank_code: Option<String>,
        /// Type of account, if the account needs one
        #[arg(long, value_name = "KIND")]
        account_type: Option<String>,
        #[command(flatten)]
        numbers: NumberArguments,
    },
    /// Validate a creditor reference (ISO 11649). Exit code 0 if it is valid, 1 if not
    Reference {
        #[command(flatten)]
        numbers: NumberArguments,
    },
}

/// The numbers to validate.
#[derive(Debug, Args)]
pub(crate) struct NumberArguments {
    /// Number to validate
    #[arg(required_unless_present = "stdin")]
    number: Option<String>,
    /// Read numbers from standard input, one per line, and print one line of JSON for each
    #[arg(long, conflicts_with = "number")]
    stdin: bool,
}

/// The result for a creditor reference.
#[derive(Debug, Serialize)]
struct ReferenceView {
    valid: bool,
    normalized: Option<String>,
    faults: Vec<FindingView>,
}

impl ReferenceView {
    fn of(reference: &str) -> Self {
        match bank_account::check_creditor_reference(reference) {
            Ok(normalized) => Self { valid: true, normalized: Some(normalized), faults: Vec::new() },
            Err(fault) => {
                let finding = FindingView { code: fault.code(), message: fault.to_string(), message_es: fault.spanish() };
                Self { valid: false, normalized: None, faults: vec![finding] }
            }
        }
    }
}

pub(crate) fn run(global: &GlobalOptions, command: ValidateCommand) -> Result<(), CommandError> {
    let printer = Printer::new(global.json);
    match command {
        ValidateCommand::Id { country, document, numbers } => {
            let country = find_country(&country)?;
            let document = find_document(country, &document)?;
            let now = SystemClock.now();
            validate(
                printer,
                &numbers,
                |number| IdentificationView::of(country, document, number, now),
                |view| view.valid,
                identification_text,
            )
        }
        ValidateCommand::Account { country, bank_code, account_type, numbers } => {
            let country = find_country(&country)?;
            let (bank_code, account_type) = (bank_code.as_deref(), account_type.as_deref());
            let view = |account: &str| BankAccountView::of(country, BankAccountInput { account, bank_code, account_type });
            validate(printer, &numbers, view, |view| view.valid, account_text)
        }
        ValidateCommand::Reference { numbers } => validate(printer, &numbers, ReferenceView::of, |view| view.valid, reference_text),
    }
}

fn find_country(text: &str) -> Result<Country, CommandError> {
    Country::find(text).ok_or_else(|| {
        let served = Country::served().map(|country| country.alpha3().to_owned()).collect::<Vec<_>>().join(", ");
        CommandError::Usage(format!("'{text}' is not a supported country; use one of {served}"))
    })
}

fn find_document(country: Country, text: &str) -> Result<DocumentType, CommandError> {
    text.to_ascii_uppercase().parse::<DocumentType>().ok().filter(|document| document.belongs_to(country)).ok_or_else(|| {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        CommandError::Usage(format!("'{text}' is not a document of {country}; use one of {allowed}"))
    })
}

/// Validates the number of the command line, or those of standard input.
fn validate<V: Serialize>(
    printer: Printer,
    numbers: &NumberArguments,
    view: impl Fn(&str) -> V,
    is_valid: impl Fn(&V) -> bool,
    text: impl Fn(&V) -> String,
) -> Result<(), CommandError> {
    let all_valid = match &numbers.number {
        Some(number) => {
            let view = view(number);
            printer.show(&view, text)?;
            is_valid(&view)
        }
        None => validate_lines(std::io::stdin().lock(), std::io::stdout().lock(), |line| {
            let view = view(line);
            (is_valid(&view), view)
        })?,
    };
    if all_valid { Ok(()) } else { Err(CommandError::ProblemFound) }
}

/// Validates every line. Returns whether all are valid.
fn validate_lines<V: Serialize>(
    input: impl BufRead,
    written_to: impl Write,
    validate: impl Fn(&str) -> (bool, V),
) -> Result<bool, CommandError> {
    let mut input = input;
    let mut written_to = std::io::BufWriter::new(written_to);
    let mut line = Vec::new();
    let mut all_valid = true;
    let mut is_first = true;
    let unreadable = |error| CommandError::Refused(format!("cannot read standard input: {error}"));
    loop {
        line.clear();
        let read = (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        let read = read.map_err(unreadable)?;
        if read == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if u64::try_from(read) == Ok(MAX_LINE_BYTES) {
            input.skip_until(b'\n').map_err(unreadable)?;
            // A cut line must not become valid: it is replaced by one that is too long for every kind of number.
            line.fill(b'0');
        }
        // Invalid UTF-8 becomes U+FFFD, which no number contains.
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\r');
        // Some editors and spreadsheets write a byte order mark at the beginning of a file.
        let (is_valid, view) = validate(if is_first { text.trim_start_matches('\u{feff}') } else { text });
        is_first = false;
        all_valid &= is_valid;
        let written = output::json(&view).map_err(std::io::Error::from).and_then(|json| writeln!(written_to, "{json}"));
        if written.is_err() {
            // The reader has closed the pipe.
            return Ok(all_valid);
        }
    }
    let _ = written_to.flush();
    Ok(all_valid)
}

/// One line per finding.
fn finding_lines(label: &str, found: &[FindingView]) -> String {
    found.iter().map(|finding| format!("{label}: {} ({})\n", finding.message, finding.code)).collect()
}

fn result_text(valid: bool, rows: &[(&str, Option<String>)], faults: &[FindingView], warnings: &[FindingView]) -> String {
    let rows: Vec<(&str, String)> = rows.iter().filter_map(|(name, value)| Some((*name, value.clone()?))).collect();
    let verdict = if valid { "valid" } else { "not valid" };
    format!("{verdict}\n{}\n{}{}", output::pairs(&rows), finding_lines("fault", faults), finding_lines("warning", warnings))
        .replace("\n\n", "\n")
}

/// A value as in JSON, without quotes.
fn json_text(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok().filter(|value| !value.is_null()).map(|value| output::scalar(&value))
}

fn identification_text(view: &IdentificationView) -> String {
    let implied = view.implied.as_ref();
    let rows = [
        ("number", view.display.clone()),
        ("stored as", view.normalized.clone()),
        ("belongs to", json_text(view.customer_type)),
        ("date", implied.and_then(|implied| implied.date).map(|date| date.to_string())),
        ("sex", implied.and_then(|implied| json_text(implied.sex))),
        ("entity", implied.and_then(|implied| implied.entity).map(str::to_owned)),
        ("birthplace", implied.and_then(|implied| implied.birthplace).map(str::to_owned)),
        ("contains", implied.and_then(|implied| implied.contains).map(|contained| contained.to_string())),
    ];
    result_text(view.valid, &rows, &view.faults, &view.warnings)
}

fn account_text(view: &BankAccountView) -> String {
    let rows = [
        ("kind", json_text(view.kind)),
        ("account", view.normalized.clone()),
        ("shown as", view.masked.clone()),
        ("bank", view.bank_name.map(str::to_owned)),
        ("bank code", view.bank_code.clone()),
        ("type", view.account_type.map(str::to_owned)),
    ];
    result_text(view.valid, &rows, &view.faults, &view.warnings)
}

fn reference_text(view: &ReferenceView) -> String {
    result_text(view.valid, &[("reference", view.normalized.clone())], &view.faults, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Result<(bool, String), CommandError> {
        let mut output = Vec::new();
        let all_valid = validate_lines(input, &mut output, |line| (line == "1", line.to_owned()))?;
        Ok((all_valid, String::from_utf8(output).expect("JSON is text")))
    }

    #[test]
    fn every_line_is_validated() {
        let (all_valid, output) = lines(b"1\r\n\n2").expect("readable");
        assert_eq!((all_valid, output.as_str()), (false, "\"1\"\n\"\"\n\"2\"\n"));
        assert!(lines(b"1\n1\n").expect("readable").0);
        let (all_valid, output) = lines(&[b"1".repeat(20_000).as_slice(), b"\n1"].concat()).expect("readable");
        let validated: Vec<&str> = output.lines().collect();
        assert!(!all_valid && validated.len() == 2 && validated[0].len() < 5_000 && validated[1] == "\"1\"", "lines are bounded: {output}");
        assert!(lines("\u{feff}1\n1\n".as_bytes()).expect("readable").0);
        assert_eq!(lines(b"\xff\n").expect("readable").1, "\"\u{fffd}\"\n");
    }
}
