//! What an installation trades: currencies, chains, coins, payment methods and payout rails, with their bounds, fees
//! and policies. Built once from the configuration and checked as a whole.

mod accounts;
mod source;

use std::time::Duration;

pub use accounts::NotOurs;
pub use source::{CatalogueError, CatalogueSource};

use crate::address::AddressKind;
use crate::amount::{Amount, Overflow};
use crate::asset::{Asset, Chain, CoinId, Currency, Symbol};
use crate::code::Code;
use crate::country::Country;
use crate::kyc::KycLevel;
use crate::ledger::{Processor, Rail};
use crate::payment::PayIn;
use crate::policy::Policy;

/// By how much the times of a processor may lie before the reading that shows them.
const DEFAULT_BACKDATING: Duration = Duration::from_secs(900);

/// A fiat currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fiat {
    /// Its ISO 4217 code.
    pub code: Currency,
    /// How many decimals its minor unit has.
    pub decimals: u8,
    /// The most that a tolerance comes to, in minor units.
    pub tolerance_cap: Amount,
    /// Less than this never counts, in minor units.
    pub receipt_minimum: Amount,
    /// Less than this is not sent back by itself, in minor units.
    pub refund_minimum: Amount,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainInfo {
    /// Its name.
    pub name: Chain,
    /// Which rules its addresses follow.
    pub addresses: AddressKind,
    /// The coin its fees are paid in.
    pub native: CoinId,
    /// What a customer is charged for a transaction on it, per currency, in minor units.
    pub network_fees: Vec<(Currency, Amount)>,
    /// By how much the time of a block may lie before the reading that shows it.
    pub backdating: Duration,
}

/// A coin on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    /// Symbol and chain.
    pub id: CoinId,
    /// How many decimals its minor unit has.
    pub decimals: u8,
    /// The token contract's address; absent for the chain's own coin.
    pub contract: Option<String>,
    /// The least that can be sold, in minor units.
    pub minimum: Amount,
    /// The most that can be traded in one order, in minor units.
    pub maximum: Amount,
    /// How many confirmations make a deposit final.
    pub confirmations: u32,
    /// Whether customers may buy it.
    pub buy: bool,
    /// Whether customers may sell it.
    pub sell: bool,
    /// Whether this chain is taken when a request names only the symbol.
    pub default_chain: bool,
}

/// How money for a method arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    /// The customer pays on a page of a processor.
    Redirect(Processor),
    /// The customer transfers to our account and writes the payment's `concept`.
    Concept(Rail),
    /// The customer transfers to an account number of their own that leads to ours.
    VirtualAccount(Rail),
}

/// A payment method of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its name in the API; matched without regard to case.
    pub payment_type: Code<16>,
    /// The country whose customers may use it.
    pub country: Country,
    /// Whether it makes new orders. One that does not stays known to those that it has made.
    pub enabled: bool,
    /// The currency it takes.
    pub fiat: Currency,
    /// How money arrives.
    pub kind: MethodKind,
    /// What it takes is a multiple of this, in minor units.
    pub payable_step: Amount,
    /// The least it takes, in minor units.
    pub minimum: Amount,
    /// The most it takes, in minor units.
    pub maximum: Amount,
    /// The fixed part of its fee, in minor units.
    pub fee_fixed: Amount,
    /// The proportional part of its fee, in basis points.
    pub fee_basis_points: u32,
    /// How long money takes, for people: `seconds`, `1 business day`.
    pub settlement_estimate: String,
    /// What happens when something else arrives than was asked for.
    pub policy: Policy,
}

/// How money reaches customers of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRail {
    /// The country.
    pub country: Country,
    /// Whether it makes new orders. One that does not pays out those that it has made, and refunds.
    pub enabled: bool,
    /// The currency.
    pub fiat: Currency,
    /// The rail.
    pub rail: Rail,
    /// What it pays is a multiple of this, in minor units: the step of its rail.
    pub payable_step: Amount,
    /// The least it pays, in minor units.
    pub minimum: Amount,
    /// The most it pays, in minor units.
    pub maximum: Amount,
    /// The fixed part of its fee, in minor units.
    pub fee_fixed: Amount,
    /// The proportional part of its fee, in basis points.
    pub fee_basis_points: u32,
    /// What happens when other coins arrive than were asked for.
    pub policy: Policy,
}

/// Our account behind a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailAccount {
    /// The rail.
    pub rail: Rail,
    /// The currency it holds.
    pub currency: Currency,
    /// The account's number, which customers are told.
    pub account: String,
    /// The bank's BIC, where there is one.
    pub bic: Option<String>,
    /// The account's holder, which customers are told.
    pub holder: String,
    /// What it pays and takes is a multiple of this, in minor units.
    pub payable_step: Amount,
    /// The bank's name, where the number does not tell it or another one is better known.
    pub bank: Option<String>,
    /// The holder's tax number, which customers are told where their banks ask for it.
    pub tax_id: Option<String>,
    /// Where payers' banks may send their notices.
    pub email: Option<String>,
    /// By how much the times of its statement may lie before the reading that shows them.
    pub backdating: Duration,
}

/// How much a customer of a level may trade in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The currency.
    pub fiat: Currency,
    /// The level it is for.
    pub level: KycLevel,
    /// The method it is for (`rampoff` for selling); all together when absent.
    pub method: Option<Code<16>>,
    /// The most in one order, in minor units.
    pub transaction: Amount,
    /// The most in a day, in minor units.
    pub day: Amount,
    /// The most in a month, in minor units.
    pub month: Amount,
    /// The most in a quarter, in minor units.
    pub quarter: Amount,
}

/// How many unpaid orders may be open, and of what value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCaps {
    /// Orders of a customer.
    pub customer_orders: u32,
    /// Orders of a partner.
    pub partner_orders: u32,
    /// The value of a customer's orders, as a multiple of the method's maximum.
    pub customer_value_multiple: u32,
    /// The value of a partner's orders, as a multiple of the method's maximum.
    pub partner_value_multiple: u32,
}

/// How far our prices lie from the market's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pricing {
    /// Above the market when we sell coins, in basis points.
    pub buy_spread_basis_points: u32,
    /// Below the market when we buy coins, in basis points.
    pub sell_spread_basis_points: u32,
    /// How old a price may be, in seconds.
    pub stale_after_seconds: u64,
    /// How long a quote is good for, in seconds.
    pub quote_seconds: u64,
}

/// Everything an installation trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// Its currencies.
    pub fiats: Vec<Fiat>,
    /// Its chains.
    pub chains: Vec<ChainInfo>,
    /// Its coins.
    pub coins: Vec<Coin>,
    /// Its payment methods.
    pub methods: Vec<Method>,
    /// Its payout rails.
    pub payout_rails: Vec<PayoutRail>,
    /// Its bank accounts.
    pub rail_accounts: Vec<RailAccount>,
    /// Its limits.
    pub limits: Vec<Limit>,
    /// Its caps on unpaid orders.
    pub open_caps: OpenCaps,
    /// Its spreads.
    pub pricing: Pricing,
}

impl Catalogue {
    /// A currency by its code.
    #[must_use]
    pub fn fiat(&self, code: Currency) -> Option<&Fiat> {
        self.fiats.iter().find(|fiat| fiat.code == code)
    }

    /// A chain by its name.
    #[must_use]
    pub fn chain(&self, name: Chain) -> Option<&ChainInfo> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    /// A coin by symbol and chain.
    #[must_use]
    pub fn coin(&self, id: CoinId) -> Option<&Coin> {
        self.coins.iter().find(|coin| coin.id == id)
    }

    /// The coin of a symbol on its default chain.
    #[must_use]
    pub fn default_coin(&self, symbol: Symbol) -> Option<&Coin> {
        let mut coins = self.coins.iter().filter(|coin| coin.id.symbol == symbol);
        let first = coins.clone().next();
        coins.find(|coin| coin.default_chain).or(first)
    }

    /// A payment method of a country, by its name without regard to case.
    #[must_use]
    pub fn method(&self, country: Country, payment_type: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.country == country && method.payment_type.is_spelled(payment_type))
    }

    /// How a country's customers are paid.
    #[must_use]
    pub fn payout_rail(&self, country: Country) -> Option<&PayoutRail> {
        self.payout_rails.iter().find(|rail| rail.country == country)
    }

    /// The rail that pays a currency out.
    #[must_use]
    pub fn payout_rail_of(&self, currency: Currency) -> Option<&PayoutRail> {
        self.payout_rails.iter().find(|rail| rail.fiat == currency)
    }

    /// Our account behind a rail.
    #[must_use]
    pub fn rail_account(&self, rail: Rail) -> Option<&RailAccount> {
        self.rail_accounts.iter().find(|account| account.rail == rail)
    }

    /// What a rail pays is a multiple of this, in minor units.
    #[must_use]
    pub fn payable_step(&self, rail: Rail) -> Amount {
        self.rail_account(rail).map_or(Amount::SMALLEST, |account| account.payable_step)
    }

    /// The most that a tolerance of a currency comes to, in minor units.
    #[must_use]
    pub fn tolerance_cap(&self, code: Currency) -> Amount {
        self.fiat(code).map_or(Amount::ZERO, |fiat| fiat.tolerance_cap)
    }

    /// By how much the times of a source may lie before the reading that shows them.
    #[must_use]
    pub fn backdating(&self, source: PayIn) -> Duration {
        match source {
            PayIn::Bank(rail) => self.rail_account(rail).map_or(DEFAULT_BACKDATING, |account| account.backdating),
            PayIn::Processor(_) => DEFAULT_BACKDATING,
        }
    }

    /// The same of a chain.
    #[must_use]
    pub fn chain_backdating(&self, chain: Chain) -> Duration {
        self.chain(chain).map_or(DEFAULT_BACKDATING, |chain| chain.backdating)
    }

    /// What never counts for an order of a currency that takes at least `minimum`: less than this, in minor units.
    #[must_use]
    pub fn receipt_minimum(&self, code: Currency, minimum: Amount) -> Amount {
        self.fiat(code).map_or(Amount::ZERO, |fiat| fiat.receipt_minimum.min(minimum))
    }

    /// What is not sent back by itself: less than this, in minor units.
    #[must_use]
    pub fn refund_minimum(&self, code: Currency) -> Amount {
        self.fiat(code).map_or(Amount::ZERO, |fiat| fiat.refund_minimum)
    }

    /// How many decimals an asset's minor unit has.
    #[must_use]
    pub fn decimals(&self, asset: Asset) -> Option<u8> {
        match asset {
            Asset::Fiat(code) => self.fiat(code).map(|fiat| fiat.decimals),
            Asset::Coin(id) => self.coin(id).map(|coin| coin.decimals),
        }
    }

    /// What a customer is charged for a transaction on a chain.
    #[must_use]
    pub fn network_fee(&self, chain: Chain, currency: Currency) -> Amount {
        let fees = self.chain(chain).map(|chain| chain.network_fees.as_slice()).unwrap_or_default();
        fees.iter().find(|(code, _)| *code == currency).map_or(Amount::ZERO, |(_, fee)| *fee)
    }
}

/// A fee of a fixed and a proportional part, the latter rounded up.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn fee(of: Amount, fixed: Amount, basis_points: u32) -> Result<Amount, Overflow> {
    of.basis_points_up(basis_points)?.plus(fixed)
}
