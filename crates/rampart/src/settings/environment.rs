//! Environment variables that set something, and those that were meant to: a misspelled one is an error, because an operator
//! would believe that it takes effect.

use std::ffi::OsString;

use super::SettingsError;
use super::schema::SettingsSchema;
use super::tree::{SettingOrigin, Tree};

/// Prefix of every variable that sets a value.
pub(super) const PREFIX: &str = "RAMPART__";
/// Path of the configuration file.
pub(super) const CONFIG_VARIABLE: &str = "RAMPART_CONFIG";

/// The variables that are valid UTF-8. Others are ignored.
/// When a variable that is not valid UTF-8 begins with RAMPART.
pub(super) fn texts(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String)>, SettingsError> {
    let mut texts = Vec::new();
    for (name, value) in variables {
        let lossy_name = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => texts.push((name, value)),
            _ if lossy_name.to_ascii_uppercase().starts_with("RAMPART") => {
                return Err(SettingsError(format!("the variable {lossy_name} is not text (UTF-8)")));
            }
            _ => {}
        }
    }
    Ok(texts)
}

/// Overlays the variables that begin with `RAMPART__`.
pub(super) fn overlay(tree: &mut Tree, schema: &SettingsSchema, variables: Vec<(String, String)>) -> Result<(), SettingsError> {
    for (name, text) in variables {
        let Some(rest) = setting(tree, schema, &name)? else { continue };
        let (path, value) = schema.of_variable(tree, &name, rest, &text)?;
        tree.set(path, value, SettingOrigin::Variable(name));
    }
    Ok(())
}

/// The part of a variable's name behind the prefix, or `None` if it is not a setting.
/// When it looks like a misspelled setting.
fn setting<'n>(tree: &Tree, schema: &SettingsSchema, name: &'n str) -> Result<Option<&'n str>, SettingsError> {
    if let Some(rest) = name.strip_prefix(PREFIX) {
        return Ok(Some(rest));
    }
    let upper = name.to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix("RAMPART_").filter(|_| name != CONFIG_VARIABLE) else { return Ok(None) };
    let intended = if upper == CONFIG_VARIABLE {
        CONFIG_VARIABLE.to_owned()
    } else if let Some(rest) = rest.strip_prefix('_') {
        format!("{PREFIX}{rest}")
    } else {
        let intended = intended(tree, schema, rest);
        if intended.is_empty() {
            // Not a setting, such as RAMPART_TEST_POSTGRES.
            return Ok(None);
        }
        intended.join(" or ")
    };
    Err(SettingsError(format!("the variable {name} sets nothing; did you mean {intended}?")))
}

/// The variables that may have been intended: of an existing setting, of a possible one, or of one whose section was left out.
fn intended(tree: &Tree, schema: &SettingsSchema, rest: &str) -> Vec<String> {
    let variable = |path: &[String]| format!("{PREFIX}{}", path.join("__").to_ascii_uppercase().replace('-', "_"));
    if let Some((path, _)) = tree.iter().find(|(path, _)| letters(&path.join("_")) == letters(rest)) {
        return vec![variable(path)];
    }
    let words: Vec<&str> = rest.split('_').filter(|word| !word.is_empty()).collect();
    let segments = |key: &str| key.split('.').map(str::to_owned).collect::<Vec<_>>();
    let whole = schema.keys().find_map(|key| match_pattern(&words, &segments(key)));
    if let Some(path) = whole {
        return vec![variable(&path)];
    }
    // Keys of the catalogue, such as "day", are too general without their section.
    let last_segments = schema.keys().map(segments).filter(|path| !path.iter().any(|segment| segment == "*"));
    last_segments.filter(|path| path.last().is_some_and(|last| letters(last) == letters(rest))).map(|path| variable(&path)).collect()
}

/// The path that these words spell, if the pattern matches it.
fn match_pattern(words: &[&str], pattern: &[String]) -> Option<Vec<String>> {
    let Some((segment, others)) = pattern.split_first() else { return words.is_empty().then(Vec::new) };
    (1..=words.len()).find_map(|count| {
        let (taken, left) = words.split_at(count);
        if segment != "*" && letters(&taken.concat()) != letters(segment) {
            return None;
        }
        let mut path = match_pattern(left, others)?;
        path.insert(0, if segment == "*" { taken.join("_") } else { segment.clone() });
        Some(path)
    })
}

/// A name without separators, in lower case.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
