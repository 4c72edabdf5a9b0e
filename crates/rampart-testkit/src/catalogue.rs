//! The catalogue of the tests: the binary's defaults.

use rampart_core::catalogue::{Catalogue, CatalogueSource};

const DEFAULTS: &str = include_str!("../../rampart/src/default.toml");
/// The sections of the defaults that form the catalogue.
const SECTIONS: [&str; 10] = ["fiats", "chains", "coins", "policies", "methods", "payouts", "rails", "limits", "open_caps", "pricing"];

/// The catalogue of the binary's defaults.
#[must_use]
pub fn catalogue() -> Catalogue {
    catalogue_with(|_| ())
}

/// The catalogue of the binary's defaults after a change of its sections.
#[must_use]
pub fn catalogue_with(change: impl FnOnce(&mut toml::Table)) -> Catalogue {
    let mut table: toml::Table = DEFAULTS.parse().expect("the defaults are TOML");
    table.retain(|section, _| SECTIONS.contains(&section));
    change(&mut table);
    let source: CatalogueSource = toml::Value::Table(table).try_into().expect("the defaults hold a catalogue");
    source.build().expect("the catalogue holds")
}
