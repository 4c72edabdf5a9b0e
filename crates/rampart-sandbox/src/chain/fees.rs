//! What transactions cost. Units and prices are such that a first attempt in a calm market costs the same in every world.

use rampart_core::address::AddressKind;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Symbol;
use rampart_core::outgoing::{FeeTerms, Lane};
use rampart_core::ports::FeeMarket;

use crate::config::ChainConfig;
use crate::file::ChainSettings;

const WEI_PER_GWEI: i128 = 1_000_000_000;
/// Gas of a transfer of the native coin.
const NATIVE_GAS: u64 = 21_000;
/// Gas of a transfer of a token.
const TOKEN_GAS: u64 = 65_000;
/// Size of a Bitcoin transaction, in virtual bytes.
const BITCOIN_UNITS: u64 = 180;

/// What a node asks of transactions.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeFees {
    pub(super) market: FeeMarket,
    /// The least tip that it takes.
    pub(super) least_tip: Amount,
}

/// What a transaction offers, and how many units of work it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) terms: FeeTerms,
    pub(super) units: u64,
}

/// Base, tip and least tip of a calm market. Polygon's nodes enforce 25 gwei.
const fn calm(addresses: AddressKind, name: &str) -> (i128, i128, i128) {
    match (addresses, name.as_bytes()) {
        (AddressKind::Bitcoin, _) => (0, 10, 1),
        (AddressKind::Evm, b"polygon") => (5 * WEI_PER_GWEI, 25 * WEI_PER_GWEI, 25 * WEI_PER_GWEI),
        (AddressKind::Evm, b"bsc") => (0, WEI_PER_GWEI, WEI_PER_GWEI / 20),
        (AddressKind::Evm, b"ethereum") => (2 * WEI_PER_GWEI, WEI_PER_GWEI, 0),
        (AddressKind::Evm, _) => (4 * WEI_PER_GWEI, WEI_PER_GWEI, 0),
    }
}

/// What a node asks now.
pub(super) fn node_fees(config: &ChainConfig, settings: Option<&ChainSettings>) -> NodeFees {
    let (base, tip, least_tip) = calm(config.addresses, config.name.as_str());
    let set = settings.map(|settings| settings.fees.clone()).unwrap_or_default();
    let asked = |set_price: Option<Amount>, calm_price: i128| {
        Amount::from_minor(set_price.map_or(calm_price, Amount::minor).saturating_mul(i128::from(set.times)))
    };
    let market = FeeMarket { base: asked(set.base, base), tip: asked(set.tip, tip) };
    NodeFees { market, least_tip: set.least_tip.unwrap_or(Amount::from_minor(least_tip)) }
}

/// Units of work that a transfer of a coin takes. Sweeps from deposit wallets, which have no native coins, are free; a real
/// installation would fund them first.
pub(super) fn units(config: &ChainConfig, lane: Lane, symbol: Symbol) -> u64 {
    match (lane, config.addresses) {
        (Lane::Deposit(_), _) => 0,
        (Lane::Hot(_), AddressKind::Bitcoin) => BITCOIN_UNITS,
        (Lane::Hot(_), AddressKind::Evm) if symbol == config.native => NATIVE_GAS,
        (Lane::Hot(_), AddressKind::Evm) => TOKEN_GAS,
    }
}

fn cost(units: u64, price: Amount) -> Amount {
    Amount::from_minor(price.minor().saturating_mul(i128::from(units)))
}

impl NodeFees {
    /// What this many units cost at the market's price.
    pub(super) fn usual(&self, units: u64) -> Amount {
        cost(units, Amount::from_minor(self.market.base.minor().saturating_add(self.market.tip.minor())))
    }
}

impl Offer {
    /// Whether it may be left unpaid: a sweep without a price.
    fn is_free(&self) -> bool {
        self.units == 0 && self.terms.price.is_zero()
    }

    /// The most that it can cost.
    pub(super) fn most(&self) -> Amount {
        if self.units == 0 { Amount::ZERO } else { self.terms.most() }
    }

    /// What it costs in a block of this market: its price, but no more than the base fee and its tip.
    pub(super) fn fee(&self, fees: &NodeFees) -> Amount {
        let asked = Amount::from_minor(fees.market.base.minor().saturating_add(self.terms.tip.minor()));
        cost(self.units.min(self.terms.units), self.terms.price.min(asked))
    }

    /// Whether it takes more units of work than it may: it is included, fails and is paid for.
    pub(super) fn runs_out(&self) -> bool {
        self.units > self.terms.units
    }

    /// Whether the node takes its tip.
    pub(super) fn is_tip_taken(&self, fees: &NodeFees) -> bool {
        self.is_free() || self.terms.tip >= fees.least_tip
    }

    /// Whether a block of this market may have it.
    pub(super) fn is_included(&self, fees: &NodeFees) -> bool {
        self.is_free() || self.terms.price >= fees.market.base && self.is_tip_taken(fees)
    }

    /// Whether it replaces another offer for the same nonce: it is a tenth higher in price and in tip.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        let is_tenth_more = |new: Amount, old: Amount| new.minor().saturating_mul(10) >= old.minor().saturating_mul(11) && new > old;
        is_tenth_more(self.terms.price, other.terms.price) && is_tenth_more(self.terms.tip, other.terms.tip)
    }
}
