//! What the simulated world consists of. The binary derives it from the catalogue.

use std::collections::BTreeSet;

use rampart_core::address::AddressKind;
use rampart_core::catalogue::finality::FinalityRule;
use rampart_core::catalogue::{Catalogue, MethodKind};
use rampart_core::ledger::{Account, Processor, Rail};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Asset, Chain, CoinId, Currency, Symbol};

/// The configuration of a [`World`](crate::World).
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// Seed of addresses, keys and market prices.
    pub seed: u64,
    pub currencies: Vec<CurrencyConfig>,
    /// Coins with a market price, sorted.
    pub symbols: Vec<Symbol>,
    /// The simulated chains.
    pub chains: Vec<ChainConfig>,
    /// Chains that are real: nothing of them is simulated, and time cannot be moved.
    pub real_chains: Vec<Chain>,
    pub rails: Vec<RailConfig>,
    pub processors: Vec<Processor>,
}

/// A currency that coins have a market price in.
#[derive(Debug, Clone, Copy)]
pub struct CurrencyConfig {
    pub code: Currency,
    /// Decimals of the minor unit.
    pub decimals: u8,
}

/// A chain with its coins.
#[derive(Debug, Clone)]
pub struct ChainConfig {
    pub name: Chain,
    pub addresses: AddressKind,
    /// The coin that network fees are paid in.
    pub native: Symbol,
    pub coins: Vec<CoinConfig>,
    /// Seconds of business time between blocks; 0 makes no blocks automatically.
    pub block_seconds: u32,
    /// How many blocks the newest final one is behind the newest; `None`: the chain does not say what is final.
    pub finality_blocks: Option<u32>,
}

/// A coin on a chain.
#[derive(Debug, Clone, Copy)]
pub struct CoinConfig {
    pub symbol: Symbol,
    /// Decimals of the minor unit.
    pub decimals: u8,
    /// Opening balance of the hot wallet, in minor units.
    pub opening: Amount,
}

/// A rail and our bank account behind it.
#[derive(Debug, Clone)]
pub struct RailConfig {
    pub name: Rail,
    pub currency: Currency,
    /// Decimals of the currency's minor unit.
    pub decimals: u8,
    pub account: String,
    /// Payouts must be multiples of this, in minor units.
    pub payable_step: Amount,
    /// Opening balance of the account, in minor units.
    pub opening: Amount,
}

/// An opening balance of ours. The ramp's ledger opens with the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningBalance {
    pub account: Account,
    pub asset: Asset,
    /// In minor units.
    pub amount: Amount,
}

/// Default interval between blocks, in business time.
const BLOCK_SECONDS: u32 = 2;
/// Depth of the newest final block on chains with a coin that waits for finality.
const FINALITY_BLOCKS: u32 = 2;
/// Value of each opening balance.
const OPENING_US_DOLLARS: i128 = 500_000_000;

impl WorldConfig {
    /// The world of a catalogue. Every coin and bank account opens with about 500 million USD.
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
            let waits = |finality: &FinalityRule| finality.usual.finality || finality.large.is_some_and(|(_, large)| large.finality);
            let has_finality = catalogue.coins.iter().any(|coin| coin.id.chain == chain.name && waits(&coin.finality));
            ChainConfig {
                name: chain.name,
                addresses: chain.addresses,
                native: chain.native.symbol,
                coins,
                block_seconds: BLOCK_SECONDS,
                finality_blocks: has_finality.then_some(FINALITY_BLOCKS),
            }
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
        let chains: Vec<ChainConfig> = chains.collect();
        let symbols: BTreeSet<Symbol> = chains.iter().flat_map(|chain| chain.coins.iter().map(|coin| coin.symbol)).collect();
        let symbols = symbols.into_iter().collect();
        Self { seed, currencies, symbols, chains, real_chains: Vec::new(), rails: rails.collect(), processors }
    }

    /// The same world without these chains, which are real.
    #[must_use]
    pub fn beside_real_chains(mut self, real_chains: Vec<Chain>) -> Self {
        self.chains.retain(|chain| !real_chains.contains(&chain.name));
        Self { real_chains, ..self }
    }

    /// All opening balances that are not zero.
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
    /// A coin with an opening balance worth about 500 million USD.
    #[must_use]
    pub fn funded(symbol: Symbol, decimals: u8) -> Self {
        let coins = OPENING_US_DOLLARS / crate::market::usd_of_coin(symbol).max(1);
        Self { symbol, decimals, opening: Amount::from_minor(coins.saturating_mul(10_i128.pow(u32::from(decimals)))) }
    }
}

impl ChainConfig {
    pub(crate) fn coin(&self, symbol: Symbol) -> Option<&CoinConfig> {
        self.coins.iter().find(|coin| coin.symbol == symbol)
    }
}

fn opening_fiat(currency: Currency, decimals: u8) -> Amount {
    let units = OPENING_US_DOLLARS.saturating_mul(crate::market::units_per_usd(currency));
    Amount::from_minor(units.saturating_mul(10_i128.pow(u32::from(decimals))))
}
