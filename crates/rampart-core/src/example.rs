//! Worked examples: a small catalogue and orders in any state, for the documentation's transition tables and the tests.

use std::time::Duration;

use crate::address::AddressKind;
use crate::catalogue::finality::FinalityRule;
use crate::catalogue::policy::{Late, Over, Policy, Short};
use crate::catalogue::{Catalogue, ChainInfo, Coin, Fiat, Limit, Method, MethodKind, OpenCaps, PayoutRail, Pricing, RailAccount};
use crate::customer::kyc::KycLevel;
use crate::id::{CustomerId, Mint, Randomness};
use crate::identity::country::Country;
use crate::money::amount::Amount;
use crate::money::asset::{Chain, CoinId, Currency, Symbol};
use crate::money::rate::Rate;
use crate::order::payment::{Instructions, Payment, PaymentState};
use crate::order::rampoff::{Rampoff, RampoffState};
use crate::order::{DestinationOrigin, OrderHead, ProvidedBy};
use crate::outgoing::{FeeRules, PayoutDestination};
use crate::quote::{AmountIn, BuyTerms, SellTerms};
use crate::text::code::Code;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

pub const EUR: Currency = Code::literal("EUR");
pub const POLYGON: Chain = Code::literal("polygon");
/// USDC on polygon, with six decimals.
pub const USDC: CoinId = CoinId { symbol: Code::literal("USDC"), chain: POLYGON };
pub const SEPA: Code<16> = Code::literal("sepa");
const NATIVE: Symbol = Code::literal("POL");
/// Time of the examples: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// Deterministic randomness: a counter, so that examples are reproducible and identifiers differ.
#[derive(Debug, Default)]
pub struct CountingRandomness(std::sync::atomic::AtomicU64);

impl Randomness for CountingRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        let mut count = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for byte in bytes.iter_mut().rev() {
            // Identifiers use each byte modulo 62.
            *byte = u8::try_from(count % 62).unwrap_or_default();
            count /= 62;
        }
    }
}

/// Exchanges whatever it can.
pub const MARKET: Policy = Policy {
    tolerance_basis_points: 50,
    short: Short::Promise,
    over: Over::Market,
    late: Late::Market,
    hold_foreign_payer: true,
    hold_seconds: 3_600,
    open_seconds: 86_400,
    hold_honours_seconds: 86_400,
};
/// Refunds what was not ordered.
pub const BACK: Policy = Policy { short: Short::Refund, over: Over::Back, late: Late::Back, ..MARKET };
/// Leaves deviations to an operator.
pub const HOLD: Policy = Policy { short: Short::Hold, late: Late::Hold, ..MARKET };
/// The example policies, with their names.
pub const POLICIES: [(&str, Policy); 3] = [("market", MARKET), ("back", BACK), ("hold", HOLD)];

/// Spain with card and transfer, USDC on polygon.
#[must_use]
pub fn catalogue(policy: Policy) -> Catalogue {
    let coin = |id, decimals, contract: Option<&str>| Coin {
        id,
        decimals,
        contract: contract.map(str::to_owned),
        minimum: Amount::from_minor(10_i128.pow(u32::from(decimals))),
        maximum: Amount::from_minor(10_i128.pow(u32::from(decimals) + 6)),
        finality: FinalityRule::blocks(12),
        buy: true,
        sell: true,
        default_chain: true,
    };
    let method = |name, kind| Method {
        payment_type: name,
        country: Country::SPAIN,
        enabled: true,
        fiat: EUR,
        kind,
        payable_step: Amount::SMALLEST,
        minimum: Amount::from_minor(1_000),
        maximum: Amount::from_minor(1_000_000),
        fee_fixed: Amount::from_minor(25),
        fee_basis_points: 150,
        settlement_estimate: "seconds".to_owned(),
        policy,
    };
    let limit = |level, most: i128| Limit {
        fiat: EUR,
        level,
        method: None,
        transaction: Amount::from_minor(most),
        day: Amount::from_minor(most * 2),
        month: Amount::from_minor(most * 10),
        quarter: Amount::from_minor(most * 20),
    };
    let native = CoinId { symbol: NATIVE, chain: POLYGON };
    Catalogue {
        fiats: vec![Fiat {
            code: EUR,
            decimals: 2,
            tolerance_cap: Amount::from_minor(500),
            receipt_minimum: Amount::from_minor(100),
            refund_minimum: Amount::from_minor(100),
        }],
        chains: vec![ChainInfo {
            name: POLYGON,
            addresses: AddressKind::Evm,
            native,
            network_fees: vec![(EUR, Amount::from_minor(10))],
            backdating: Duration::from_secs(60),
            fees: FeeRules { least_tip: Amount::ZERO, most_cost: None, replace_after: Some(Duration::from_secs(36)), max_attempts: 8 },
        }],
        coins: vec![coin(USDC, 6, Some("0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359")), coin(native, 18, None)],
        methods: vec![
            method(Code::literal("card"), MethodKind::Redirect(Code::literal("card"))),
            method(Code::literal("transfer"), MethodKind::Concept(SEPA)),
        ],
        payout_rails: vec![PayoutRail {
            country: Country::SPAIN,
            enabled: true,
            fiat: EUR,
            rail: SEPA,
            payable_step: Amount::SMALLEST,
            minimum: Amount::from_minor(500),
            maximum: Amount::from_minor(1_000_000),
            fee_fixed: Amount::from_minor(50),
            fee_basis_points: 50,
            policy,
        }],
        rail_accounts: vec![RailAccount {
            rail: SEPA,
            currency: EUR,
            account: "ES7899990001410123456789".to_owned(),
            bic: None,
            holder: "Rampart".to_owned(),
            payable_step: Amount::SMALLEST,
            bank: None,
            tax_id: None,
            email: None,
            backdating: Duration::from_secs(900),
        }],
        limits: vec![limit(KycLevel::Basic, 100_000), limit(KycLevel::Reinforced, 1_000_000)],
        open_caps: OpenCaps { customer_orders: 5, partner_orders: 1_000, customer_value_multiple: 5, partner_value_multiple: 1_000 },
        pricing: Pricing { buy_spread_basis_points: 100, sell_spread_basis_points: 100, stale_after_seconds: 60, quote_seconds: 60 },
    }
}

/// 0.92 EUR for one USDC.
#[must_use]
pub fn price() -> Rate {
    Rate::from_scaled(920_000_000_000_000_000).unwrap_or_else(|_| unreachable!("the literal is above zero"))
}

/// Origin of a destination given by a partner over the API at this time.
#[must_use]
pub const fn from_partner(at: Timestamp) -> DestinationOrigin {
    DestinationOrigin::trusted(ProvidedBy::Partner, at)
}

/// Origin of a destination given on a page at this time: its objection period is one day.
#[must_use]
pub fn from_page(at: Timestamp) -> DestinationOrigin {
    DestinationOrigin { by: ProvidedBy::Page, at, used_from: Some(at.after(Duration::from_secs(86_400))) }
}

/// The customer's own account.
#[must_use]
pub fn destination() -> PayoutDestination {
    PayoutDestination {
        account: Redacted::new("ES9299990002950000000001"),
        bank_code: None,
        account_type: None,
        bank_name: None,
        name: Redacted::new("Ana Luna"),
    }
}

/// A purchase for 100.00 EUR, by card or by transfer, in the given state.
#[must_use]
pub fn payment(catalogue: &Catalogue, mint: &Mint<'_>, by_card: bool, state: PaymentState) -> Option<Payment> {
    let method = catalogue.method(Country::SPAIN, if by_card { "card" } else { "transfer" })?;
    let coin = catalogue.coin(USDC)?;
    let terms = BuyTerms::new(catalogue, method, coin, price(), AmountIn::Fiat(Amount::from_minor(10_000))).ok()?;
    let instructions = Instructions {
        account: "ES7899990001410123456789".to_owned(),
        bic: None,
        concept: crate::order::reference::from_serial(crate::order::reference::FIRST_SERIAL),
        destination_name: "Rampart".to_owned(),
        own_account: false,
        bank: None,
        tax_id: None,
        email: None,
    };
    let head = OrderHead {
        version: 1,
        refund_origin: (!by_card).then(|| from_partner(mint.now)),
        ..OrderHead::new(mint.id(), mint.id(), CustomerId(1), method.country, KycLevel::Basic, mint.now)
    };
    let mut payment = Payment {
        refund_account: (!by_card).then(destination),
        instructions: (!by_card).then_some(instructions),
        state,
        ..Payment::new(head, method, terms, "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned())
    };
    payment.reserved = terms.coin_amount;
    Some(payment)
}

/// A sale of 100 USDC, in the given state.
#[must_use]
pub fn rampoff(catalogue: &Catalogue, mint: &Mint<'_>, state: RampoffState) -> Option<Rampoff> {
    let rail = catalogue.payout_rail(Country::SPAIN)?;
    let terms = SellTerms::new(catalogue, rail, catalogue.coin(USDC)?, price(), Amount::from_minor(100_000_000)).ok()?;
    let from_partner = from_partner(mint.now);
    let head = OrderHead {
        version: 1,
        refund_origin: Some(from_partner),
        ..OrderHead::new(mint.id(), mint.id(), CustomerId(1), rail.country, KycLevel::Basic, mint.now)
    };
    let address = ("0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359".to_owned(), 0);
    let mut rampoff = Rampoff {
        refund_wallet: Some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned()),
        state,
        ..Rampoff::new(head, rail, terms, (destination(), from_partner), address)
    };
    rampoff.reserved = terms.fiat_amount;
    Some(rampoff)
}
