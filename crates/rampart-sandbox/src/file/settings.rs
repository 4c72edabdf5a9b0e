//! Settings that are changed at run time: one JSON document in the file, with a copy in every process.

use std::collections::BTreeMap;

use rampart_core::money::asset::Chain;
use rampart_core::money::rate::Rate;

use super::chain_settings::ChainSettings;
use super::faults::FaultRule;

/// What was set through the routes or by tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct WorldSettings {
    /// Incremented by each change. An older copy never replaces a newer one.
    pub(crate) version: i64,
    /// How far business time is ahead of real time, in microseconds.
    pub(crate) clock_offset: i64,
    /// Fixed prices by `SYMBOL/CURRENCY`.
    pub(crate) prices: BTreeMap<String, Rate>,
    pub(crate) silent: bool,
    /// Screening results by normalised name or wallet: `true` is a hit.
    pub(crate) screening: BTreeMap<String, bool>,
    /// Faults in the order in which they apply.
    pub(crate) faults: Vec<FaultRule>,
    /// Chains whose node or signer misbehaves. Files of an earlier version have none.
    #[serde(default)]
    pub(crate) chains: BTreeMap<Chain, ChainSettings>,
}
