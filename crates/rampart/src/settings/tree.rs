//! All settings by path, each with its value and origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::SettingsError;
use crate::bounded;

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingOrigin {
    Default,
    File {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    Variable(String),
    CommandLine(&'static str),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable(name) => write!(formatter, "variable {name}"),
            Self::CommandLine(option) => write!(formatter, "option {option}"),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct SettingValue {
    pub(crate) value: Value,
    pub(crate) origin: SettingOrigin,
}

/// Settings by path, such as `["server", "listen"]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    settings: BTreeMap<Vec<String>, SettingValue>,
}

impl Tree {
    /// Parses TOML. `origin` maps a line to the origin of its setting.
    pub(crate) fn parse(text: &str, origin: impl Fn(usize) -> SettingOrigin) -> Result<Self, toml::de::Error> {
        let table: Table = toml::from_str(text)?;
        let lines = lines_of(text)?;
        let mut tree = Self::default();
        tree.flatten(&mut Vec::new(), table, &|path| origin(lines.get(path).copied().unwrap_or(1)));
        Ok(tree)
    }

    fn flatten(&mut self, path: &mut Vec<String>, table: Table, origin: &impl Fn(&[String]) -> SettingOrigin) {
        for (key, value) in table {
            path.push(key);
            match value {
                Value::Table(inner) => self.flatten(path, inner, origin),
                value => {
                    self.settings.insert(path.clone(), SettingValue { value, origin: origin(path) });
                }
            }
            path.pop();
        }
    }

    /// All settings in order of path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[String], &SettingValue)> {
        self.settings.iter().map(|(path, setting)| (path.as_slice(), setting))
    }

    pub(crate) fn names_below<'a>(&'a self, path: &'a [String]) -> impl Iterator<Item = &'a str> {
        let below = self.settings.keys().filter(move |known| known.starts_with(path));
        below.filter_map(move |known| known.get(path.len())).map(String::as_str)
    }

    /// The origin of the value at a path, or at the longest known prefix of it.
    pub(crate) fn origin(&self, dotted: &str) -> Option<&SettingOrigin> {
        let path: Vec<String> = dotted.split('.').map(str::to_owned).collect();
        (1..=path.len()).rev().find_map(|length| {
            let mut matching = self.settings.iter().filter(|(known, _)| known.starts_with(&path[..length]));
            // Of several, one that was changed is the likelier cause of an error.
            matching
                .clone()
                .find(|(_, setting)| setting.origin != SettingOrigin::Default)
                .or_else(|| matching.next())
                .map(|(_, setting)| &setting.origin)
        })
    }

    /// A text value; `None` if it is absent or empty.
    pub(crate) fn text(&self, dotted: &str) -> Option<&str> {
        let path: Vec<String> = dotted.split('.').map(str::to_owned).collect();
        self.settings.get(&path).and_then(|setting| setting.value.as_str()).filter(|text| !text.is_empty())
    }

    pub(crate) fn set(&mut self, path: Vec<String>, value: Value, origin: SettingOrigin) {
        self.settings.insert(path, SettingValue { value, origin });
    }

    /// Overlays the settings of a file, each of which `check` accepts.
    pub(crate) fn overlay_file(
        &mut self,
        path: &Path,
        check: impl Fn(&[String], &SettingValue) -> Result<(), SettingsError>,
    ) -> Result<(), SettingsError> {
        let text = bounded::read(path, bounded::MAX_CONFIGURATION_BYTES);
        let text = text.map_err(|error| SettingsError(format!("{} cannot be read: {error}", path.display())))?;
        let origin = |line| SettingOrigin::File { path: path.to_owned(), line };
        let file = Self::parse(&text, origin).map_err(|error| not_toml(path, &text, &error))?;
        for (path, setting) in file.settings {
            check(&path, &setting)?;
            self.settings.insert(path, setting);
        }
        Ok(())
    }

    /// All values as one TOML table.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        for (path, setting) in &self.settings {
            insert(&mut table, path, setting.value.clone());
        }
        table
    }
}

/// A syntax error with its line number, without the text of the line: it may contain a password.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> SettingsError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    SettingsError(format!("{}:{line} is not TOML: {}", path.display(), error.message()))
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            if let Value::Table(inner) = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new())) {
                insert(inner, rest, value);
            }
        }
    }
}

/// The line number of each key.
fn lines_of(text: &str) -> Result<BTreeMap<Vec<String>, usize>, toml::de::Error> {
    fn walk(text: &str, path: &mut Vec<String>, table: &toml::de::DeTable<'_>, lines: &mut BTreeMap<Vec<String>, usize>) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            match value.get_ref() {
                toml::de::DeValue::Table(inner) => walk(text, path, inner, lines),
                _ => {
                    let before = text.get(..key.span().start).unwrap_or_default();
                    lines.insert(path.clone(), before.bytes().filter(|byte| *byte == b'\n').count() + 1);
                }
            }
            path.pop();
        }
    }
    let mut lines = BTreeMap::new();
    walk(text, &mut Vec::new(), toml::de::DeTable::parse(text)?.get_ref(), &mut lines);
    Ok(lines)
}
