//! Which keys there are and what kind of value each holds. Both follow from the built-in configuration, which names
//! every key; only the tables listed here may have names of their own.

use std::collections::BTreeMap;

use toml::Value;

use super::SettingsError;
use super::tree::{Setting, Tree};

/// Tables whose keys are names that anybody may add to.
const NAMED: &[&str] = &[
    "fiats.*",
    "chains.*",
    "chains.*.network_fees.*",
    "coins.*.*",
    "policies.*",
    "methods.*.*",
    "payouts.*",
    "rails.*",
    "limits.*.*",
    "limits.*.*.methods.*",
];
/// Keys that the built-in configuration has no example of.
const WITHOUT_EXAMPLE: &[&str] = &[
    "limits.*.*.methods.*.transaction",
    "limits.*.*.methods.*.day",
    "limits.*.*.methods.*.month",
    "limits.*.*.methods.*.quarter",
    "rails.*.bank_code",
    "rails.*.account_type",
];
/// Tables whose names are written in lower case; all others are in upper case.
const LOWER_CASE: &[&str] = &["chains.*", "coins.*.*", "policies.*", "rails.*"];

/// What kind of value a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Flag,
    Texts,
    Numbers,
}

impl Kind {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => Some(Self::Text),
            Value::Integer(_) => Some(Self::Whole),
            Value::Boolean(_) => Some(Self::Flag),
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_integer) => Some(Self::Numbers),
            Value::Array(_) => Some(Self::Texts),
            Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
        }
    }

    const fn described(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Whole => "a whole number",
            Self::Flag => "true or false",
            Self::Texts => "a list of texts",
            Self::Numbers => "a list of whole numbers",
        }
    }

    /// The value that a variable's text stands for.
    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.to_owned())),
            Self::Whole => text.trim().replace('_', "").parse().ok().map(Value::Integer),
            Self::Flag => text.trim().parse().ok().map(Value::Boolean),
            Self::Texts | Self::Numbers if text.trim_start().starts_with('[') => {
                let mut table: toml::Table = toml::from_str(&format!("list = {text}")).ok()?;
                table.remove("list").filter(|list| self.holds(list))
            }
            Self::Texts | Self::Numbers => {
                let kind = if self == Self::Numbers { Self::Whole } else { Self::Text };
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| kind.read(item)).collect::<Option<_>>().map(Value::Array)
            }
        }
    }

    /// Whether a value is of this kind. A list of nothing is a list of anything.
    fn holds(self, value: &Value) -> bool {
        Self::of(value) == Some(self) || (self == Self::Numbers && value.as_array().is_some_and(Vec::is_empty))
    }
}

/// Which keys there are, with `*` for names, and what each holds.
pub(crate) struct Shape {
    keys: BTreeMap<String, Kind>,
}

impl Shape {
    /// The shape of the built-in configuration.
    pub(crate) fn of(defaults: &Tree) -> Self {
        let known = defaults.iter().filter_map(|(path, setting)| Some((pattern(path), Kind::of(&setting.value)?)));
        let others = WITHOUT_EXAMPLE.iter().map(|key| ((*key).to_owned(), Kind::Text));
        Self { keys: known.chain(others).collect() }
    }

    /// Every key, with `*` for names.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// Whether there is such a key and the value is of its kind.
    ///
    /// # Errors
    /// A fault that names key and origin.
    pub(crate) fn check(&self, path: &[String], setting: &Setting) -> Result<(), SettingsError> {
        let Some(kind) = self.keys.get(&pattern(path)) else { return Err(self.unknown(&path.join("."), &setting.origin.to_string())) };
        if kind.holds(&setting.value) {
            return Ok(());
        }
        Err(SettingsError(format!("{} must be {} ({})", path.join("."), kind.described(), setting.origin)))
    }

    /// The path and value of a variable, whose name knows no case and writes `_` for `-`.
    ///
    /// # Errors
    /// A fault that names the variable.
    pub(crate) fn of_variable(&self, tree: &Tree, name: &str, rest: &str, text: &str) -> Result<(Vec<String>, Value), SettingsError> {
        let mut path: Vec<String> = Vec::new();
        for segment in rest.split("__") {
            let known = tree.names_below(&path).find(|known| same(known, segment)).map(str::to_owned);
            let literal = || self.literals_below(&pattern(&path)).find(|literal| same(literal, segment)).map(str::to_owned);
            let next = known.or_else(literal).unwrap_or_else(|| named(&path, segment));
            path.push(next);
        }
        let kind = self.keys.get(&pattern(&path)).ok_or_else(|| self.unknown(&path.join("."), &format!("variable {name}")))?;
        let value =
            kind.read(text).ok_or_else(|| SettingsError(format!("{} must be {} (variable {name})", path.join("."), kind.described())))?;
        Ok((path, value))
    }

    fn literals_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.keys.keys().filter_map(move |key| {
            let rest = if prefix.is_empty() { key.as_str() } else { key.strip_prefix(prefix)?.strip_prefix('.')? };
            rest.split('.').next().filter(|literal| *literal != "*")
        })
    }

    fn unknown(&self, key: &str, origin: &str) -> SettingsError {
        let pattern = pattern(&key.split('.').map(str::to_owned).collect::<Vec<_>>());
        let nearest = self.keys.keys().map(|known| (distance(known, &pattern), known)).min().filter(|(distance, _)| *distance <= 4);
        let hint = nearest.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
        SettingsError(format!("there is no setting {key} ({origin}){hint}"))
    }
}

fn same(known: &str, segment: &str) -> bool {
    known.len() == segment.len() && known.bytes().zip(segment.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b) || (a == b'-' && b == b'_'))
}

fn named(path: &[String], segment: &str) -> String {
    let mut longer = path.to_vec();
    longer.push(segment.to_owned());
    let pattern = pattern(&longer);
    if pattern.ends_with('*') && !LOWER_CASE.contains(&pattern.as_str()) {
        segment.to_ascii_uppercase()
    } else {
        segment.to_ascii_lowercase()
    }
}

/// A path with `*` in the place of names.
fn pattern(path: &[String]) -> String {
    let mut pattern = String::new();
    for segment in path {
        let with_name = if pattern.is_empty() { "*".to_owned() } else { format!("{pattern}.*") };
        let is_name = NAMED.iter().any(|named| *named == with_name || named.starts_with(&format!("{with_name}.")));
        if is_name {
            pattern = with_name;
        } else {
            if !pattern.is_empty() {
                pattern.push('.');
            }
            pattern.push_str(segment);
        }
    }
    pattern
}

/// How many signs have to be changed, added or dropped to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(128).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().take(128).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..other.len() {
            let replaced = diagonal + usize::from(letter != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
