//! The catalogue as the configuration writes it (amounts in major units) and how it becomes a [`Catalogue`].

use std::collections::BTreeMap;

use super::{Catalogue, ChainInfo, Coin, Fiat, Limit, Method, MethodKind, OpenCaps, PayoutRail, Pricing, RailAccount};
use crate::address::AddressKind;
use crate::amount::Amount;
use crate::asset::{Chain, CoinId, Currency, Symbol};
use crate::code::Code;
use crate::country::Country;
use crate::kyc::KycLevel;
use crate::ledger::Rail;
use crate::policy::Policy;

/// What the configuration says is traded.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSource {
    fiats: BTreeMap<Currency, FiatSource>,
    chains: BTreeMap<Chain, ChainSource>,
    coins: Vec<CoinSource>,
    policies: BTreeMap<String, Policy>,
    methods: Vec<MethodSource>,
    payouts: Vec<PayoutSource>,
    rails: BTreeMap<Rail, RailSource>,
    limits: Vec<LimitSource>,
    open_caps: OpenCaps,
    pricing: Pricing,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FiatSource {
    decimals: u8,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainSource {
    addresses: AddressKind,
    native: Symbol,
    #[serde(default)]
    network_fees: BTreeMap<Currency, String>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CoinSource {
    symbol: Symbol,
    chain: Chain,
    decimals: u8,
    contract: Option<String>,
    minimum: String,
    maximum: String,
    confirmations: u32,
    buy: bool,
    sell: bool,
    #[serde(default)]
    default_chain: bool,
}

#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum MatchedBy {
    Redirect,
    Concept,
    VirtualAccount,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodSource {
    payment_type: Code<16>,
    country: Country,
    fiat: Currency,
    matched_by: MatchedBy,
    /// The processor of a redirect, the rail of a transfer.
    through: Code<16>,
    minimum: String,
    maximum: String,
    fee_fixed: String,
    fee_basis_points: u32,
    settlement_estimate: String,
    policy: String,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutSource {
    country: Country,
    fiat: Currency,
    rail: Rail,
    minimum: String,
    maximum: String,
    fee_fixed: String,
    fee_basis_points: u32,
    policy: String,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RailSource {
    currency: Currency,
    account: String,
    bic: Option<String>,
    holder: String,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSource {
    fiat: Currency,
    level: u8,
    method: Option<Code<16>>,
    transaction: String,
    day: String,
    month: String,
    quarter: String,
}

/// What is wrong with a catalogue: the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct CatalogueFault {
    /// Where, such as `methods.KHIPU.minimum`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

fn fault(place: impl Into<String>, reason: impl Into<String>) -> CatalogueFault {
    CatalogueFault { place: place.into(), reason: reason.into() }
}

impl CatalogueSource {
    /// Checks everything against everything else and builds the catalogue.
    ///
    /// # Errors
    /// A [`CatalogueFault`] that names the first place at fault.
    pub fn build(&self) -> Result<Catalogue, CatalogueFault> {
        let fiats: Vec<Fiat> = self.fiats.iter().map(|(code, fiat)| Fiat { code: *code, decimals: fiat.decimals }).collect();
        if let Some(fiat) = fiats.iter().find(|fiat| fiat.decimals > 4) {
            return Err(fault(format!("fiats.{}.decimals", fiat.code), "a currency has at most 4 decimals"));
        }
        let coins = self.coins.iter().map(|coin| self.coin(coin)).collect::<Result<Vec<_>, _>>()?;
        let chains = self.chains.iter().map(|(name, chain)| self.chain(*name, chain, &coins)).collect::<Result<_, _>>()?;
        Ok(Catalogue {
            methods: self.methods.iter().map(|method| self.method(method)).collect::<Result<_, _>>()?,
            payout_rails: self.payouts.iter().map(|payout| self.payout(payout)).collect::<Result<_, _>>()?,
            rail_accounts: self.rails.iter().map(|(rail, source)| self.rail(*rail, source)).collect::<Result<_, _>>()?,
            limits: self.limits.iter().map(|limit| self.limit(limit)).collect::<Result<_, _>>()?,
            open_caps: self.open_caps,
            pricing: self.pricing,
            fiats,
            chains,
            coins,
        })
    }

    fn money(&self, place: &str, field: &str, currency: Currency, text: &str) -> Result<Amount, CatalogueFault> {
        let fiat = self.fiats.get(&currency).ok_or_else(|| fault(place, format!("the currency {currency} is not among [fiats]")))?;
        amount(&format!("{place}.{field}"), text, fiat.decimals)
    }

    fn policy(&self, place: &str, name: &str) -> Result<Policy, CatalogueFault> {
        self.policies
            .get(name)
            .copied()
            .ok_or_else(|| fault(format!("{place}.policy"), format!("there is no policy '{name}' among [policies]")))
    }

    fn coin(&self, source: &CoinSource) -> Result<Coin, CatalogueFault> {
        let id = CoinId { symbol: source.symbol, chain: source.chain };
        let place = format!("coins.{id}");
        if !self.chains.contains_key(&source.chain) {
            return Err(fault(place, format!("the chain {} is not among [chains]", source.chain)));
        }
        if source.decimals > 18 || source.confirmations == 0 {
            return Err(fault(place, "a coin has at most 18 decimals and needs at least 1 confirmation"));
        }
        Ok(Coin {
            id,
            decimals: source.decimals,
            contract: source.contract.clone(),
            minimum: amount(&format!("{place}.minimum"), &source.minimum, source.decimals)?,
            maximum: amount(&format!("{place}.maximum"), &source.maximum, source.decimals)?,
            confirmations: source.confirmations,
            buy: source.buy,
            sell: source.sell,
            default_chain: source.default_chain,
        })
    }

    fn chain(&self, name: Chain, source: &ChainSource, coins: &[Coin]) -> Result<ChainInfo, CatalogueFault> {
        let place = format!("chains.{name}");
        let native = CoinId { symbol: source.native, chain: name };
        if !coins.iter().any(|coin| coin.id == native) {
            return Err(fault(place, format!("its own coin {native} is not among [[coins]]")));
        }
        let fees = source
            .network_fees
            .iter()
            .map(|(currency, text)| self.money(&place, "network_fees", *currency, text).map(|fee| (*currency, fee)));
        Ok(ChainInfo { name, addresses: source.addresses, native, network_fees: fees.collect::<Result<_, _>>()? })
    }

    fn method(&self, source: &MethodSource) -> Result<Method, CatalogueFault> {
        let place = format!("methods.{}.{}", source.country, source.payment_type);
        let kind = match source.matched_by {
            MatchedBy::Redirect => MethodKind::Redirect(source.through),
            MatchedBy::Concept => MethodKind::Concept(source.through),
            MatchedBy::VirtualAccount => MethodKind::VirtualAccount(source.through),
        };
        if !matches!(kind, MethodKind::Redirect(_)) && !self.rails.contains_key(&source.through) {
            return Err(fault(place, format!("the rail {} is not among [rails]", source.through)));
        }
        Ok(Method {
            payment_type: source.payment_type,
            country: source.country,
            fiat: source.fiat,
            kind,
            minimum: self.money(&place, "minimum", source.fiat, &source.minimum)?,
            maximum: self.money(&place, "maximum", source.fiat, &source.maximum)?,
            fee_fixed: self.money(&place, "fee_fixed", source.fiat, &source.fee_fixed)?,
            fee_basis_points: source.fee_basis_points,
            settlement_estimate: source.settlement_estimate.clone(),
            policy: self.policy(&place, &source.policy)?,
        })
    }

    fn payout(&self, source: &PayoutSource) -> Result<PayoutRail, CatalogueFault> {
        let place = format!("payouts.{}", source.country);
        if !self.rails.contains_key(&source.rail) {
            return Err(fault(place, format!("the rail {} is not among [rails]", source.rail)));
        }
        Ok(PayoutRail {
            country: source.country,
            fiat: source.fiat,
            rail: source.rail,
            minimum: self.money(&place, "minimum", source.fiat, &source.minimum)?,
            maximum: self.money(&place, "maximum", source.fiat, &source.maximum)?,
            fee_fixed: self.money(&place, "fee_fixed", source.fiat, &source.fee_fixed)?,
            fee_basis_points: source.fee_basis_points,
            policy: self.policy(&place, &source.policy)?,
        })
    }

    fn rail(&self, rail: Rail, source: &RailSource) -> Result<RailAccount, CatalogueFault> {
        if !self.fiats.contains_key(&source.currency) {
            return Err(fault(format!("rails.{rail}.currency"), format!("the currency {} is not among [fiats]", source.currency)));
        }
        Ok(RailAccount {
            rail,
            currency: source.currency,
            account: source.account.clone(),
            bic: source.bic.clone(),
            holder: source.holder.clone(),
        })
    }

    fn limit(&self, source: &LimitSource) -> Result<Limit, CatalogueFault> {
        let place = format!("limits.{}.{}", source.fiat, source.level);
        let level = KycLevel::from_number(source.level).ok_or_else(|| fault(format!("{place}.level"), "levels are 1 and 2"))?;
        Ok(Limit {
            fiat: source.fiat,
            level,
            method: source.method,
            transaction: self.money(&place, "transaction", source.fiat, &source.transaction)?,
            day: self.money(&place, "day", source.fiat, &source.day)?,
            month: self.money(&place, "month", source.fiat, &source.month)?,
            quarter: self.money(&place, "quarter", source.fiat, &source.quarter)?,
        })
    }
}

fn amount(place: &str, text: &str, decimals: u8) -> Result<Amount, CatalogueFault> {
    if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) && !text.is_empty() {
        return Ok(Amount::ZERO);
    }
    Amount::parse_major(text, decimals).map_err(|reason| fault(place, format!("'{text}' {reason}")))
}
