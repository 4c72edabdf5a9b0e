//! The list of postings, from the table of the core.

use std::fmt::Write as _;

use rampart_core::ledger::PostingKind;

pub(super) fn list() -> String {
    let mut text = String::from("| posting | debits | credits | why |\n| --- | --- | --- | --- |\n");
    for kind in PostingKind::ALL {
        // Writing to a string does not fail.
        let (debits, credits) = kind.accounts();
        let _ = writeln!(text, "| `{}` | {debits} | {credits} | {} |", kind.as_str(), kind.meaning());
    }
    text
}
