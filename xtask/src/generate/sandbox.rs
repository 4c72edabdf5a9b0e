//! The tables of docs/sandbox.md: trigger values from the sandbox's own table, defaults from the default configuration.

use std::fmt::Write as _;
use std::path::Path;

use rampart_sandbox::{TRIGGERS, TriggerField};
use toml::{Table, Value};

const DEFAULTS: &str = "crates/rampart/src/default.toml";

/// The inputs that choose an outcome.
pub(super) fn triggers() -> String {
    let mut text = String::from("| where | contains | what happens | for example |\n| --- | --- | --- | --- |\n");
    for trigger in TRIGGERS {
        let place = match trigger.field {
            TriggerField::IdentificationNumber => "digits of an identification number",
            TriggerField::Name => "a word of a name",
            TriggerField::PayoutAccount => "digits of the payout account",
            TriggerField::CardAmount => "last digits of an amount, in minor units",
            TriggerField::Wallet => "a wallet",
        };
        // Writing into a string does not fail.
        let _ = writeln!(text, "| {place} | `{}` | {} | `{}` |", trigger.value, trigger.meaning, trigger.example);
    }
    text
}

pub(super) fn defaults(root: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(root.join(DEFAULTS)).map_err(|error| format!("{DEFAULTS}: {error}"))?;
    text.parse().map_err(|error| format!("{DEFAULTS}: {error}"))
}

/// The payment methods.
pub(super) fn methods(defaults: &Table) -> String {
    let mut text = String::from(
        "| country | method | currency | kind | minimum | maximum | fixed fee | fee | policy |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (country, methods) in tables(defaults, "methods") {
        for (name, method) in methods.iter().filter_map(|(name, method)| Some((name, method.as_table()?))) {
            let cells = ["fiat", "matched_by", "minimum", "maximum", "fee_fixed"].map(|key| cell(method, key));
            let _ = writeln!(text, "| {country} | `{name}` | {} | {} | {} |", cells.join(" | "), percent(method), cell(method, "policy"));
        }
    }
    text
}

/// The payouts.
pub(super) fn payouts(defaults: &Table) -> String {
    let mut text =
        String::from("| country | currency | rail | minimum | maximum | fixed fee | fee |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for (country, payout) in tables(defaults, "payouts") {
        let cells = ["fiat", "rail", "minimum", "maximum", "fee_fixed"].map(|key| cell(payout, key));
        let _ = writeln!(text, "| {country} | {} | {} |", cells.join(" | "), percent(payout));
    }
    text
}

/// The limits of a customer.
pub(super) fn limits(defaults: &Table) -> String {
    let mut text = String::from("| currency | level | transaction | day | month | quarter |\n| --- | --- | --- | --- | --- | --- |\n");
    for (currency, levels) in tables(defaults, "limits") {
        for (level, limits) in levels.iter().filter_map(|(level, limits)| Some((level, limits.as_table()?))) {
            let cells = ["transaction", "day", "month", "quarter"].map(|key| cell(limits, key));
            let _ = writeln!(text, "| {currency} | {level} | {} |", cells.join(" | "));
        }
    }
    text
}

/// Caps on unpaid orders, and rate limits.
pub(super) fn caps(defaults: &Table) -> String {
    let mut text = String::from("| key | default |\n| --- | --- |\n");
    for section in ["open_caps", "rate_limits"] {
        for (key, value) in defaults.get(section).and_then(Value::as_table).into_iter().flatten() {
            let _ = writeln!(text, "| `{section}.{key}` | {} |", plain(value));
        }
    }
    text
}

fn tables<'a>(defaults: &'a Table, section: &str) -> impl Iterator<Item = (&'a String, &'a Table)> {
    let section = defaults.get(section).and_then(Value::as_table);
    section.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_table()?)))
}

fn cell(table: &Table, key: &str) -> String {
    table.get(key).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The fee as a percentage.
fn percent(table: &Table) -> String {
    let points = table.get("fee_basis_points").and_then(Value::as_integer).unwrap_or_default();
    format!("{}.{:02} %", points / 100, points % 100)
}
