//! The catalogue in the configuration (amounts in major units), and its conversion to a [`Catalogue`].
//!
//! Everything is a table under its name (`coins.USDC.polygon`, `methods.ARG.KHIPU`, `limits.EUR.1`), so that configurations can be
//! overlaid key by key and nothing can be defined twice.

use std::collections::BTreeMap;
use std::time::Duration;

use super::amounts::{CatalogueError, amount, bounds, fault};
use super::chain_source::{ChainSource, CoinSource};
use super::{Catalogue, Coin, Fiat, Limit, Method, MethodKind, OpenCaps, PayoutRail, Pricing, RailAccount};
use crate::catalogue::policy::Policy;
use crate::identity::country::Country;
use crate::identity::level::KycLevel;
use crate::ledger::Rail;
use crate::money::amount::Amount;
use crate::money::asset::{Chain, CoinId, Currency, Symbol};
use crate::text::code::Code;

/// The catalogue as configured.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSource {
    fiats: BTreeMap<Currency, FiatSource>,
    chains: BTreeMap<Chain, ChainSource>,
    coins: BTreeMap<Symbol, BTreeMap<Chain, CoinSource>>,
    policies: BTreeMap<String, Policy>,
    methods: BTreeMap<Country, BTreeMap<Code<16>, MethodSource>>,
    payouts: BTreeMap<Country, PayoutSource>,
    rails: BTreeMap<Rail, RailSource>,
    limits: BTreeMap<Currency, BTreeMap<String, LimitSource>>,
    open_caps: OpenCaps,
    pricing: Pricing,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FiatSource {
    decimals: u8,
    tolerance_cap: String,
    /// Default: a fifth of `tolerance_cap`.
    receipt_minimum: Option<String>,
    /// Default: `receipt_minimum`.
    refund_minimum: Option<String>,
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
    #[serde(default = "enabled")]
    enabled: bool,
    fiat: Currency,
    matched_by: MatchedBy,
    /// Processor of a redirect, rail of a transfer.
    through: Code<16>,
    /// For processors only: transfers have that of their rail.
    payable_step: Option<String>,
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
    #[serde(default = "enabled")]
    enabled: bool,
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
    /// The number alone, or `bank/type/number`.
    account: String,
    /// Code or name of the bank, where the account needs one and `account` is the number alone.
    #[serde(default)]
    bank_code: Option<String>,
    /// The account type, in the same case.
    #[serde(default)]
    account_type: Option<String>,
    bic: Option<String>,
    holder: String,
    /// Default: one minor unit.
    payable_step: Option<String>,
    #[serde(default)]
    bank: Option<String>,
    #[serde(default)]
    tax_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default = "bank_backdating")]
    backdating_seconds: u64,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSource {
    transaction: String,
    day: String,
    month: String,
    quarter: String,
    /// Additional limits of single methods; `rampoff` for sales.
    #[serde(default)]
    methods: BTreeMap<Code<16>, MethodLimitSource>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodLimitSource {
    transaction: String,
    day: String,
    month: String,
    quarter: String,
}

const fn bank_backdating() -> u64 {
    3_600
}

const fn enabled() -> bool {
    true
}

impl CatalogueSource {
    /// Checks the configuration and builds the catalogue.
    ///
    /// # Errors
    /// The first error.
    pub fn build(&self) -> Result<Catalogue, CatalogueError> {
        let fiats = self.fiats.iter().map(|(code, source)| fiat(*code, source)).collect::<Result<Vec<Fiat>, _>>()?;
        let coins = self.coins()?;
        let chains = self.chains.iter().map(|(name, chain)| {
            let network_fee = |place: &str, currency, text: &str| self.money(place, "network_fees", currency, text);
            chain.build(*name, &coins, network_fee)
        });
        let chains = chains.collect::<Result<_, _>>()?;
        let methods =
            self.methods.iter().flat_map(|(country, methods)| methods.iter().map(move |(name, method)| (*country, *name, method)));
        Ok(Catalogue {
            methods: methods.map(|(country, name, method)| self.method(country, name, method)).collect::<Result<_, _>>()?,
            payout_rails: self.payouts.iter().map(|(country, payout)| self.payout(*country, payout)).collect::<Result<_, _>>()?,
            rail_accounts: self.rails.iter().map(|(rail, source)| self.rail(*rail, source)).collect::<Result<_, _>>()?,
            limits: self.limits()?,
            open_caps: self.open_caps,
            pricing: self.pricing,
            fiats,
            chains,
            coins,
        })
    }

    fn coins(&self) -> Result<Vec<Coin>, CatalogueError> {
        let mut coins = Vec::new();
        for (symbol, chains) in &self.coins {
            if chains.values().filter(|coin| coin.default_chain).count() > 1 {
                return Err(fault(format!("coins.{symbol}"), "only one of its chains can be the default one"));
            }
            for (chain, source) in chains {
                let id = CoinId { symbol: *symbol, chain: *chain };
                let on = self
                    .chains
                    .get(chain)
                    .ok_or_else(|| fault(format!("coins.{symbol}.{chain}"), format!("the chain {chain} is not among [chains]")))?;
                coins.push(source.build(id, on)?);
            }
        }
        Ok(coins)
    }

    fn money(&self, place: &str, field: &str, currency: Currency, text: &str) -> Result<Amount, CatalogueError> {
        let fiat = self.fiats.get(&currency).ok_or_else(|| fault(place, format!("the currency {currency} is not among [fiats]")))?;
        amount(&format!("{place}.{field}"), text, fiat.decimals)
    }

    fn policy(&self, place: &str, name: &str) -> Result<Policy, CatalogueError> {
        self.policies
            .get(name)
            .copied()
            .ok_or_else(|| fault(format!("{place}.policy"), format!("there is no policy '{name}' among [policies]")))
    }

    fn method(&self, country: Country, payment_type: Code<16>, source: &MethodSource) -> Result<Method, CatalogueError> {
        let place = format!("methods.{country}.{payment_type}");
        served(&place, country)?;
        let kind = match source.matched_by {
            MatchedBy::Redirect => MethodKind::Redirect(source.through),
            MatchedBy::Concept => MethodKind::Concept(source.through),
            MatchedBy::VirtualAccount => MethodKind::VirtualAccount(source.through),
        };
        let payable_step = match (kind, &source.payable_step) {
            (MethodKind::Redirect(_), step) => self.step(&place, source.fiat, step.as_ref())?,
            (_, None) => self.step_of(self.rail_of(&place, source.through, source.fiat)?, source.through)?,
            (_, Some(_)) => {
                return Err(fault(format!("{place}.payable_step"), "a transfer method has the payable_step of its rail: set it there"));
            }
        };
        let (minimum, maximum) = self.payable_bounds(&place, source.fiat, payable_step, &source.minimum, &source.maximum)?;
        Ok(Method {
            payment_type,
            country,
            enabled: source.enabled,
            fiat: source.fiat,
            kind,
            payable_step,
            minimum,
            maximum,
            fee_fixed: self.money(&place, "fee_fixed", source.fiat, &source.fee_fixed)?,
            fee_basis_points: share(&place, source.fee_basis_points)?,
            settlement_estimate: source.settlement_estimate.clone(),
            policy: self.policy(&place, &source.policy)?,
        })
    }

    fn payout(&self, country: Country, source: &PayoutSource) -> Result<PayoutRail, CatalogueError> {
        let place = format!("payouts.{country}");
        served(&place, country)?;
        let payable_step = self.step_of(self.rail_of(&place, source.rail, source.fiat)?, source.rail)?;
        let (minimum, maximum) = self.payable_bounds(&place, source.fiat, payable_step, &source.minimum, &source.maximum)?;
        Ok(PayoutRail {
            country,
            enabled: source.enabled,
            fiat: source.fiat,
            rail: source.rail,
            payable_step,
            minimum,
            maximum,
            fee_fixed: self.money(&place, "fee_fixed", source.fiat, &source.fee_fixed)?,
            fee_basis_points: share(&place, source.fee_basis_points)?,
            policy: self.policy(&place, &source.policy)?,
        })
    }

    fn rail(&self, rail: Rail, source: &RailSource) -> Result<RailAccount, CatalogueError> {
        if !self.fiats.contains_key(&source.currency) {
            return Err(fault(format!("rails.{rail}.currency"), format!("the currency {} is not among [fiats]", source.currency)));
        }
        let given = |value: &Option<String>| value.as_deref().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
        let (bank_code, account_type) = (given(&source.bank_code), given(&source.account_type));
        let account = match (bank_code, account_type) {
            (None, None) => source.account.clone(),
            _ if source.account.contains('/') => {
                let reason = "says bank and type of account already; leave bank_code and account_type out, or give the number alone";
                return Err(fault(format!("rails.{rail}.account"), reason));
            }
            (Some(bank), Some(kind)) => format!("{bank}/{kind}/{}", source.account),
            (None, Some(_)) => return Err(fault(format!("rails.{rail}.bank_code"), "is needed beside account_type")),
            (Some(_), None) => return Err(fault(format!("rails.{rail}.account_type"), "is needed beside bank_code")),
        };
        Ok(RailAccount {
            rail,
            currency: source.currency,
            account,
            bic: given(&source.bic),
            holder: source.holder.clone(),
            payable_step: self.step_of(source, rail)?,
            bank: given(&source.bank),
            tax_id: given(&source.tax_id),
            email: given(&source.email),
            backdating: Duration::from_secs(source.backdating_seconds),
        })
    }

    /// The payable step; one minor unit by default.
    fn step(&self, place: &str, currency: Currency, text: Option<&String>) -> Result<Amount, CatalogueError> {
        let step = text.map_or(Ok(Amount::SMALLEST), |text| self.money(place, "payable_step", currency, text))?;
        if step.is_positive() { Ok(step) } else { Err(fault(format!("{place}.payable_step"), "it must be above zero")) }
    }

    fn step_of(&self, source: &RailSource, rail: Rail) -> Result<Amount, CatalogueError> {
        self.step(&format!("rails.{rail}"), source.currency, source.payable_step.as_ref())
    }

    /// The bounds, which must be multiples of the payable step.
    fn payable_bounds(
        &self,
        place: &str,
        fiat: Currency,
        step: Amount,
        minimum: &str,
        maximum: &str,
    ) -> Result<(Amount, Amount), CatalogueError> {
        let (minimum, maximum) = bounds(place, |field, text| self.money(place, field, fiat, text), minimum, maximum)?;
        match minimum.rounded_down(step) == minimum && maximum.rounded_down(step) == maximum {
            true => Ok((minimum, maximum)),
            false => Err(fault(place, "the minimum and the maximum must be multiples of payable_step")),
        }
    }

    /// The rail, which must exist and have this currency.
    fn rail_of(&self, place: &str, rail: Rail, fiat: Currency) -> Result<&RailSource, CatalogueError> {
        match self.rails.get(&rail) {
            None => Err(fault(place, format!("the rail {rail} is not among [rails]"))),
            Some(source) if source.currency != fiat => Err(fault(place, format!("the rail {rail} holds {}, not {fiat}", source.currency))),
            Some(source) => Ok(source),
        }
    }

    fn limits(&self) -> Result<Vec<Limit>, CatalogueError> {
        let mut limits = Vec::new();
        for (fiat, levels) in &self.limits {
            for (number, source) in levels {
                let place = format!("limits.{fiat}.{number}");
                let level = number.parse().ok().and_then(KycLevel::from_number).ok_or_else(|| fault(&place, "levels are 1 and 2"))?;
                let whole = [&source.transaction, &source.day, &source.month, &source.quarter];
                limits.push(self.limit(&place, *fiat, level, None, whole)?);
                for (method, source) in &source.methods {
                    let place = format!("{place}.methods.{method}");
                    let amounts = [&source.transaction, &source.day, &source.month, &source.quarter];
                    limits.push(self.limit(&place, *fiat, level, Some(*method), amounts)?);
                }
            }
        }
        Ok(limits)
    }

    fn limit(
        &self,
        place: &str,
        fiat: Currency,
        level: KycLevel,
        method: Option<Code<16>>,
        amounts: [&String; 4],
    ) -> Result<Limit, CatalogueError> {
        let [transaction, day, month, quarter] = amounts;
        Ok(Limit {
            fiat,
            level,
            method,
            transaction: self.money(place, "transaction", fiat, transaction)?,
            day: self.money(place, "day", fiat, day)?,
            month: self.money(place, "month", fiat, month)?,
            quarter: self.money(place, "quarter", fiat, quarter)?,
        })
    }
}

fn fiat(code: Currency, source: &FiatSource) -> Result<Fiat, CatalogueError> {
    let place = format!("fiats.{code}");
    if source.decimals > 4 {
        return Err(fault(format!("{place}.decimals"), "a currency has at most 4 decimals"));
    }
    let read = |key: &str, text: &str| amount(&format!("{place}.{key}"), text, source.decimals);
    let tolerance_cap = read("tolerance_cap", &source.tolerance_cap)?;
    let receipt_minimum = match &source.receipt_minimum {
        Some(text) => read("receipt_minimum", text)?,
        None => Amount::from_minor(tolerance_cap.minor().div_euclid(5)),
    };
    let refund_minimum = source.refund_minimum.as_ref().map_or(Ok(receipt_minimum), |text| read("refund_minimum", text))?;
    Ok(Fiat { code, decimals: source.decimals, tolerance_cap, receipt_minimum, refund_minimum })
}

fn served(place: &str, country: Country) -> Result<(), CatalogueError> {
    if Country::served().any(|served| served == country) {
        Ok(())
    } else {
        Err(fault(place, format!("{country} is not a country the ramp serves")))
    }
}

fn share(place: &str, basis_points: u32) -> Result<u32, CatalogueError> {
    if basis_points < 10_000 {
        Ok(basis_points)
    } else {
        Err(fault(format!("{place}.fee_basis_points"), "a fee is less than 10000 basis points"))
    }
}
