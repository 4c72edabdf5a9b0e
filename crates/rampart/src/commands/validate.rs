//! `rampart validate`: whether a number holds. It reads no configuration and opens no database.

use std::io::{BufRead, Read, Write};

use clap::{Args, Subcommand};
use rampart_app::{BankAccountView, FindingView, IdentificationView, SystemClock};
use rampart_core::bank_account::{self, BankAccountInput};
use rampart_core::country::Country;
use rampart_core::identification::DocumentType;
use rampart_core::time::Clock as _;
use serde::Serialize;

use crate::cli::Global;
use crate::failure::Failure;
use crate::output::{self, Printer};

/// The most bytes of a line of standard input.
const LONGEST_LINE: u64 = 4_096;

/// `rampart validate …`
#[derive(Debug, Subcommand)]
pub(crate) enum ValidateCommand {
    /// Whether a number is one of its document. Exit code 0 if it holds, 1 if not
    Id {
        /// The country, by name or ISO code
        #[arg(long)]
        country: String,
        /// The document, such as CURP
        #[arg(long = "type", value_name = "DOCUMENT")]
        document: String,
        #[command(flatten)]
        numbers: Numbers,
    },
    /// Whether a bank account can be paid to. Exit code 0 if it holds, 1 if not
    Account {
        /// The country, by name or ISO code
        #[arg(long)]
        country: String,
        /// The bank's code, where the account needs one
        #[arg(long, value_name = "CODE")]
        bank_code: Option<String>,
        /// The kind of account, where it needs one
        #[arg(long, value_name = "KIND")]
        account_type: Option<String>,
        #[command(flatten)]
        numbers: Numbers,
    },
    /// Whether a creditor reference (ISO 11649) holds. Exit code 0 if it does, 1 if not
    Reference {
        #[command(flatten)]
        numbers: Numbers,
    },
}

/// What is judged.
#[derive(Debug, Args)]
pub(crate) struct Numbers {
    /// The number
    #[arg(required_unless_present = "stdin")]
    number: Option<String>,
    /// Read numbers from standard input, one a line, and print a line of JSON for each
    #[arg(long, conflicts_with = "number")]
    stdin: bool,
}

/// What was found about a creditor reference.
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

/// Runs the command.
///
/// # Errors
/// When a number does not hold, or the country or the document is none.
pub(crate) fn run(global: &Global, command: ValidateCommand) -> Result<(), Failure> {
    let printer = Printer::new(global.json);
    match command {
        ValidateCommand::Id { country, document, numbers } => {
            let country = find_country(&country)?;
            let document = find_document(country, &document)?;
            let now = SystemClock.now();
            judge(
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
            judge(printer, &numbers, view, |view| view.valid, account_text)
        }
        ValidateCommand::Reference { numbers } => judge(printer, &numbers, ReferenceView::of, |view| view.valid, reference_text),
    }
}

fn find_country(text: &str) -> Result<Country, Failure> {
    Country::find(text).ok_or_else(|| {
        let served = Country::served().map(|country| country.alpha3().to_owned()).collect::<Vec<_>>().join(", ");
        Failure::Usage(format!("'{text}' is no served country; use one of {served}"))
    })
}

fn find_document(country: Country, text: &str) -> Result<DocumentType, Failure> {
    text.to_ascii_uppercase().parse::<DocumentType>().ok().filter(|document| document.belongs_to(country)).ok_or_else(|| {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        Failure::Usage(format!("'{text}' is no document of {country}; use one of {allowed}"))
    })
}

/// Judges the number of the command line, or those of standard input.
fn judge<V: Serialize>(
    printer: Printer,
    numbers: &Numbers,
    view: impl Fn(&str) -> V,
    holds: impl Fn(&V) -> bool,
    text: impl Fn(&V) -> String,
) -> Result<(), Failure> {
    let all_hold = match &numbers.number {
        Some(number) => {
            let view = view(number);
            printer.show(&view, text)?;
            holds(&view)
        }
        None => judge_lines(std::io::stdin().lock(), std::io::stdout().lock(), |line| {
            let view = view(line);
            (holds(&view), view)
        })?,
    };
    if all_hold { Ok(()) } else { Err(Failure::ProblemFound) }
}

/// Judges every line; gives whether all of them hold.
fn judge_lines<V: Serialize>(input: impl BufRead, written_to: impl Write, judge: impl Fn(&str) -> (bool, V)) -> Result<bool, Failure> {
    let mut input = input;
    let mut written_to = std::io::BufWriter::new(written_to);
    let mut line = Vec::new();
    let mut all_hold = true;
    let mut is_first = true;
    let unreadable = |error| Failure::Refused(format!("standard input cannot be read: {error}"));
    loop {
        line.clear();
        let read = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut line);
        let read = read.map_err(unreadable)?;
        if read == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if u64::try_from(read) == Ok(LONGEST_LINE) {
            input.skip_until(b'\n').map_err(unreadable)?;
            // What was left out may not make a number of the rest: the line is judged as one that is too long for all of them.
            line.fill(b'0');
        }
        // What is no UTF-8 becomes a character that no number has.
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\r');
        // Some editors and spreadsheets begin a file with a mark of its encoding.
        let (holds, view) = judge(if is_first { text.trim_start_matches('\u{feff}') } else { text });
        is_first = false;
        all_hold &= holds;
        let written = output::json(&view).map_err(std::io::Error::from).and_then(|json| writeln!(written_to, "{json}"));
        if written.is_err() {
            // Whoever reads it has gone away.
            return Ok(all_hold);
        }
    }
    let _ = written_to.flush();
    Ok(all_hold)
}

/// Findings below one another, under a heading.
fn findings(heading: &str, found: &[FindingView]) -> String {
    found.iter().map(|finding| format!("{heading}: {} ({})\n", finding.message, finding.code)).collect()
}

fn answer(valid: bool, rows: &[(&str, Option<String>)], faults: &[FindingView], warnings: &[FindingView]) -> String {
    let rows: Vec<(&str, String)> = rows.iter().filter_map(|(name, value)| Some((*name, value.clone()?))).collect();
    let holds = if valid { "valid" } else { "not valid" };
    format!("{holds}\n{}\n{}{}", output::pairs(&rows), findings("fault", faults), findings("warning", warnings)).replace("\n\n", "\n")
}

/// A value as it is spelled in JSON.
fn spelled(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok().filter(|value| !value.is_null()).map(|value| output::scalar(&value))
}

fn identification_text(view: &IdentificationView) -> String {
    let implied = view.implied.as_ref();
    let rows = [
        ("number", view.display.clone()),
        ("stored as", view.normalized.clone()),
        ("belongs to", spelled(view.customer_type)),
        ("date", implied.and_then(|implied| implied.date).map(|date| date.to_string())),
        ("sex", implied.and_then(|implied| spelled(implied.sex))),
        ("entity", implied.and_then(|implied| implied.entity).map(str::to_owned)),
        ("birthplace", implied.and_then(|implied| implied.birthplace).map(str::to_owned)),
        ("contains", implied.and_then(|implied| implied.contains).map(|contained| contained.to_string())),
    ];
    answer(view.valid, &rows, &view.faults, &view.warnings)
}

fn account_text(view: &BankAccountView) -> String {
    let rows = [
        ("kind", spelled(view.kind)),
        ("account", view.normalized.clone()),
        ("shown as", view.masked.clone()),
        ("bank", view.bank_name.map(str::to_owned)),
        ("bank code", view.bank_code.clone()),
        ("type", view.account_type.map(str::to_owned)),
    ];
    answer(view.valid, &rows, &view.faults, &view.warnings)
}

fn reference_text(view: &ReferenceView) -> String {
    answer(view.valid, &[("reference", view.normalized.clone())], &view.faults, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Result<(bool, String), Failure> {
        let mut output = Vec::new();
        let all_hold = judge_lines(input, &mut output, |line| (line == "1", line.to_owned()))?;
        Ok((all_hold, String::from_utf8(output).expect("JSON is text")))
    }

    #[test]
    fn every_line_is_judged() {
        let (all_hold, output) = lines(b"1\r\n\n2").expect("readable");
        assert_eq!((all_hold, output.as_str()), (false, "\"1\"\n\"\"\n\"2\"\n"));
        assert!(lines(b"1\n1\n").expect("readable").0);
        let (all_hold, output) = lines(&[b"1".repeat(20_000).as_slice(), b"\n1"].concat()).expect("readable");
        let judged: Vec<&str> = output.lines().collect();
        assert!(!all_hold && judged.len() == 2 && judged[0].len() < 5_000 && judged[1] == "\"1\"", "lines are bounded: {output}");
        assert!(lines("\u{feff}1\n1\n".as_bytes()).expect("readable").0);
        assert_eq!(lines(b"\xff\n").expect("readable").1, "\"\u{fffd}\"\n");
    }
}
