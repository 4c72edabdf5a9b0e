//! What an installation trades: currencies, chains, coins, payment methods and payout rails, with their bounds, fees and policies. Built
//! once from the configuration and checked as a whole.

mod accounts;
mod amounts;
mod chain_source;
pub mod fees;
pub mod finality;
pub mod policy;
mod source;

use std::time::Duration;

pub use accounts::AccountNotConfigured;
pub use amounts::CatalogueError;
pub use source::CatalogueSource;

use crate::address::AddressKind;
use crate::catalogue::fees::FeeRules;
use crate::catalogue::finality::FinalityRule;
use crate::catalogue::policy::Policy;
use crate::identity::country::Country;
use crate::identity::level::KycLevel;
use crate::ledger::{Account, Processor, Rail};
use crate::money::amount::{Amount, Overflow};
use crate::money::asset::{Asset, Chain, CoinId, Currency, Symbol};
use crate::text::code::Code;

/// Default for processors: see [`Catalogue::backdating`].
const DEFAULT_BACKDATING: Duration = Duration::from_secs(900);

/// How the customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum PayIn {
    Processor(Processor),
    /// By transfer to our account, or to a virtual account that leads to it.
    Bank(Rail),
}

impl PayIn {
    /// The ledger account that is debited for incoming money.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Processor(processor) => Account::Card(processor),
            Self::Bank(rail) => Account::Bank(rail),
        }
    }

    /// How a method of this kind is paid.
    #[must_use]
    pub const fn of(kind: MethodKind) -> Self {
        match kind {
            MethodKind::Redirect(processor) => Self::Processor(processor),
            MethodKind::Concept(rail) | MethodKind::VirtualAccount(rail) => Self::Bank(rail),
        }
    }
}

/// A fiat currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fiat {
    pub code: Currency,
    /// Decimals of the minor unit.
    pub decimals: u8,
    /// Upper bound of a tolerance, in minor units.
    pub tolerance_cap: Amount,
    /// Smaller receipts never count, in minor units.
    pub receipt_minimum: Amount,
    /// Smaller amounts are not refunded automatically, in minor units.
    pub refund_minimum: Amount,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainInfo {
    pub name: Chain,
    pub addresses: AddressKind,
    /// The coin in which its fees are paid.
    pub native: CoinId,
    /// Charged to customers for a transaction, in minor units of each currency.
    pub network_fees: Vec<(Currency, Amount)>,
    /// How long before the reading that shows it a block may be dated.
    pub backdating: Duration,
    pub fees: FeeRules,
}

/// A coin on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    pub id: CoinId,
    /// Decimals of the minor unit.
    pub decimals: u8,
    /// Address of the token contract; `None` for the native coin of the chain.
    pub contract: Option<String>,
    /// Minimum of a sale, in minor units.
    pub minimum: Amount,
    /// Maximum of an order, in minor units.
    pub maximum: Amount,
    /// When its deposits and our own transactions are final.
    pub finality: FinalityRule,
    pub buy: bool,
    pub sell: bool,
    /// Whether requests that name only the symbol mean this chain.
    pub default_chain: bool,
}

/// How money of a payment method arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    Redirect(Processor),
    /// By transfer to our account, with the `concept` of the payment.
    Concept(Rail),
    /// By transfer to a virtual account of the customer.
    VirtualAccount(Rail),
}

/// A payment method of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    pub payment_type: Code<16>,
    pub country: Country,
    /// Whether it takes new orders. Existing orders continue.
    pub enabled: bool,
    pub fiat: Currency,
    pub kind: MethodKind,
    /// Amounts are multiples of this, in minor units.
    pub payable_step: Amount,
    /// In minor units.
    pub minimum: Amount,
    /// In minor units.
    pub maximum: Amount,
    /// In minor units.
    pub fee_fixed: Amount,
    pub fee_basis_points: u32,
    /// For people to read: `seconds`, `1 business day`.
    pub settlement_estimate: String,
    pub policy: Policy,
}

/// How customers of a country are paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRail {
    pub country: Country,
    /// Whether it takes new orders. Existing orders and refunds are still paid.
    pub enabled: bool,
    pub fiat: Currency,
    pub rail: Rail,
    /// Amounts are multiples of this, in minor units: the step of its rail.
    pub payable_step: Amount,
    /// In minor units.
    pub minimum: Amount,
    /// In minor units.
    pub maximum: Amount,
    /// In minor units.
    pub fee_fixed: Amount,
    pub fee_basis_points: u32,
    pub policy: Policy,
}

/// Our account behind a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailAccount {
    pub rail: Rail,
    pub currency: Currency,
    /// The account number as customers see it.
    pub account: String,
    pub bic: Option<String>,
    /// The account holder as customers see it.
    pub holder: String,
    /// Amounts are multiples of this, in minor units.
    pub payable_step: Amount,
    /// Bank name, where the number does not identify the bank or another name is better known.
    pub bank: Option<String>,
    /// Tax number of the holder, for customers whose banks ask for it.
    pub tax_id: Option<String>,
    /// For payment notices of the payers' banks.
    pub email: Option<String>,
    /// How long before the reading that shows them its transactions may be dated.
    pub backdating: Duration,
}

/// A trading limit of the customers of one KYC level in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub fiat: Currency,
    pub level: KycLevel,
    /// `rampoff` for sales; `None` for all methods together.
    pub method: Option<Code<16>>,
    /// Per order, in minor units.
    pub transaction: Amount,
    /// Per day, in minor units.
    pub day: Amount,
    /// Per month, in minor units.
    pub month: Amount,
    /// Per quarter, in minor units.
    pub quarter: Amount,
}

/// Caps on the number and value of open, unpaid orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCaps {
    pub customer_orders: u32,
    pub partner_orders: u32,
    /// Value of the orders of a customer, as a multiple of the method's maximum.
    pub customer_value_multiple: u32,
    /// Value of the orders of a partner, as a multiple of the method's maximum.
    pub partner_value_multiple: u32,
}

/// Spreads and lifetimes of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pricing {
    /// Above the market price when we sell coins.
    pub buy_spread_basis_points: u32,
    /// Below the market price when we buy coins.
    pub sell_spread_basis_points: u32,
    /// Older prices are not used.
    pub stale_after_seconds: u64,
    pub quote_seconds: u64,
}

/// Everything an installation trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    pub fiats: Vec<Fiat>,
    pub chains: Vec<ChainInfo>,
    pub coins: Vec<Coin>,
    pub methods: Vec<Method>,
    pub payout_rails: Vec<PayoutRail>,
    pub rail_accounts: Vec<RailAccount>,
    pub limits: Vec<Limit>,
    pub open_caps: OpenCaps,
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

    /// The coin on its default chain, or on any chain if none is the default.
    #[must_use]
    pub fn default_coin(&self, symbol: Symbol) -> Option<&Coin> {
        let mut coins = self.coins.iter().filter(|coin| coin.id.symbol == symbol);
        let first = coins.clone().next();
        coins.find(|coin| coin.default_chain).or(first)
    }

    /// A payment method of a country by name, case-insensitive.
    #[must_use]
    pub fn method(&self, country: Country, payment_type: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.country == country && method.payment_type.is_spelled(payment_type))
    }

    /// The rail over which customers of a country are paid.
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

    /// The payable step of a rail, in minor units.
    #[must_use]
    pub fn payable_step(&self, rail: Rail) -> Amount {
        self.rail_account(rail).map_or(Amount::SMALLEST, |account| account.payable_step)
    }

    /// Upper bound of a tolerance, in minor units.
    #[must_use]
    pub fn tolerance_cap(&self, code: Currency) -> Amount {
        self.fiat(code).map_or(Amount::ZERO, |fiat| fiat.tolerance_cap)
    }

    /// How long before the reading that shows them the transactions of a source may be dated.
    #[must_use]
    pub fn backdating(&self, source: PayIn) -> Duration {
        match source {
            PayIn::Bank(rail) => self.rail_account(rail).map_or(DEFAULT_BACKDATING, |account| account.backdating),
            PayIn::Processor(_) => DEFAULT_BACKDATING,
        }
    }

    /// How long before the reading that shows them the blocks of a chain may be dated.
    #[must_use]
    pub fn chain_backdating(&self, chain: Chain) -> Duration {
        self.chain(chain).map_or(DEFAULT_BACKDATING, |chain| chain.backdating)
    }

    /// Receipts below this never count for an order, in minor units. At most the minimum of the order's method.
    #[must_use]
    pub fn receipt_minimum(&self, code: Currency, minimum: Amount) -> Amount {
        self.fiat(code).map_or(Amount::ZERO, |fiat| fiat.receipt_minimum.min(minimum))
    }

    /// Amounts below this are not refunded automatically, in minor units.
    #[must_use]
    pub fn refund_minimum(&self, code: Currency) -> Amount {
        self.fiat(code).map_or(Amount::ZERO, |fiat| fiat.refund_minimum)
    }

    /// Decimals of the minor unit of an asset.
    #[must_use]
    pub fn decimals(&self, asset: Asset) -> Option<u8> {
        match asset {
            Asset::Fiat(code) => self.fiat(code).map(|fiat| fiat.decimals),
            Asset::Coin(id) => self.coin(id).map(|coin| coin.decimals),
        }
    }

    /// The network fee charged to customers, in minor units of the currency.
    #[must_use]
    pub fn network_fee(&self, chain: Chain, currency: Currency) -> Amount {
        let fees = self.chain(chain).map(|chain| chain.network_fees.as_slice()).unwrap_or_default();
        fees.iter().find(|(code, _)| *code == currency).map_or(Amount::ZERO, |(_, fee)| *fee)
    }
}

/// A fixed and a proportional part, the latter rounded up.
pub fn fee(of: Amount, fixed: Amount, basis_points: u32) -> Result<Amount, Overflow> {
    of.basis_points_up(basis_points)?.plus(fixed)
}
