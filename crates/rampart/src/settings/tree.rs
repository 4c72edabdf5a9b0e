//! Every setting by its path, with its value and where that came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::shape::Shape;
use super::{SettingsError, stray};
use crate::bounded;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration that is built in.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// A variable of the environment, by its name.
    Variable(String),
    /// An option of the command line, by its name.
    CommandLine(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable(name) => write!(formatter, "variable {name}"),
            Self::CommandLine(option) => write!(formatter, "option {option}"),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Every setting by its path, such as `["server", "listen"]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    settings: BTreeMap<Vec<String>, Setting>,
}

impl Tree {
    /// The settings of a TOML text.
    ///
    /// # Errors
    /// When it is not TOML.
    pub(crate) fn parse(text: &str, origin: impl Fn(usize) -> Origin) -> Result<Self, toml::de::Error> {
        let table: Table = toml::from_str(text)?;
        let lines = lines_of(text)?;
        let mut tree = Self::default();
        tree.flatten(&mut Vec::new(), table, &|path| origin(lines.get(path).copied().unwrap_or(1)));
        Ok(tree)
    }

    fn flatten(&mut self, path: &mut Vec<String>, table: Table, origin: &impl Fn(&[String]) -> Origin) {
        for (key, value) in table {
            path.push(key);
            match value {
                Value::Table(inner) => self.flatten(path, inner, origin),
                value => {
                    self.settings.insert(path.clone(), Setting { value, origin: origin(path) });
                }
            }
            path.pop();
        }
    }

    /// Every setting in order of path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[String], &Setting)> {
        self.settings.iter().map(|(path, setting)| (path.as_slice(), setting))
    }

    /// The names below a path.
    pub(crate) fn names_below<'a>(&'a self, path: &'a [String]) -> impl Iterator<Item = &'a str> {
        let below = self.settings.keys().filter(move |known| known.starts_with(path));
        below.filter_map(move |known| known.get(path.len())).map(String::as_str)
    }

    /// Where the value at a path, or at the longest known part of it, came from.
    pub(crate) fn origin(&self, dotted: &str) -> Option<&Origin> {
        let path: Vec<String> = dotted.split('.').map(str::to_owned).collect();
        (1..=path.len()).rev().find_map(|length| {
            let mut fitting = self.settings.iter().filter(|(known, _)| known.starts_with(&path[..length]));
            // Of several, the one that was changed is the likelier fault.
            fitting
                .clone()
                .find(|(_, setting)| setting.origin != Origin::Default)
                .or_else(|| fitting.next())
                .map(|(_, setting)| &setting.origin)
        })
    }

    /// A text value; nothing when it is absent or empty.
    pub(crate) fn text(&self, dotted: &str) -> Option<&str> {
        let path: Vec<String> = dotted.split('.').map(str::to_owned).collect();
        self.settings.get(&path).and_then(|setting| setting.value.as_str()).filter(|text| !text.is_empty())
    }

    /// Sets a value.
    pub(crate) fn set(&mut self, path: Vec<String>, value: Value, origin: Origin) {
        self.settings.insert(path, Setting { value, origin });
    }

    /// Lays the settings of a file over these.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or has a key or kind of value that is not known.
    pub(crate) fn overlay_file(&mut self, shape: &Shape, path: &Path) -> Result<(), SettingsError> {
        let text = bounded::read(path, bounded::CONFIGURATION);
        let text = text.map_err(|error| SettingsError(format!("{} cannot be read: {error}", path.display())))?;
        let origin = |line| Origin::File { path: path.to_owned(), line };
        let file = Self::parse(&text, origin).map_err(|error| not_toml(path, &text, &error))?;
        for (path, setting) in file.settings {
            shape.check(&path, &setting)?;
            self.settings.insert(path, setting);
        }
        Ok(())
    }

    /// Lays variables of the environment over these: those that begin with `RAMPART__`.
    ///
    /// # Errors
    /// When one names no known key, holds the wrong kind of value, or would be a setting if it were spelled right.
    pub(crate) fn overlay_variables(
        &mut self,
        shape: &Shape,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), SettingsError> {
        for (name, text) in variables {
            let Some(rest) = stray::setting(self, shape, &name)? else { continue };
            let (path, value) = shape.of_variable(self, &name, rest, &text)?;
            self.set(path, value, Origin::Variable(name));
        }
        Ok(())
    }

    /// As a table again.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        for (path, setting) in &self.settings {
            place(&mut table, path, setting.value.clone());
        }
        table
    }
}

/// What is wrong with a file and where, without the line itself: it may hold a password.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> SettingsError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    SettingsError(format!("{}:{line} is not TOML: {}", path.display(), error.message()))
}

fn place(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            if let Value::Table(inner) = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new())) {
                place(inner, rest, value);
            }
        }
    }
}

/// The line every key stands on.
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
