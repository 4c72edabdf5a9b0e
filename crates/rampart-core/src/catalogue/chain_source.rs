//! Chains and coins in the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use super::amounts::{CatalogueError, amount, bounds, fault};
use super::finality::{Confirmations, FinalityRule, StalledFinality};
use super::{ChainInfo, Coin};
use crate::address::AddressKind;
use crate::catalogue::fees::FeeRules;
use crate::money::amount::Amount;
use crate::money::asset::{Chain, CoinId, Currency, Symbol};

/// Attempts of one transmission: the first, and those that replace it.
const MAX_ATTEMPTS: usize = 8;

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainSource {
    addresses: AddressKind,
    native: Symbol,
    #[serde(default)]
    network_fees: BTreeMap<Currency, String>,
    #[serde(default = "backdating")]
    backdating_seconds: u64,
    /// For a unit of work, in minor units of the native coin.
    #[serde(default)]
    least_tip: u64,
    /// In major units of the native coin.
    most_fee: Option<String>,
    /// 0: its transactions cannot be replaced.
    #[serde(default = "replace_after")]
    replace_after_seconds: u64,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoinSource {
    decimals: u8,
    contract: Option<String>,
    minimum: String,
    maximum: String,
    confirmations: u32,
    /// Whether the chain has to call a block final as well.
    #[serde(default)]
    finality: bool,
    /// What large amounts need.
    large: Option<LargeSource>,
    /// What counts while the chain's own finality does not move.
    finality_stalled: Option<StalledSource>,
    buy: bool,
    sell: bool,
    #[serde(default)]
    pub(super) default_chain: bool,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LargeSource {
    /// In major units.
    from: String,
    confirmations: u32,
    #[serde(default)]
    finality: bool,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StalledSource {
    seconds: u64,
    confirmations: u32,
}

const fn backdating() -> u64 {
    60
}

const fn replace_after() -> u64 {
    36
}

impl ChainSource {
    pub(super) fn build(
        &self,
        name: Chain,
        coins: &[Coin],
        network_fee: impl Fn(&str, Currency, &str) -> Result<Amount, CatalogueError>,
    ) -> Result<ChainInfo, CatalogueError> {
        let place = format!("chains.{name}");
        let native = CoinId { symbol: self.native, chain: name };
        let Some(own_coin) = coins.iter().find(|coin| coin.id == native) else {
            return Err(fault(place, format!("its own coin coins.{}.{name} is missing", self.native)));
        };
        let most_fee = |text: &String| amount(&format!("{place}.most_fee"), text, own_coin.decimals);
        let replace_after = Duration::from_secs(self.replace_after_seconds);
        let fees = FeeRules {
            least_tip: Amount::from_minor(self.least_tip.into()),
            most_cost: self.most_fee.as_ref().map(most_fee).transpose()?,
            replace_after: Some(replace_after).filter(|after| !after.is_zero()),
            max_attempts: MAX_ATTEMPTS,
        };
        let charged = self.network_fees.iter().map(|(currency, text)| network_fee(&place, *currency, text).map(|fee| (*currency, fee)));
        let network_fees = charged.collect::<Result<_, _>>()?;
        Ok(ChainInfo {
            name,
            addresses: self.addresses,
            native,
            network_fees,
            backdating: Duration::from_secs(self.backdating_seconds),
            fees,
        })
    }
}

impl CoinSource {
    pub(super) fn build(&self, id: CoinId, chain: &ChainSource) -> Result<Coin, CatalogueError> {
        let place = format!("coins.{}.{}", id.symbol, id.chain);
        if let Some(contract) = &self.contract {
            chain.addresses.normalize(contract).map_err(|reason| fault(format!("{place}.contract"), format!("'{contract}' {reason}")))?;
        }
        if self.decimals > 18 {
            return Err(fault(place, "a coin has at most 18 decimals"));
        }
        let (minimum, maximum) =
            bounds(&place, |field, text| amount(&format!("{place}.{field}"), text, self.decimals), &self.minimum, &self.maximum)?;
        Ok(Coin {
            id,
            decimals: self.decimals,
            contract: self.contract.clone(),
            minimum,
            maximum,
            finality: self.finality(&place)?,
            buy: self.buy,
            sell: self.sell,
            default_chain: self.default_chain,
        })
    }

    fn finality(&self, place: &str) -> Result<FinalityRule, CatalogueError> {
        let usual = confirmations(place, self.confirmations, self.finality)?;
        let large = |source: &LargeSource| {
            let place = format!("{place}.large");
            let needed = confirmations(&place, source.confirmations, source.finality)?;
            if !needed.finality && (usual.finality || needed.blocks < usual.blocks) {
                return Err(fault(place, "a large amount needs no less than a small one"));
            }
            Ok((amount(&format!("{place}.from"), &source.from, self.decimals)?, needed))
        };
        let large = self.large.as_ref().map(large).transpose()?;
        let stalled = |source: &StalledSource| {
            let place = format!("{place}.finality_stalled");
            if !usual.finality && !large.is_some_and(|(_, large)| large.finality) {
                return Err(fault(place, "nothing of this coin waits for finality: set `finality`, or leave this out"));
            }
            let needed = confirmations(&place, source.confirmations, false)?;
            Ok(StalledFinality { after: Duration::from_secs(source.seconds), blocks: needed.blocks })
        };
        Ok(FinalityRule { usual, large, stalled: self.finality_stalled.as_ref().map(stalled).transpose()? })
    }
}

fn confirmations(place: &str, blocks: u32, finality: bool) -> Result<Confirmations, CatalogueError> {
    match blocks {
        0 => Err(fault(format!("{place}.confirmations"), "at least 1 confirmation is needed")),
        blocks => Ok(Confirmations { blocks, finality }),
    }
}
