//! The shapes of answers about orders; see [`super::replies`].
#![expect(dead_code, reason = "the types exist for their schemas")]

use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::replies::{AccountKind, DestinationGiver, HoldReason, OrderException, OrderReversal, PaymentStatus, RampoffStatus};

/// A payment that was made. Redirect methods have the first two; transfers have all.
#[derive(ToSchema)]
pub(crate) struct PaymentCreated {
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    payment_id: String,
    /// The page where the customer pays, or is told how.
    url_payment: String,
    /// The account to pay to: an IBAN, or the local account.
    #[schema(nullable = false)]
    iban: Option<String>,
    /// Its bank, where that is needed.
    bic: Option<String>,
    /// The reference to quote: 10 digits.
    #[schema(nullable = false, minimum = 0)]
    concept: Option<u64>,
    /// The account's holder.
    #[schema(nullable = false)]
    destination_name: Option<String>,
    /// How much, in major units.
    #[schema(nullable = false, pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: Option<String>,
    #[schema(nullable = false)]
    fiat_symbol: Option<String>,
    /// Until when the price is promised and coins are reserved.
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// Where to pay to, part by part.
    #[schema(nullable = false)]
    pay_to: Option<PayTo>,
}

/// Where a customer transfers to, part by part, as the forms of banks ask for it. `iban` says the same in one text.
#[derive(ToSchema)]
pub(crate) struct PayTo {
    /// The country, alpha-3.
    country: String,
    kind: Option<AccountKind>,
    /// The bank's name.
    bank: Option<String>,
    /// The bank's code.
    bank_code: Option<String>,
    /// The type of account, where the country's banks ask for one: `checking`, `savings`, `vista`, `rut`.
    account_type: Option<String>,
    /// The same in the country's words, such as `Cuenta corriente`.
    account_type_name: Option<String>,
    /// The number alone.
    number: String,
    /// The account's holder.
    holder: String,
    /// The holder's tax number, such as a RUT.
    tax_id: Option<String>,
    /// Where the payer's bank may send its notice.
    email: Option<String>,
    bic: Option<String>,
    /// The reference to quote: 10 digits.
    #[schema(pattern = "^[0-9]{10}$")]
    reference: String,
    /// Whether the account is this customer's own, so that money is matched by it and not by the reference.
    own_account: bool,
}

/// Something unusual about what arrived for an order.
#[derive(ToSchema)]
pub(crate) struct OrderDeviation {
    kind: OrderException,
    /// How much it concerns, in major units of what arrives: of a missing amount, what is missing.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: String,
    /// When it was first seen.
    #[schema(format = DateTime)]
    at: String,
}

/// Where money or coins of an order go, and who said so.
#[derive(ToSchema)]
pub(crate) struct OrderDestination {
    /// The account or wallet, masked.
    destination: String,
    /// Who gave it: you over the API, whoever has the link to the order's page, or an operator of the ramp.
    given_by: Option<DestinationGiver>,
    /// When it was given.
    #[schema(format = DateTime)]
    given_at: Option<String>,
    /// From when on it is followed without a person. What a page gave waits, so that you can object; nothing when only a person
    /// follows it.
    #[schema(format = DateTime)]
    used_from: Option<String>,
}

/// A payment as it stands.
#[derive(ToSchema)]
pub(crate) struct Payment {
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    id: String,
    external_id: Option<String>,
    #[schema(pattern = "^[0-9]+$")]
    user_id: String,
    status: PaymentStatus,
    /// What the customer pays, in minor units.
    fiat_amount: i64,
    /// The same in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount_decimal: String,
    fiat_symbol: String,
    coin_symbol: String,
    coin_chain: String,
    /// What the customer receives, in whole coins, exactly.
    #[schema(value_type = Number)]
    coin_amount: String,
    /// The same as a text.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    coin_amount_decimal: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Who paid.
    holder: Option<String>,
    /// The transaction that carries the coins.
    txid: Option<String>,
    /// What arrived, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    received_amount: String,
    exception: Option<OrderException>,
    reversal: Option<OrderReversal>,
    /// Confirmations of the coins; 0 until they are final.
    confirmations: u32,
    /// Until when the price is promised and coins are reserved.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Until when the payment waits for money. Behind `expires_at` it waits without a promised price.
    #[schema(format = DateTime)]
    open_until: String,
    hold_reason: Option<HoldReason>,
    /// Everything that was unusual about what arrived. `exception` is the first of it.
    exceptions: Vec<OrderDeviation>,
    /// What is exchanged of what arrived, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    accepted_amount: String,
    /// What was set aside for a person to decide, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    set_aside_amount: String,
    /// What went back, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    refunded_amount: String,
    /// The coins that were sent, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    sent_amount: String,
    /// Where money may go back to, if anybody has said so.
    refund_destination: Option<OrderDestination>,
    /// Where to pay to; payments by transfer only.
    #[schema(nullable = false)]
    pay_to: Option<PayTo>,
}

/// A number, written with every digit.
pub(crate) struct Number;

impl utoipa::PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        Schema::from(ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0_isize))).into()
    }
}

impl ToSchema for Number {}

/// A ramp-off that was made.
#[derive(ToSchema)]
pub(crate) struct RampoffCreated {
    /// Always `payment created`.
    rampoff: String,
    /// The address to send the coins to.
    wallet: String,
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    id: String,
    /// What the customer sends, in minor units of the coin.
    #[schema(pattern = "^[0-9]+$")]
    amount: String,
    /// The coin's decimals.
    decimals: u8,
    /// What the customer receives, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount: String,
    fiat_symbol: String,
    /// Until when the price is promised and money is reserved.
    #[schema(format = DateTime)]
    expires_at: String,
    /// A page that shows how it goes.
    url_status: String,
}

/// A ramp-off as it stands.
#[derive(ToSchema)]
pub(crate) struct Rampoff {
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    id: String,
    external_id: Option<String>,
    #[schema(pattern = "^[0-9]+$")]
    user_id: String,
    status: RampoffStatus,
    blockchain: String,
    crypto: String,
    /// What the customer sends, in minor units of the coin.
    #[schema(pattern = "^[0-9]+$")]
    amount: String,
    /// The coin's decimals.
    decimals: u8,
    /// What the customer receives, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount: String,
    fiat_symbol: String,
    /// The transaction that brought the coins.
    txid: Option<String>,
    /// Its confirmations, once they make it final.
    confirmations: u32,
    /// The address to send to.
    wallet: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// What arrived, in minor units of the coin.
    #[schema(pattern = "^[0-9]+$")]
    received_amount: String,
    exception: Option<OrderException>,
    reversal: Option<OrderReversal>,
    /// The bank's reference of the payout.
    bank_reference: Option<String>,
    /// The transaction that brought a refund.
    refund_txid: Option<String>,
    /// Until when the price is promised and money is reserved.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Until when the ramp-off waits for coins. Behind `expires_at` it waits without a promised price.
    #[schema(format = DateTime)]
    open_until: String,
    hold_reason: Option<HoldReason>,
    /// Everything that was unusual about what arrived. `exception` is the first of it.
    exceptions: Vec<OrderDeviation>,
    /// What is exchanged of what arrived, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    accepted_amount: String,
    /// What was set aside for a person to decide, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    set_aside_amount: String,
    /// What went back, less the network fee, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    refunded_amount: String,
    /// The money that was paid out, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    sent_amount: String,
    /// Where the money is paid out to.
    payout_destination: OrderDestination,
    /// Where coins may go back to, if anybody has said so.
    refund_destination: Option<OrderDestination>,
}
