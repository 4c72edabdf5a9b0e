//! The shapes of answers. These types are never made: the answers are views of the core and the application, which
//! know nothing of this description; the contract tests compare the two.
#![expect(dead_code, reason = "the types exist for their schemas")]

use rampart_core::payment::PaymentState;
use rampart_core::rampoff::RampoffState;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

pub(crate) use super::orders::{Payment, PaymentCreated, Rampoff, RampoffCreated};

fn words(about: &str, words: &[&str]) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(words.iter().copied())).into()
}

/// A text that is one of a list kept elsewhere.
macro_rules! word {
    ($name:ident, $about:literal, $list:expr) => {
        #[doc = $about]
        pub(crate) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                words($about, $list).into()
            }
        }

        impl ToSchema for $name {}
    };
}

word!(PaymentStatus, "Where a payment stands.", &PaymentState::STATUSES);
word!(RampoffStatus, "Where a ramp-off stands.", &RampoffState::STATUSES);
word!(EventType, "What happened.", &rampart_core::event::EventType::ALL.map(rampart_core::event::EventType::as_str));
word!(SubscriptionType, "A type of event, as it was subscribed.", crate::calls::EVENT_TYPES);
word!(KycStatus, "Where an identity check stands.", &["unused", "processing", "valid", "fail"]);
word!(CustomerType, "Person or company.", &["individual", "company"]);
word!(MethodKind, "How money arrives.", &["redirect", "bank_transfer"]);
word!(Sex, "The sex a document tells.", &["male", "female", "unspecified"]);
word!(
    AccountKind,
    "What kind of account it is.",
    &["iban", "clabe", "debit_card", "mobile_number", "cbu", "cvu", "alias", "cci", "chilean_account", "colombian_account", "bre_b_key"]
);
word!(Priced, "When the price is fixed: with the order, or when its money arrives.", &["order", "arrival"]);
word!(AmountIn, "What the amount counts.", &["fiat", "coin"]);
word!(
    OrderException,
    "What was unusual about an order.",
    &["late", "short", "over", "foreign_payer", "wrong_network", "wrong_asset", "duplicate"]
);
word!(HoldReason, "Why an order is on hold.", &rampart_core::order::HoldReason::SHOWN);
word!(OrderReversal, "What was taken back of an order.", &["chargeback", "bank_return", "reorganisation"]);
word!(
    DestinationGiver,
    "Who gave a destination: the partner over the API, whoever has the page's link, or an operator.",
    &["partner", "page", "operator"]
);
word!(SubscriptionStatus, "Whether it is delivered to; `disabled` after its receiver answered 410.", &["active", "disabled"]);
word!(SubscriptionCreated, "The subscription stands.", &["subscription_created"]);
word!(SubscriptionUpdated, "The subscription has its new URL.", &["subscription_updated"]);
word!(SubscriptionDeleted, "The subscription has ended.", &["subscription_deleted"]);

/// A token.
#[derive(ToSchema)]
pub(crate) struct Token {
    /// The token for the header `auth`.
    token: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: String,
    /// How long that is, in seconds.
    #[schema(minimum = 1)]
    expires_in: u64,
}

/// A doubt about a value that was stored all the same.
#[derive(ToSchema)]
pub(crate) struct Warning {
    /// The field it is about.
    field: String,
    /// A stable code.
    code: String,
    /// One sentence for a person.
    message: String,
}

/// A customer that was registered.
#[derive(ToSchema)]
pub(crate) struct Registered {
    /// The customer's number, `user_id` elsewhere.
    #[schema(minimum = 1)]
    id: i64,
    /// As sent.
    email: String,
    /// As sent.
    name: String,
    /// As sent.
    last_name: Option<String>,
    /// As sent.
    identification_number: Option<String>,
    /// As sent.
    identification_type: Option<String>,
    /// As sent.
    country: String,
    customer_type: CustomerType,
    /// Whether the customer may trade.
    kyc_valid: bool,
    kyc_status: KycStatus,
    /// The approved level.
    #[schema(minimum = 0, maximum = 2)]
    kyc_level: u8,
    /// The identity form.
    kyc_form_url: String,
    /// What was stored although it does not hold.
    warnings: Vec<Warning>,
}

/// A customer's identity check.
#[derive(ToSchema)]
pub(crate) struct Kyc {
    /// The customer.
    #[schema(minimum = 1)]
    user_id: i64,
    kyc_status: KycStatus,
    /// Whether the customer may trade.
    kyc_valid: bool,
    /// The approved level: 1 is the form, 2 the reinforced one.
    #[schema(minimum = 0, maximum = 2)]
    kyc_level: u8,
    /// The identity form.
    kyc_form_url: String,
    /// Why the last check failed.
    reasons: Vec<String>,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A coin's price in a currency.
#[derive(ToSchema)]
pub(crate) struct TokenPrice {
    /// The coin.
    symbol: String,
    /// The currency.
    fiat_symbol: String,
    /// The middle of the market.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    price: String,
    /// What a customer pays for a coin, without fees.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    buy_price: String,
    /// What a customer gets for a coin, without fees.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    sell_price: String,
    /// When the price was observed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Whether it is too old to trade at.
    stale: bool,
}

/// What is traded.
#[derive(ToSchema)]
pub(crate) struct Assets {
    /// The coins, each on its chain.
    coins: Vec<Coin>,
    /// The currencies.
    fiats: Vec<Fiat>,
}

/// A coin on a chain.
#[derive(ToSchema)]
pub(crate) struct Coin {
    symbol: String,
    chain: String,
    decimals: u8,
    /// The token contract; absent for a chain's own coin.
    contract: Option<String>,
    /// The least that can be sold, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    minimum: String,
    /// The most that can be traded in one order, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    maximum: String,
    /// How many confirmations make a deposit final.
    confirmations: u32,
    buy_enabled: bool,
    sell_enabled: bool,
    /// Whether this chain is taken when a request names only the symbol.
    default_chain: bool,
}

/// A currency.
#[derive(ToSchema)]
pub(crate) struct Fiat {
    symbol: String,
    decimals: u8,
}

/// A payment method of a country. Amounts are in major units.
#[derive(ToSchema)]
pub(crate) struct PaymentMethod {
    /// Its name; matched without regard to case.
    payment_type: String,
    /// The country, alpha-3.
    country: String,
    fiat_symbol: String,
    kind: MethodKind,
    /// The least it takes.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    min: String,
    /// The most it takes.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    max: String,
    /// What it takes is a multiple of this: an amount that is not is answered `validation_failed`.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    step: String,
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fee_fixed: String,
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fee_percent: String,
    /// How long money takes, for people.
    settlement_estimate: String,
    priced: Priced,
}

/// Fees, in major units of the currency.
#[derive(ToSchema)]
pub(crate) struct Fees {
    /// For handling the payment or payout.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    processing: String,
    /// For the chain.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    network: String,
    /// What the payout's rail cannot pay, because it pays whole steps only; absent where there is nothing of it.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    rounding: Option<String>,
    /// All of them.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    total: String,
}

/// The terms of a purchase.
#[derive(ToSchema)]
pub(crate) struct Quote {
    /// The sealed statement of these terms.
    quote_id: String,
    /// The amount that was asked about.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: String,
    amount_in: AmountIn,
    fiat_symbol: String,
    symbol: String,
    chain: String,
    payment_type: String,
    /// The method's country, alpha-3.
    country: String,
    priced: Priced,
    /// What the customer receives, in whole coins; an estimate where the price is fixed on arrival.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    tokens: String,
    /// The price of one coin.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    price: String,
    fees: Fees,
    /// All that the customer pays.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    total_fiat: String,
    /// Until when the quote is good.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// The terms of a sale.
#[derive(ToSchema)]
pub(crate) struct RampoffQuote {
    /// The sealed statement of these terms.
    quote_id: String,
    /// The coins that the customer sends.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: String,
    symbol: String,
    blockchain: String,
    /// The coin's decimals.
    decimals: u8,
    fiat_symbol: String,
    /// The customer's country, which the payout is for.
    country: String,
    /// The price of one coin.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    price: String,
    fees: Fees,
    /// What the customer receives.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount: String,
    /// Until when the quote is good.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A webhook subscription.
#[derive(ToSchema)]
pub(crate) struct Subscription {
    #[schema(pattern = "^whk_[0-9A-Za-z]{25}$")]
    id: String,
    r#type: SubscriptionType,
    url: String,
    status: SubscriptionStatus,
    /// Since when it is disabled; absent while it is active.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// How many deliveries were given up and wait for a replay; 1,000 are that or more.
    #[schema(minimum = 0, maximum = 1000)]
    parked: u32,
    #[schema(format = DateTime)]
    created_at: String,
    /// When its URL last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An event of the log.
#[derive(ToSchema)]
pub(crate) struct Event {
    #[schema(pattern = "^evt_[0-9A-Za-z]{25}$")]
    id: String,
    r#type: EventType,
    /// Its place in your log: 1, 2, 3 … without a gap.
    #[schema(minimum = 1)]
    sequence: i64,
    #[schema(format = DateTime)]
    created_at: String,
    /// The object as its GET call showed it then.
    data: Value,
}

/// What is wrong with a number, or odd about it.
#[derive(ToSchema)]
pub(crate) struct Finding {
    /// A stable code.
    code: String,
    /// What to do next, in English.
    message: String,
    /// The same in Spanish.
    message_es: String,
}

/// What a number tells of its holder.
#[derive(ToSchema)]
pub(crate) struct Implied {
    /// Date of birth; for a company's RFC the date it was founded. Where the century is open, the later date that has passed.
    #[schema(format = Date)]
    date: Option<String>,
    /// Whether the century of `date` is certain: an RFC has two figures of the year only.
    century_is_certain: bool,
    sex: Option<Sex>,
    /// The kind of entity, in Spanish, as the issuing body names it.
    entity: Option<String>,
    /// The place of birth, in Spanish.
    birthplace: Option<String>,
    /// The number of another document inside this one: the DNI of a CUIT or RUC.
    contains: Option<String>,
}

/// What was found about an identification's number. What only a right number has is null for a wrong one.
#[derive(ToSchema)]
pub(crate) struct ValidatedIdentification {
    /// Whether it holds. Nothing is said about whom it was issued to.
    valid: bool,
    /// Without separators, upper case.
    normalized: Option<String>,
    /// As the issuing body prints it.
    display: Option<String>,
    customer_type: Option<CustomerType>,
    implied: Option<Implied>,
    /// Why it does not hold.
    faults: Vec<Finding>,
    /// What is odd about it without making it wrong.
    warnings: Vec<Finding>,
}

/// What was found about a bank account. What only a right account has is null for a wrong one.
#[derive(ToSchema)]
pub(crate) struct ValidatedBankAccount {
    /// Whether it holds. Nothing is said about whether it exists, nor whose it is.
    valid: bool,
    kind: Option<AccountKind>,
    /// Without separators.
    normalized: Option<String>,
    /// As it may be shown.
    masked: Option<String>,
    /// The bank's name, where the code tells.
    bank_name: Option<String>,
    /// The bank's code, where the number has one or the bank was named.
    bank_code: Option<String>,
    /// The kind of account, where one is needed: `checking`, `savings`, `vista`, `rut`.
    account_type: Option<String>,
    /// Why it does not hold.
    faults: Vec<Finding>,
    /// What is odd about it without making it wrong: a bank's code that is on no list of ours. A payout to it is tried.
    warnings: Vec<Finding>,
}
