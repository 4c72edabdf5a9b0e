//! What the world consists of. The binary derives it from the catalogue.

use rampart_core::address::AddressKind;
use rampart_core::amount::Amount;
use rampart_core::asset::{Asset, Chain, CoinId, Currency, Symbol};
use rampart_core::catalogue::{Catalogue, MethodKind};
use rampart_core::ledger::{Account, Processor, Rail};

/// What the world consists of.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// Everything that looks like chance follows from it.
    pub seed: u64,
    /// The currencies of the market.
    pub currencies: Vec<CurrencyConfig>,
    /// The chains.
    pub chains: Vec<ChainConfig>,
    /// The bank's rails.
    pub rails: Vec<RailConfig>,
    /// The processors of redirect payments.
    pub processors: Vec<Processor>,
}

/// A currency of the market.
#[derive(Debug, Clone, Copy)]
pub struct CurrencyConfig {
    /// Its code.
    pub code: Currency,
    /// How many decimals its minor unit has.
    pub decimals: u8,
}

/// A chain.
#[derive(Debug, Clone)]
pub struct ChainConfig {
    /// Its name.
    pub name: Chain,
    /// Which rules its addresses follow.
    pub addresses: AddressKind,
    /// The symbol of the coin its fees are paid in.
    pub native: Symbol,
    /// Its coins, the native one among them.
    pub coins: Vec<CoinConfig>,
    /// How much business time lies between blocks, in seconds; 0 for no blocks by themselves.
    pub block_seconds: u32,
}

/// A coin of a chain.
#[derive(Debug, Clone, Copy)]
pub struct CoinConfig {
    /// Its symbol.
    pub symbol: Symbol,
    /// How many decimals its minor unit has.
    pub decimals: u8,
    /// What the hot wallet holds in the beginning, in minor units.
    pub opening: Amount,
}

/// A rail of the bank and our account behind it.
#[derive(Debug, Clone)]
pub struct RailConfig {
    /// Its name.
    pub name: Rail,
    /// The currency the account holds.
    pub currency: Currency,
    /// How many decimals the currency's minor unit has.
    pub decimals: u8,
    /// Our account's number.
    pub account: String,
    /// It pays multiples of this only, in minor units.
    pub payable_step: Amount,
    /// What the account holds in the beginning, in minor units.
    pub opening: Amount,
}

/// Something of ours that is there in the beginning; the ramp's books open with the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningBalance {
    /// The account of the chart that stands for it.
    pub account: Account,
    /// What it is.
    pub asset: Asset,
    /// How much, in minor units.
    pub amount: Amount,
}

/// Blocks are two seconds of business time apart.
const BLOCK_SECONDS: u32 = 2;
/// Coins worth so many USD lie in the hot wallet for every coin in the beginning.
const OPENING_USD: i128 = 500_000_000;

impl WorldConfig {
    /// The world of a catalogue, with ample balances: about 500 million USD of every coin and in every account.
    #[must_use]
    pub fn from_catalogue(catalogue: &Catalogue, seed: u64) -> Self {
        let currencies: Vec<_> = catalogue.fiats.iter().map(|fiat| CurrencyConfig { code: fiat.code, decimals: fiat.decimals }).collect();
        let chains = catalogue.chains.iter().map(|chain| {
            let coins = catalogue.coins.iter().filter(|coin| coin.id.chain == chain.name);
            let mut coins: Vec<_> = coins.map(|coin| CoinConfig::funded(coin.id.symbol, coin.decimals)).collect();
            if !coins.iter().any(|coin| coin.symbol == chain.native.symbol) {
                let decimals = if matches!(chain.addresses, AddressKind::Evm) { 18 } else { 8 };
                coins.push(CoinConfig::funded(chain.native.symbol, decimals));
            }
            ChainConfig { name: chain.name, addresses: chain.addresses, native: chain.native.symbol, coins, block_seconds: BLOCK_SECONDS }
        });
        let rails = catalogue.rail_accounts.iter().map(|account| {
            let decimals = catalogue.fiat(account.currency).map_or(2, |fiat| fiat.decimals);
            let opening = opening_fiat(account.currency, decimals);
            let (number, payable_step) = (account.account.clone(), account.payable_step);
            RailConfig { name: account.rail, currency: account.currency, decimals, account: number, payable_step, opening }
        });
        let mut processors: Vec<Processor> = Vec::new();
        for method in &catalogue.methods {
            if let MethodKind::Redirect(processor) = method.kind
                && !processors.contains(&processor)
            {
                processors.push(processor);
            }
        }
        Self { seed, currencies, chains: chains.collect(), rails: rails.collect(), processors }
    }

    /// What is there in the beginning, per account of the chart.
    #[must_use]
    pub fn opening_balances(&self) -> Vec<OpeningBalance> {
        let banks = self.rails.iter().map(|rail| OpeningBalance {
            account: Account::Bank(rail.name),
            asset: Asset::Fiat(rail.currency),
            amount: rail.opening,
        });
        let wallets = self.chains.iter().flat_map(|chain| {
            chain.coins.iter().map(|coin| OpeningBalance {
                account: Account::ChainHot(chain.name),
                asset: Asset::Coin(CoinId { symbol: coin.symbol, chain: chain.name }),
                amount: coin.opening,
            })
        });
        banks.chain(wallets).filter(|balance| balance.amount.is_positive()).collect()
    }

    pub(crate) fn chain(&self, name: Chain) -> Option<&ChainConfig> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    pub(crate) fn rail(&self, name: Rail) -> Option<&RailConfig> {
        self.rails.iter().find(|rail| rail.name == name)
    }
}

impl CoinConfig {
    /// A coin of which the hot wallet holds an ample amount in the beginning.
    #[must_use]
    pub fn funded(symbol: Symbol, decimals: u8) -> Self {
        let coins = OPENING_USD / crate::prices::usd_of_coin(symbol).max(1);
        Self { symbol, decimals, opening: Amount::from_minor(coins.saturating_mul(10_i128.pow(u32::from(decimals)))) }
    }
}

impl ChainConfig {
    pub(crate) fn coin(&self, symbol: Symbol) -> Option<&CoinConfig> {
        self.coins.iter().find(|coin| coin.symbol == symbol)
    }
}

fn opening_fiat(currency: Currency, decimals: u8) -> Amount {
    let units = OPENING_USD.saturating_mul(crate::prices::units_per_usd(currency));
    Amount::from_minor(units.saturating_mul(10_i128.pow(u32::from(decimals))))
}
