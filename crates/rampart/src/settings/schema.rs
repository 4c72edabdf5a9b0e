//! The schema: all keys and the kind of value of each. Both come from the built-in configuration, which has every key; only the
//! tables listed here may have additional names.

use std::collections::BTreeMap;

use toml::Value;

use super::SettingsError;
use super::tree::{SettingValue, Tree};

/// Tables to which names may be added.
const TABLES_OF_NAMES: &[&str] = &[
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
/// Keys without an example in the built-in configuration.
const WITHOUT_EXAMPLE: &[&str] = &[
    "limits.*.*.methods.*.transaction",
    "limits.*.*.methods.*.day",
    "limits.*.*.methods.*.month",
    "limits.*.*.methods.*.quarter",
    "rails.*.bank_code",
    "rails.*.account_type",
];
/// Tables whose names are in lower case; in all others they are in upper case.
const LOWER_CASE: &[&str] = &["chains.*", "coins.*.*", "policies.*", "rails.*"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    Text,
    Integer,
    Boolean,
    Texts,
    Integers,
}

impl ValueKind {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => Some(Self::Text),
            Value::Integer(_) => Some(Self::Integer),
            Value::Boolean(_) => Some(Self::Boolean),
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_integer) => Some(Self::Integers),
            Value::Array(_) => Some(Self::Texts),
            Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Texts => "a list of texts",
            Self::Integers => "a list of whole numbers",
        }
    }

    /// Parses the value of an environment variable.
    fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.to_owned())),
            Self::Integer => text.trim().replace('_', "").parse().ok().map(Value::Integer),
            Self::Boolean => text.trim().parse().ok().map(Value::Boolean),
            Self::Texts | Self::Integers if text.trim_start().starts_with('[') => {
                let mut table: toml::Table = toml::from_str(&format!("list = {text}")).ok()?;
                table.remove("list").filter(|list| self.matches(list))
            }
            Self::Texts | Self::Integers => {
                let kind = if self == Self::Integers { Self::Integer } else { Self::Text };
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| kind.parse(item)).collect::<Option<_>>().map(Value::Array)
            }
        }
    }

    /// Whether a value is of this kind. An empty list matches any kind of list.
    fn matches(self, value: &Value) -> bool {
        Self::of(value) == Some(self) || (self == Self::Integers && value.as_array().is_some_and(Vec::is_empty))
    }
}

/// All keys, with `*` for names, and the kind of value of each.
pub(crate) struct SettingsSchema {
    keys: BTreeMap<String, ValueKind>,
}

impl SettingsSchema {
    pub(crate) fn of(defaults: &Tree) -> Self {
        let known = defaults.iter().filter_map(|(path, setting)| Some((pattern(path), ValueKind::of(&setting.value)?)));
        let others = WITHOUT_EXAMPLE.iter().map(|key| ((*key).to_owned(), ValueKind::Text));
        Self { keys: known.chain(others).collect() }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// Checks that the key exists and the value is of its kind.
    pub(crate) fn check(&self, path: &[String], setting: &SettingValue) -> Result<(), SettingsError> {
        let Some(kind) = self.keys.get(&pattern(path)) else { return Err(self.unknown(&path.join("."), &setting.origin.to_string())) };
        if kind.matches(&setting.value) {
            return Ok(());
        }
        Err(SettingsError(format!("{} must be {} ({})", path.join("."), kind.description(), setting.origin)))
    }

    /// The path and value that an environment variable sets. Case is ignored, and `_` stands for `-`.
    pub(crate) fn of_variable(&self, tree: &Tree, name: &str, rest: &str, text: &str) -> Result<(Vec<String>, Value), SettingsError> {
        let mut path: Vec<String> = Vec::new();
        for segment in rest.split("__") {
            let known = tree.names_below(&path).find(|known| is_same_name(known, segment)).map(str::to_owned);
            let fixed_name =
                || self.fixed_names_below(&pattern(&path)).find(|fixed_name| is_same_name(fixed_name, segment)).map(str::to_owned);
            let next = known.or_else(fixed_name).unwrap_or_else(|| in_expected_case(&path, segment));
            path.push(next);
        }
        let kind = self.keys.get(&pattern(&path)).ok_or_else(|| self.unknown(&path.join("."), &format!("variable {name}")))?;
        let value = kind
            .parse(text)
            .ok_or_else(|| SettingsError(format!("{} must be {} (variable {name})", path.join("."), kind.description())))?;
        Ok((path, value))
    }

    fn fixed_names_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.keys.keys().filter_map(move |key| {
            let rest = if prefix.is_empty() { key.as_str() } else { key.strip_prefix(prefix)?.strip_prefix('.')? };
            rest.split('.').next().filter(|fixed_name| *fixed_name != "*")
        })
    }

    fn unknown(&self, key: &str, origin: &str) -> SettingsError {
        let pattern = pattern(&key.split('.').map(str::to_owned).collect::<Vec<_>>());
        let nearest = self.keys.keys().map(|known| (distance(known, &pattern), known)).min().filter(|(distance, _)| *distance <= 4);
        let hint = nearest.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
        SettingsError(format!("there is no setting {key} ({origin}){hint}"))
    }
}

fn is_same_name(known: &str, segment: &str) -> bool {
    known.len() == segment.len() && known.bytes().zip(segment.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b) || (a == b'-' && b == b'_'))
}

fn in_expected_case(path: &[String], segment: &str) -> String {
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
        let is_name = TABLES_OF_NAMES.iter().any(|named| *named == with_name || named.starts_with(&format!("{with_name}.")));
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

/// The Levenshtein distance.
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
