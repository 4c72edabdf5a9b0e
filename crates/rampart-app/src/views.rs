//! Response types that are not views of stored objects. Decimal numbers are strings.

use rampart_core::customer::Warning;
use rampart_core::customer::kyc::KycStatus;
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{CustomerType, DocumentType};
use rampart_core::money::asset::{Chain, Currency, Symbol};
use rampart_core::order::pay_to::PayTo;
use rampart_core::text::code::Code;
use rampart_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

/// The response of a call that creates something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedResponse {
    /// JSON text.
    pub data: String,
    /// Whether it is the stored response of an earlier request.
    pub replayed: bool,
}

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

/// `data` of `authenticate`.
#[derive(Clone, Serialize)]
pub struct TokenGrant {
    /// Sent in the header `auth`.
    pub token: String,
    /// Real time.
    pub expires_at: Timestamp,
    /// Seconds until `expires_at`.
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
    pub kyc_valid: bool,
    pub kyc_status: KycStatus,
    /// 0, 1 or 2; 0 before an approval.
    pub kyc_level: u8,
    pub kyc_form_url: String,
    /// Doubts about values that were stored all the same.
    pub warnings: Vec<Warning>,
}

/// `data` of `tokenPrice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenPriceView {
    pub symbol: String,
    pub fiat_symbol: String,
    /// The market price.
    pub price: String,
    /// Per coin, without fees.
    pub buy_price: String,
    /// Per coin, without fees.
    pub sell_price: String,
    /// When the market price was observed.
    pub updated_at: Timestamp,
    /// Too old to trade at.
    pub stale: bool,
}

/// `data` of `availableAssets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssetsView {
    /// One per coin and chain.
    pub coins: Vec<CoinView>,
    pub fiats: Vec<FiatView>,
}

/// A coin on a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoinView {
    pub symbol: String,
    pub chain: String,
    pub decimals: u8,
    /// `None` for a chain's native coin.
    pub contract: Option<String>,
    /// Per order, in whole coins. For selling.
    pub minimum: String,
    /// Per order, in whole coins.
    pub maximum: String,
    /// Confirmations until a deposit is final.
    pub confirmations: u32,
    pub buy_enabled: bool,
    pub sell_enabled: bool,
    /// Whether requests that name only the symbol mean this chain.
    pub default_chain: bool,
}

/// A currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiatView {
    /// ISO 4217.
    pub symbol: String,
    pub decimals: u8,
}

/// One of `data` of `paymentMethods`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentMethodView {
    /// Matched without regard to case.
    pub payment_type: String,
    /// ISO 3166-1 alpha-3.
    pub country: String,
    pub fiat_symbol: String,
    /// `redirect` or `bank_transfer`.
    pub kind: &'static str,
    /// In major units.
    pub min: String,
    /// In major units.
    pub max: String,
    /// Amounts are multiples of this, in major units.
    pub step: String,
    /// In major units.
    pub fee_fixed: String,
    pub fee_percent: String,
    pub settlement_estimate: String,
    /// `order` or `arrival`: when the price is fixed.
    pub priced: &'static str,
}

/// The fees of a quote, in major units of its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeesView {
    pub processing: String,
    pub network: String,
    /// The part below the rail's payable step, which the payout loses; `None` when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding: Option<String>,
    pub total: String,
}

/// `data` of `quote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuoteView {
    /// The sealed terms. `createPayment` accepts them once.
    pub quote_id: String,
    /// In major units, as requested.
    pub amount: String,
    /// `fiat` or `coin`.
    pub amount_in: &'static str,
    pub fiat_symbol: Currency,
    pub symbol: Symbol,
    pub chain: Chain,
    pub payment_type: Code<16>,
    /// ISO 3166-1 alpha-3.
    pub country: Country,
    /// `order`, or `arrival`: then `tokens` is an estimate.
    pub priced: &'static str,
    /// In whole coins.
    pub tokens: String,
    /// In the currency, for one whole coin.
    pub price: String,
    /// Included in the total.
    pub fees: FeesView,
    /// In major units.
    pub total_fiat: String,
    pub expires_at: Timestamp,
}

/// `data` of `rampoffQuote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RampoffQuoteView {
    /// The sealed terms. `createRampoff` accepts them once.
    pub quote_id: String,
    /// In whole coins.
    pub amount: String,
    pub symbol: Symbol,
    pub blockchain: Chain,
    pub decimals: u8,
    pub fiat_symbol: Currency,
    /// The country of the payout.
    pub country: Country,
    /// In the currency, for one whole coin.
    pub price: String,
    /// Deducted from the payout.
    pub fees: FeesView,
    /// In major units.
    pub fiat_amount: String,
    pub expires_at: Timestamp,
}

/// `data` of `createPayment` for redirect methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectView {
    pub payment_id: String,
    /// The hosted page that leads to the processor.
    pub url_payment: String,
}

/// `data` of `createPayment` for bank transfers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransferView {
    pub payment_id: String,
    /// An IBAN or a local account number.
    pub iban: String,
    /// For IBANs.
    pub bic: Option<String>,
    /// The payment reference: ten digits.
    pub concept: u64,
    /// The account holder.
    pub destination_name: String,
    /// In major units.
    pub amount: String,
    pub fiat_symbol: String,
    /// Until when the price is guaranteed.
    pub expires_at: Timestamp,
    /// The hosted page with these instructions.
    pub url_payment: String,
    /// The same instructions, by field.
    pub pay_to: PayTo,
}

/// `data` of `createRampoff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RampoffCreatedView {
    /// Always `payment created`: part of the API contract.
    pub rampoff: &'static str,
    /// The deposit address.
    pub wallet: String,
    pub id: String,
    /// In minor units of the coin.
    pub amount: String,
    pub decimals: u8,
    /// In major units.
    pub fiat_amount: String,
    pub fiat_symbol: String,
    /// Until when the price is guaranteed.
    pub expires_at: Timestamp,
    /// The hosted status page.
    pub url_status: String,
}

/// One of `data` of `webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    pub id: String,
    /// The type's spelling in the subscription, which is also used in deliveries.
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
    /// `active`, or `disabled` after the receiver answered 410 Gone.
    pub status: &'static str,
    /// `None` while it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// Parked deliveries, counted up to 1,000.
    pub parked: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An event of a partner's log.
#[derive(Debug, Clone, Serialize)]
pub struct EventView {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Position in the partner's log: 1, 2, 3 … without gaps.
    pub sequence: i64,
    pub created_at: Timestamp,
    /// The object at that time, in the form of its GET call.
    pub data: Box<RawValue>,
}

/// A page of events, oldest first.
#[derive(Debug, Clone)]
pub struct EventPage {
    pub events: Vec<EventView>,
    pub has_more: bool,
}
