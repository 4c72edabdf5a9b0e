//! Variables of the environment that were meant to be settings. One that is spelled wrong would be ignored in silence, and an
//! operator would believe that it counts.

use super::SettingsFault;
use super::tree::Tree;

/// What the name of every variable that sets something begins with.
pub(super) const PREFIX: &str = "RAMPART__";
/// The variable that names the configuration file.
pub(super) const CONFIG: &str = "RAMPART_CONFIG";

/// Whether a variable sets something, when it is spelled right.
///
/// # Errors
/// When it would be a setting if it were spelled right.
pub(super) fn setting<'n>(tree: &Tree, name: &'n str) -> Result<Option<&'n str>, SettingsFault> {
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
        match tree.iter().find(|(path, _)| letters(&path.join("_")) == letters(rest)) {
            Some((path, _)) => format!("{PREFIX}{}", path.join("__").to_ascii_uppercase().replace('-', "_")),
            // Ours of another kind, or somebody else's.
            None => return Ok(None),
        }
    };
    Err(SettingsFault(format!("the variable {name} sets nothing; it would have to be {meant}")))
}

/// A name without what its parts are joined with.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
