//! Response types that are not views of stored objects. Decimal numbers are strings.

use rampart_core::catalogue::policy::Priced;
use rampart_core::customer::Warning;
use rampart_core::customer::kyc::KycStatus;
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{CustomerType, DocumentType};
use rampart_core::money::asset::{Chain, Currency, Symbol};
use rampart_core::order::pay_to::PayTo;
use rampart_core::partner::event::{EventType, SubscriptionType};
use rampart_core::quote::AmountUnit;
use rampart_core::text::code::Code;
use rampart_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

/// How the customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = MethodKind))]
pub enum PaymentRoute {
    Redirect,
    BankTransfer,
}

/// Whether events are delivered; `disabled` after the receiver answered 410.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum SubscriptionStatus {
    Active,
    Disabled,
}

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

/// An access token.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Token))]
pub struct TokenGrant {
    /// The token for the header `auth`.
    pub token: String,
    /// When the token expires.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// The lifetime of the token, in seconds.
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub expires_in: u64,
}

/// A customer that was registered.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Registered))]
pub struct RegisteredView {
    /// The number of the customer, called `user_id` in other calls.
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub id: i64,
    /// The value that was sent.
    pub email: String,
    /// The value that was sent.
    pub name: String,
    /// The value that was sent.
    pub last_name: Option<String>,
    /// The value that was sent.
    pub identification_number: Option<String>,
    /// The value that was sent.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub identification_type: Option<DocumentType>,
    /// The value that was sent.
    pub country: String,
    pub customer_type: CustomerType,
    /// Whether the customer may buy and sell.
    pub kyc_valid: bool,
    pub kyc_status: KycStatus,
    /// The approved identity level.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 2))]
    pub kyc_level: u8,
    /// The link to the identity form.
    pub kyc_form_url: String,
    /// Problems with values that were stored anyway.
    pub warnings: Vec<Warning>,
}

/// The price of a coin in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = TokenPrice))]
pub struct TokenPriceView {
    /// The symbol of the coin.
    pub symbol: String,
    /// The symbol of the currency.
    pub fiat_symbol: String,
    /// The mid-market price.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub price: String,
    /// The price at which customers buy a coin, without fees.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub buy_price: String,
    /// The price at which customers sell a coin, without fees.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub sell_price: String,
    /// When the price was observed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// Whether the price is too old to trade at.
    pub stale: bool,
}

/// The coins and currencies that can be traded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Assets))]
pub struct AssetsView {
    /// The coins, each on its chain.
    pub coins: Vec<CoinView>,
    /// The currencies.
    pub fiats: Vec<FiatView>,
}

/// A coin on a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Coin))]
pub struct CoinView {
    pub symbol: String,
    pub chain: String,
    pub decimals: u8,
    /// The token contract; absent for a chain's own coin.
    pub contract: Option<String>,
    /// The minimum amount of a sale, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub minimum: String,
    /// The maximum amount of an order, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub maximum: String,
    /// The number of confirmations after which a deposit is final.
    pub confirmations: u32,
    pub buy_enabled: bool,
    pub sell_enabled: bool,
    /// Whether this chain is used if a request contains only the symbol.
    pub default_chain: bool,
}

/// A currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Fiat))]
pub struct FiatView {
    pub symbol: String,
    pub decimals: u8,
}

/// A payment method of a country. Amounts are in major units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PaymentMethod))]
pub struct PaymentMethodView {
    /// The name of the method. Upper and lower case are the same.
    pub payment_type: String,
    /// The country of the method (ISO 3166-1 alpha-3).
    pub country: String,
    pub fiat_symbol: String,
    pub kind: PaymentRoute,
    /// The minimum amount.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub min: String,
    /// The maximum amount.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub max: String,
    /// Amounts must be a multiple of this; others are refused with `validation_failed`.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub step: String,
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub fee_fixed: String,
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub fee_percent: String,
    /// The usual settlement time, as text for people.
    pub settlement_estimate: String,
    pub priced: Priced,
}

/// Fees, in major units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Fees))]
pub struct FeesView {
    /// The fee for handling the payment or payout.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub processing: String,
    /// The fee for the transaction on the chain.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub network: String,
    /// The remainder that the rail of the payout cannot pay, because it pays only multiples of a step. Absent if it is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub rounding: Option<String>,
    /// The sum of all fees.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub total: String,
}

/// The terms of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Quote))]
pub struct QuoteView {
    /// The identifier of the quote. It contains the terms in sealed form.
    pub quote_id: String,
    /// The amount of the request.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub amount: String,
    pub amount_in: AmountUnit,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub fiat_symbol: Currency,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub symbol: Symbol,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub chain: Chain,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub payment_type: Code<16>,
    /// The country of the method (ISO 3166-1 alpha-3).
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub country: Country,
    pub priced: Priced,
    /// The amount that the customer receives, in whole coins. An estimate if the price is fixed on arrival.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub tokens: String,
    /// The price of one coin.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub price: String,
    pub fees: FeesView,
    /// The amount that the customer pays, fees included.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub total_fiat: String,
    /// When the quote expires.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
}

/// The terms of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RampoffQuote))]
pub struct RampoffQuoteView {
    /// The identifier of the quote. It contains the terms in sealed form.
    pub quote_id: String,
    /// The amount that the customer sends, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub amount: String,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub symbol: Symbol,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub blockchain: Chain,
    /// The number of decimals of the coin.
    pub decimals: u8,
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub fiat_symbol: Currency,
    /// The country of the customer and of the payout.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub country: Country,
    /// The price of one coin.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub price: String,
    pub fees: FeesView,
    /// The amount that the customer receives, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub fiat_amount: String,
    /// When the quote expires.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
}

/// What a redirect method answers of [`TransferView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectView {
    pub payment_id: String,
    /// The hosted page that leads to the processor.
    pub url_payment: String,
}

/// A payment that was created. Redirect methods return only the first two fields; bank transfers return all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PaymentCreated))]
pub struct TransferView {
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9A-Za-z]{25}$"))]
    pub payment_id: String,
    /// The account to pay to: an IBAN, or the local account.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub iban: String,
    /// The BIC of the account's bank, if the transfer needs one.
    pub bic: Option<String>,
    /// The reference that the customer must give with the transfer: 10 digits.
    #[cfg_attr(feature = "schema", schema(minimum = 0, required = false))]
    pub concept: u64,
    /// The name of the account holder.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub destination_name: String,
    /// The amount to pay, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$", required = false))]
    pub amount: String,
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub fiat_symbol: String,
    /// The time until which the price is guaranteed and the coins are reserved.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime, required = false))]
    pub expires_at: Timestamp,
    /// The page where the customer pays, or where the instructions for the transfer are shown.
    pub url_payment: String,
    /// The account to pay to, in separate fields.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub pay_to: PayTo,
}

/// A ramp-off that was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RampoffCreated))]
pub struct RampoffCreatedView {
    /// Always `payment created`.
    pub rampoff: &'static str,
    /// The deposit address that the customer sends the coins to.
    pub wallet: String,
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9A-Za-z]{25}$"))]
    pub id: String,
    /// The amount that the customer sends, in minor units of the coin.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]+$"))]
    pub amount: String,
    /// The number of decimals of the coin.
    pub decimals: u8,
    /// The amount that the customer receives, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub fiat_amount: String,
    pub fiat_symbol: String,
    /// The time until which the price is guaranteed and the money is reserved.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// The page that shows the status of the order.
    pub url_status: String,
}

/// A webhook subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Subscription))]
pub struct SubscriptionView {
    #[cfg_attr(feature = "schema", schema(pattern = "^whk_[0-9A-Za-z]{25}$"))]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: SubscriptionType,
    pub url: String,
    pub status: SubscriptionStatus,
    /// When the subscription was disabled. Absent while it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub disabled_at: Option<Timestamp>,
    /// The number of deliveries that were abandoned and can be replayed; 1,000 means 1,000 or more.
    #[cfg_attr(feature = "schema", schema(value_type = u32, minimum = 0, maximum = 1000))]
    pub parked: i64,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When the URL last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

/// An event of your log.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Event))]
pub struct EventView {
    #[cfg_attr(feature = "schema", schema(pattern = "^evt_[0-9A-Za-z]{25}$"))]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The sequence number of the event in your log: 1, 2, 3 … without gaps.
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub sequence: i64,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// The object as its GET call returned it at that time.
    #[cfg_attr(feature = "schema", schema(value_type = serde_json::Value))]
    pub data: Box<RawValue>,
}

/// A page of events, oldest first.
#[derive(Debug, Clone)]
pub struct EventPage {
    pub events: Vec<EventView>,
    pub has_more: bool,
}
