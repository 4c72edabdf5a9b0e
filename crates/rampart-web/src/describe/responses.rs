//! The schemas of answers. These types are never constructed: the answers are serialized from views of the core and the
//! application, which do not depend on this description. The contract tests compare the two.
#![expect(dead_code, reason = "the types exist for their schemas")]

use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

pub(crate) use super::orders::{PaymentCreatedSchema, PaymentSchema, RampoffCreatedSchema, RampoffSchema};

fn string_enum(about: &str, values: &[&str]) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(values.iter().copied())).into()
}

/// A schema for a string with a fixed list of values.
macro_rules! string_enum {
    ($name:ident, $about:literal, $list:expr) => {
        #[doc = $about]
        pub(crate) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                string_enum($about, $list).into()
            }
        }

        impl ToSchema for $name {}
    };
}

string_enum!(PaymentStatus, "The status of a payment.", &PaymentState::STATUSES);
string_enum!(RampoffStatus, "The status of a ramp-off.", &RampoffState::STATUSES);
string_enum!(
    EventType,
    "The type of an event.",
    &rampart_core::partner::event::EventType::ALL.map(rampart_core::partner::event::EventType::as_str)
);
string_enum!(SubscriptionType, "The event type that was subscribed to.", rampart_app::partner_api::subscriptions::EVENT_TYPES);
string_enum!(KycStatus, "The status of an identity check.", &["unused", "processing", "valid", "fail"]);
string_enum!(CustomerType, "Whether the customer is a person or a company.", &["individual", "company"]);
string_enum!(MethodKind, "How the customer pays.", &["redirect", "bank_transfer"]);
string_enum!(Sex, "The sex that a document number states.", &["male", "female", "unspecified"]);
string_enum!(
    AccountKind,
    "The kind of bank account.",
    &["iban", "clabe", "debit_card", "mobile_number", "cbu", "cvu", "alias", "cci", "chilean_account", "colombian_account", "bre_b_key"]
);
string_enum!(Priced, "When the price is fixed: when the order is created, or when its money arrives.", &["order", "arrival"]);
string_enum!(AmountIn, "Whether an amount is in the currency or in coins.", &["fiat", "coin"]);
string_enum!(
    OrderException,
    "How what arrived for an order differs from what was ordered.",
    &["late", "short", "over", "foreign_payer", "wrong_network", "wrong_asset", "duplicate"]
);
string_enum!(HoldReason, "Why an order is on hold.", &rampart_core::order::HoldReason::PUBLIC_NAMES);
string_enum!(
    OrderReversal,
    "How money or coins of an order were taken back after they had arrived.",
    &["chargeback", "bank_return", "reorganisation"]
);
string_enum!(
    DestinationGiver,
    "Who provided a destination: the partner over the API, the holder of the link to the order's page, or an operator.",
    &["partner", "page", "operator"]
);
string_enum!(SubscriptionStatus, "Whether events are delivered; `disabled` after the receiver answered 410.", &["active", "disabled"]);
string_enum!(SubscriptionCreated, "The subscription was created.", &["subscription_created"]);
string_enum!(SubscriptionUpdated, "The subscription was updated.", &["subscription_updated"]);
string_enum!(SubscriptionDeleted, "The subscription was deleted.", &["subscription_deleted"]);

/// An access token.
#[derive(ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenSchema {
    /// The token for the header `auth`.
    token: String,
    /// When the token expires.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The lifetime of the token, in seconds.
    #[schema(minimum = 1)]
    expires_in: u64,
}

/// A problem with a value that was stored anyway.
#[derive(ToSchema)]
#[schema(as = Warning)]
pub(crate) struct WarningSchema {
    /// The field with the problem.
    field: String,
    /// A code that does not change between versions.
    code: String,
    /// One sentence that explains the problem to a person.
    message: String,
}

/// A customer that was registered.
#[derive(ToSchema)]
#[schema(as = Registered)]
pub(crate) struct RegisteredSchema {
    /// The number of the customer, called `user_id` in other calls.
    #[schema(minimum = 1)]
    id: i64,
    /// The value that was sent.
    email: String,
    /// The value that was sent.
    name: String,
    /// The value that was sent.
    last_name: Option<String>,
    /// The value that was sent.
    identification_number: Option<String>,
    /// The value that was sent.
    identification_type: Option<String>,
    /// The value that was sent.
    country: String,
    customer_type: CustomerType,
    /// Whether the customer may buy and sell.
    kyc_valid: bool,
    kyc_status: KycStatus,
    /// The approved identity level.
    #[schema(minimum = 0, maximum = 2)]
    kyc_level: u8,
    /// The link to the identity form.
    kyc_form_url: String,
    /// Problems with values that were stored anyway.
    warnings: Vec<WarningSchema>,
}

/// A customer's identity check.
#[derive(ToSchema)]
#[schema(as = Kyc)]
pub(crate) struct KycSchema {
    /// The number of the customer.
    #[schema(minimum = 1)]
    user_id: i64,
    kyc_status: KycStatus,
    /// Whether the customer may buy and sell.
    kyc_valid: bool,
    /// The approved identity level: 1 after the identity form, 2 after the reinforced form.
    #[schema(minimum = 0, maximum = 2)]
    kyc_level: u8,
    /// The link to the identity form.
    kyc_form_url: String,
    /// Why the last check failed.
    reasons: Vec<String>,
    /// When the identity check last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// The price of a coin in a currency.
#[derive(ToSchema)]
#[schema(as = TokenPrice)]
pub(crate) struct TokenPriceSchema {
    /// The symbol of the coin.
    symbol: String,
    /// The symbol of the currency.
    fiat_symbol: String,
    /// The mid-market price.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    price: String,
    /// The price at which customers buy a coin, without fees.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    buy_price: String,
    /// The price at which customers sell a coin, without fees.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    sell_price: String,
    /// When the price was observed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Whether the price is too old to trade at.
    stale: bool,
}

/// The coins and currencies that can be traded.
#[derive(ToSchema)]
#[schema(as = Assets)]
pub(crate) struct AssetsSchema {
    /// The coins, each on its chain.
    coins: Vec<CoinSchema>,
    /// The currencies.
    fiats: Vec<FiatSchema>,
}

/// A coin on a chain.
#[derive(ToSchema)]
#[schema(as = Coin)]
pub(crate) struct CoinSchema {
    symbol: String,
    chain: String,
    decimals: u8,
    /// The token contract; absent for a chain's own coin.
    contract: Option<String>,
    /// The minimum amount of a sale, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    minimum: String,
    /// The maximum amount of an order, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    maximum: String,
    /// The number of confirmations after which a deposit is final.
    confirmations: u32,
    buy_enabled: bool,
    sell_enabled: bool,
    /// Whether this chain is used if a request contains only the symbol.
    default_chain: bool,
}

/// A currency.
#[derive(ToSchema)]
#[schema(as = Fiat)]
pub(crate) struct FiatSchema {
    symbol: String,
    decimals: u8,
}

/// A payment method of a country. Amounts are in major units.
#[derive(ToSchema)]
#[schema(as = PaymentMethod)]
pub(crate) struct PaymentMethodSchema {
    /// The name of the method. Upper and lower case are the same.
    payment_type: String,
    /// The country of the method (ISO 3166-1 alpha-3).
    country: String,
    fiat_symbol: String,
    kind: MethodKind,
    /// The minimum amount.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    min: String,
    /// The maximum amount.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    max: String,
    /// Amounts must be a multiple of this; others are refused with `validation_failed`.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    step: String,
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fee_fixed: String,
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fee_percent: String,
    /// The usual settlement time, as text for people.
    settlement_estimate: String,
    priced: Priced,
}

/// Fees, in major units of the currency.
#[derive(ToSchema)]
#[schema(as = Fees)]
pub(crate) struct FeesSchema {
    /// The fee for handling the payment or payout.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    processing: String,
    /// The fee for the transaction on the chain.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    network: String,
    /// The remainder that the rail of the payout cannot pay, because it pays only multiples of a step. Absent if it is zero.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    rounding: Option<String>,
    /// The sum of all fees.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    total: String,
}

/// The terms of a purchase.
#[derive(ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteSchema {
    /// The identifier of the quote. It contains the terms in sealed form.
    quote_id: String,
    /// The amount of the request.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: String,
    amount_in: AmountIn,
    fiat_symbol: String,
    symbol: String,
    chain: String,
    payment_type: String,
    /// The country of the method (ISO 3166-1 alpha-3).
    country: String,
    priced: Priced,
    /// The amount that the customer receives, in whole coins. An estimate if the price is fixed on arrival.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    tokens: String,
    /// The price of one coin.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    price: String,
    fees: FeesSchema,
    /// The amount that the customer pays, fees included.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    total_fiat: String,
    /// When the quote expires.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// The terms of a sale.
#[derive(ToSchema)]
#[schema(as = RampoffQuote)]
pub(crate) struct RampoffQuoteSchema {
    /// The identifier of the quote. It contains the terms in sealed form.
    quote_id: String,
    /// The amount that the customer sends, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: String,
    symbol: String,
    blockchain: String,
    /// The number of decimals of the coin.
    decimals: u8,
    fiat_symbol: String,
    /// The country of the customer and of the payout.
    country: String,
    /// The price of one coin.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    price: String,
    fees: FeesSchema,
    /// The amount that the customer receives, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount: String,
    /// When the quote expires.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A webhook subscription.
#[derive(ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionSchema {
    #[schema(pattern = "^whk_[0-9A-Za-z]{25}$")]
    id: String,
    r#type: SubscriptionType,
    url: String,
    status: SubscriptionStatus,
    /// When the subscription was disabled. Absent while it is active.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// The number of deliveries that were abandoned and can be replayed; 1,000 means 1,000 or more.
    #[schema(minimum = 0, maximum = 1000)]
    parked: u32,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the URL last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An event of your log.
#[derive(ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventSchema {
    #[schema(pattern = "^evt_[0-9A-Za-z]{25}$")]
    id: String,
    r#type: EventType,
    /// The sequence number of the event in your log: 1, 2, 3 … without gaps.
    #[schema(minimum = 1)]
    sequence: i64,
    #[schema(format = DateTime)]
    created_at: String,
    /// The object as its GET call returned it at that time.
    data: Value,
}

/// An error or a warning about a number.
#[derive(ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingSchema {
    /// A code that does not change between versions.
    code: String,
    /// What the customer should do, in English.
    message: String,
    /// What the customer should do, in Spanish.
    message_es: String,
}

/// What a number says about its holder.
#[derive(ToSchema)]
#[schema(as = Implied)]
pub(crate) struct ImpliedSchema {
    /// The date of birth; for a company's RFC, the date of foundation. If the century is ambiguous, the latest date in the past.
    #[schema(format = Date)]
    date: Option<String>,
    /// Whether the century of `date` is certain. An RFC contains only two digits of the year.
    century_is_certain: bool,
    sex: Option<Sex>,
    /// The kind of legal entity, in Spanish, as the issuing authority names it.
    entity: Option<String>,
    /// The place of birth, in Spanish.
    birthplace: Option<String>,
    /// The number of another document that this number contains: the DNI of a CUIT or RUC.
    contains: Option<String>,
}

/// The result of checking an identification number. `normalized`, `display`, `customer_type` and `implied` are `null` for an invalid number.
#[derive(ToSchema)]
#[schema(as = ValidatedIdentification)]
pub(crate) struct ValidatedIdentificationSchema {
    /// Whether the number is valid. This does not say to whom it was issued.
    valid: bool,
    /// The number without separators, in upper case.
    normalized: Option<String>,
    /// The number as the issuing authority prints it.
    display: Option<String>,
    customer_type: Option<CustomerType>,
    implied: Option<ImpliedSchema>,
    /// The reasons why it is invalid.
    faults: Vec<FindingSchema>,
    /// Warnings about a valid number.
    warnings: Vec<FindingSchema>,
}

/// The result of checking a bank account. Fields that only a valid account has are `null` for an invalid one.
#[derive(ToSchema)]
#[schema(as = ValidatedBankAccount)]
pub(crate) struct ValidatedBankAccountSchema {
    /// Whether the account number is valid. This does not say whether the account exists, nor who holds it.
    valid: bool,
    kind: Option<AccountKind>,
    /// The account without separators.
    normalized: Option<String>,
    /// The account in masked form, for display.
    masked: Option<String>,
    /// The name of the bank, if it is known.
    bank_name: Option<String>,
    /// The code of the bank, if the number contains one or the request named the bank.
    bank_code: Option<String>,
    /// The type of account, if the account needs one: `checking`, `savings`, `vista`, `rut`.
    account_type: Option<String>,
    /// The reasons why it is invalid.
    faults: Vec<FindingSchema>,
    /// Warnings about a valid account, such as an unknown bank code. Payouts to it are attempted.
    warnings: Vec<FindingSchema>,
}
