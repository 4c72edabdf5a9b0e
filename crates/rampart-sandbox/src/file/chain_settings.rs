//! How the node and the signer of a chain behave, as set through the routes or by tests.

use rampart_core::money::amount::Amount;

/// What is set for a chain. The default is a node and a signer that do all they should.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct ChainSettings {
    /// So many of the newest blocks are unknown to the chain's reader.
    pub(crate) lag_blocks: u32,
    /// `None`: as configured.
    pub(crate) finality: Option<FinalitySettings>,
    pub(crate) fees: FeeSettings,
    pub(crate) misreading: Option<MisreadBlocks>,
    pub(crate) signer: Vec<SignerRule>,
}

/// What a chain says about its final blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct FinalitySettings {
    /// How many blocks the newest final one is behind the newest; `None`: the chain does not say what is final.
    pub(crate) depth: Option<u32>,
    /// The height that the newest final block does not go beyond, while finality stands.
    pub(crate) stalled_at: Option<u64>,
}

/// The prices of a chain, in minor units of the native coin for one unit of work. What is absent is as in a calm market.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeeSettings {
    /// What the chain itself takes.
    pub base: Option<Amount>,
    /// What gets a transaction into one of the next blocks beside it.
    pub tip: Option<Amount>,
    /// The least tip that the node takes.
    pub least_tip: Option<Amount>,
    /// How many times `base` and `tip` the market asks for.
    pub times: u32,
}

impl Default for FeeSettings {
    fn default() -> Self {
        Self { base: None, tip: None, least_tip: None, times: 1 }
    }
}

/// What the first reading of a block gets wrong. The second reading is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Misreading {
    /// Transfers are missing.
    Missing,
    /// It shows transfers that never happened: no coins move.
    NotThere,
}

/// Blocks whose transfers are all misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct MisreadBlocks {
    pub(crate) misreading: Misreading,
    /// Height of the last such block.
    pub(crate) until: i64,
}

/// What a signer does instead of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignerOutcome {
    /// It signs, but its answer is lost. The signature is found by the order's reference, after the rule's delay.
    Late,
    /// The order is lost before it reaches the signer. The caller cannot know that.
    Lost,
    /// It does not sign and never will.
    Refuse,
}

/// Orders that a signer does not answer with a signature.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SignerRule {
    pub outcome: SignerOutcome,
    /// The receiver of the coins; `None`: any order.
    pub to: Option<String>,
    /// Orders that are still to go wrong; `None`: all.
    pub count: Option<u32>,
    /// Until a late signature is found, of business time.
    pub delay_seconds: u32,
}
