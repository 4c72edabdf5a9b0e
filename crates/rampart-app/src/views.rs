//! What partners see of answers that are no stored objects. Decimal numbers are strings.

use rampart_core::asset::{Chain, Currency, Symbol};
use rampart_core::code::Code;
use rampart_core::country::Country;
use rampart_core::customer::Warning;
use rampart_core::identification::{CustomerType, DocumentType};
use rampart_core::kyc::KycStatus;
use rampart_core::pay_to::PayTo;
use rampart_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

/// The answer to something that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedResponse {
    /// The JSON of `data`.
    pub data: String,
    /// Whether an earlier request was answered with the same.
    pub replayed: bool,
}

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// `data` of `authenticate`.
#[derive(Clone, Serialize)]
pub struct TokenGrant {
    /// The token for the header `auth`.
    pub token: String,
    /// When it ends (real time).
    pub expires_at: Timestamp,
    /// How long that is, in seconds.
    pub expires_in: u64,
}

/// `data` of `registerUser`.
#[derive(Clone, Serialize)]
pub struct RegisteredView {
    /// The customer's number (`user_id`).
    pub id: i64,
    pub email: String,
    pub name: String,
    pub last_name: Option<String>,
    pub identification_number: Option<String>,
    pub identification_type: Option<DocumentType>,
    pub country: String,
    pub customer_type: CustomerType,
    /// Whether the customer may trade.
    pub kyc_valid: bool,
    /// Where the identity check stands.
    pub kyc_status: KycStatus,
    /// The approved level: 0, 1 or 2.
    pub kyc_level: u8,
    pub kyc_form_url: String,
    /// What was stored although it does not hold.
    pub warnings: Vec<Warning>,
}

/// `data` of `tokenPrice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenPriceView {
    pub symbol: String,
    pub fiat_symbol: String,
    /// The middle of the market.
    pub price: String,
    /// What a customer pays for a coin, without fees.
    pub buy_price: String,
    /// What a customer gets for a coin, without fees.
    pub sell_price: String,
    /// When the price was observed.
    pub updated_at: Timestamp,
    /// Whether it is too old to trade at.
    pub stale: bool,
}

/// `data` of `availableAssets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssetsView {
    /// The coins, each on its chain.
    pub coins: Vec<CoinView>,
    /// The currencies.
    pub fiats: Vec<FiatView>,
}

/// A coin on a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoinView {
    pub symbol: String,
    pub chain: String,
    pub decimals: u8,
    /// The token contract; absent for a chain's own coin.
    pub contract: Option<String>,
    /// The least that can be sold, in whole coins.
    pub minimum: String,
    /// The most that can be traded in one order, in whole coins.
    pub maximum: String,
    /// How many confirmations make a deposit final.
    pub confirmations: u32,
    /// Whether customers may buy it.
    pub buy_enabled: bool,
    /// Whether customers may sell it.
    pub sell_enabled: bool,
    /// Whether this chain is taken when a request names only the symbol.
    pub default_chain: bool,
}

/// A currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiatView {
    /// Its ISO 4217 code.
    pub symbol: String,
    pub decimals: u8,
}

/// One of `data` of `paymentMethods`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentMethodView {
    /// Its name; matched without regard to case.
    pub payment_type: String,
    /// The country whose customers may use it, alpha-3.
    pub country: String,
    /// The currency it takes.
    pub fiat_symbol: String,
    /// `redirect` or `bank_transfer`.
    pub kind: &'static str,
    /// The least it takes, in major units.
    pub min: String,
    /// The most it takes, in major units.
    pub max: String,
    /// What it takes is a multiple of this, in major units.
    pub step: String,
    /// The fixed part of its fee, in major units.
    pub fee_fixed: String,
    /// The proportional part of its fee, in percent.
    pub fee_percent: String,
    /// How long money takes.
    pub settlement_estimate: String,
    /// When its price is fixed: `order` or `arrival`.
    pub priced: &'static str,
}

/// The fees of a quote, in major units of its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeesView {
    /// For handling the payment or payout.
    pub processing: String,
    /// For the chain.
    pub network: String,
    /// What the payout's rail cannot pay, because it pays whole steps only; absent where there is nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding: Option<String>,
    /// All of them.
    pub total: String,
}

/// `data` of `quote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuoteView {
    /// The sealed terms. `createPayment` accepts them once.
    pub quote_id: String,
    /// The amount that was asked about, in major units.
    pub amount: String,
    /// What that amount counts: `fiat` or `coin`.
    pub amount_in: &'static str,
    pub fiat_symbol: Currency,
    pub symbol: Symbol,
    pub chain: Chain,
    pub payment_type: Code<16>,
    /// Its country, alpha-3.
    pub country: Country,
    /// When the price is fixed: `order`, or `arrival`, where `tokens` is an estimate.
    pub priced: &'static str,
    /// What the customer receives, in whole coins.
    pub tokens: String,
    /// In the currency, for one whole coin.
    pub price: String,
    /// The fees, which are inside the total.
    pub fees: FeesView,
    /// All that the customer pays, in major units.
    pub total_fiat: String,
    pub expires_at: Timestamp,
}

/// `data` of `rampoffQuote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RampoffQuoteView {
    /// The sealed terms. `createRampoff` accepts them once.
    pub quote_id: String,
    /// The coins that the customer sends, in whole coins.
    pub amount: String,
    pub symbol: Symbol,
    pub blockchain: Chain,
    /// The coin's decimals.
    pub decimals: u8,
    pub fiat_symbol: Currency,
    /// The customer's country, which the payout is for.
    pub country: Country,
    /// In the currency, for one whole coin.
    pub price: String,
    /// The fees, which are taken off.
    pub fees: FeesView,
    /// What the customer receives, in major units.
    pub fiat_amount: String,
    pub expires_at: Timestamp,
}

/// `data` of `createPayment` for methods that lead to a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectView {
    pub payment_id: String,
    /// The page where the customer pays.
    pub url_payment: String,
}

/// `data` of `createPayment` for transfers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransferView {
    pub payment_id: String,
    /// The account to pay to: an IBAN, or the local account.
    pub iban: String,
    /// Its bank, where that is needed.
    pub bic: Option<String>,
    /// The reference to quote: ten digits.
    pub concept: u64,
    /// The account's holder.
    pub destination_name: String,
    /// How much, in major units.
    pub amount: String,
    pub fiat_symbol: String,
    /// Until when coins and price are held.
    pub expires_at: Timestamp,
    /// A page that tells the customer all of this.
    pub url_payment: String,
    /// Where to pay to, part by part.
    pub pay_to: PayTo,
}

/// `data` of `createRampoff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RampoffCreatedView {
    /// Always `payment created`, as documented.
    pub rampoff: &'static str,
    /// The address to send the coins to.
    pub wallet: String,
    pub id: String,
    /// What the customer sends, in minor units of the coin.
    pub amount: String,
    /// The coin's decimals.
    pub decimals: u8,
    /// What the customer receives, in major units.
    pub fiat_amount: String,
    pub fiat_symbol: String,
    /// Until when money and price are held.
    pub expires_at: Timestamp,
    /// A page that shows how it goes.
    pub url_status: String,
}

/// One of `data` of `webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    pub id: String,
    /// The type as it was subscribed, which is how events are delivered.
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
    /// `active`, or `disabled` after the receiver answered 410.
    pub status: &'static str,
    /// Since when it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// How many deliveries wait for a replay; 1,000 are that or more.
    pub parked: i64,
    pub created_at: Timestamp,
    /// When its URL last changed.
    pub updated_at: Timestamp,
}

/// One event of the pull log.
#[derive(Debug, Clone, Serialize)]
pub struct EventView {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its place in the partner's log: 1, 2, 3 … without a gap.
    pub sequence: i64,
    /// When it happened.
    pub created_at: Timestamp,
    /// The object as its GET call showed it then.
    pub data: Box<RawValue>,
}

/// A page of the pull log, oldest first.
#[derive(Debug, Clone)]
pub struct EventPage {
    pub events: Vec<EventView>,
    /// Whether more are waiting.
    pub has_more: bool,
}
