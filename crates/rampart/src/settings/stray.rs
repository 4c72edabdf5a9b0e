//! Variables of the environment that were meant to be settings. One that is spelled wrong would be ignored in silence, and an
//! operator would believe that it counts.

use std::ffi::OsString;

use super::SettingsError;
use super::shape::Shape;
use super::tree::Tree;

/// What the name of every variable that sets something begins with.
pub(super) const PREFIX: &str = "RAMPART__";
/// The variable that names the configuration file.
pub(super) const CONFIG: &str = "RAMPART_CONFIG";

/// The variables that are text. Others cannot be ours, unless their names say so.
///
/// # Errors
/// When one whose name begins like ours has a name or value that is no text.
pub(super) fn texts(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String)>, SettingsError> {
    let mut texts = Vec::new();
    for (name, value) in variables {
        let shown = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => texts.push((name, value)),
            _ if shown.to_ascii_uppercase().starts_with("RAMPART") => {
                return Err(SettingsError(format!("the variable {shown} is not text (UTF-8)")));
            }
            _ => {}
        }
    }
    Ok(texts)
}

/// Whether a variable sets something, when it is spelled right.
///
/// # Errors
/// When it would be a setting if it were spelled right.
pub(super) fn setting<'n>(tree: &Tree, shape: &Shape, name: &'n str) -> Result<Option<&'n str>, SettingsError> {
    if let Some(rest) = name.strip_prefix(PREFIX) {
        return Ok(Some(rest));
    }
    let upper = name.to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix("RAMPART_").filter(|_| name != CONFIG) else { return Ok(None) };
    let meant = if upper == CONFIG {
        CONFIG.to_owned()
    } else if let Some(rest) = rest.strip_prefix('_') {
        format!("{PREFIX}{rest}")
    } else {
        let meant = meant(tree, shape, rest);
        if meant.is_empty() {
            // Ours of another kind, or somebody else's.
            return Ok(None);
        }
        meant.join(" or ")
    };
    Err(SettingsError(format!("the variable {name} sets nothing; it would have to be {meant}")))
}

/// The variables that could be meant: of settings that are there, that may be there, or whose section was left out.
fn meant(tree: &Tree, shape: &Shape, rest: &str) -> Vec<String> {
    let variable = |path: &[String]| format!("{PREFIX}{}", path.join("__").to_ascii_uppercase().replace('-', "_"));
    if let Some((path, _)) = tree.iter().find(|(path, _)| letters(&path.join("_")) == letters(rest)) {
        return vec![variable(path)];
    }
    let words: Vec<&str> = rest.split('_').filter(|word| !word.is_empty()).collect();
    let segments = |key: &str| key.split('.').map(str::to_owned).collect::<Vec<_>>();
    let whole = shape.keys().find_map(|key| named(&words, &segments(key)));
    if let Some(path) = whole {
        return vec![variable(&path)];
    }
    // What is traded has names like "day", which say little alone.
    let alone = shape.keys().map(segments).filter(|path| !path.iter().any(|segment| segment == "*"));
    alone.filter(|path| path.last().is_some_and(|last| letters(last) == letters(rest))).map(|path| variable(&path)).collect()
}

/// The path that these words spell, where it is one of a pattern's.
fn named(words: &[&str], pattern: &[String]) -> Option<Vec<String>> {
    let Some((segment, others)) = pattern.split_first() else { return words.is_empty().then(Vec::new) };
    (1..=words.len()).find_map(|count| {
        let (taken, left) = words.split_at(count);
        if segment != "*" && letters(&taken.concat()) != letters(segment) {
            return None;
        }
        let mut path = named(left, others)?;
        path.insert(0, if segment == "*" { taken.join("_") } else { segment.clone() });
        Some(path)
    })
}

/// A name without what its parts are joined with.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
