//! The schemas of answers about orders; see [`super::responses`].
#![expect(dead_code, reason = "the types exist for their schemas")]

use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::responses::{AccountKind, DestinationGiver, HoldReason, OrderException, OrderReversal, PaymentStatus, RampoffStatus};

/// A payment that was created. Redirect methods return only the first two fields; bank transfers return all.
#[derive(ToSchema)]
#[schema(as = PaymentCreated)]
pub(crate) struct PaymentCreatedSchema {
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    payment_id: String,
    /// The page where the customer pays, or where the instructions for the transfer are shown.
    url_payment: String,
    /// The account to pay to: an IBAN, or the local account.
    #[schema(nullable = false)]
    iban: Option<String>,
    /// The BIC of the account's bank, if the transfer needs one.
    bic: Option<String>,
    /// The reference that the customer must give with the transfer: 10 digits.
    #[schema(nullable = false, minimum = 0)]
    concept: Option<u64>,
    /// The name of the account holder.
    #[schema(nullable = false)]
    destination_name: Option<String>,
    /// The amount to pay, in major units.
    #[schema(nullable = false, pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: Option<String>,
    #[schema(nullable = false)]
    fiat_symbol: Option<String>,
    /// The time until which the price is guaranteed and the coins are reserved.
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// The account to pay to, in separate fields.
    #[schema(nullable = false)]
    pay_to: Option<PayToSchema>,
}

/// The account that a customer transfers to, in separate fields as banking forms ask for them. `iban` contains the same account as one text.
#[derive(ToSchema)]
#[schema(as = PayTo)]
pub(crate) struct PayToSchema {
    /// The country of the account (ISO 3166-1 alpha-3).
    country: String,
    kind: Option<AccountKind>,
    /// The bank's name.
    bank: Option<String>,
    /// The bank's code.
    bank_code: Option<String>,
    /// The type of account, if banks of the country ask for one: `checking`, `savings`, `vista`, `rut`.
    account_type: Option<String>,
    /// The name of the account type in the country, such as `Cuenta corriente`.
    account_type_name: Option<String>,
    /// The account number without bank and type.
    number: String,
    /// The name of the account holder.
    holder: String,
    /// The tax number of the account holder, such as a RUT.
    tax_id: Option<String>,
    /// The e-mail address to which the payer's bank may send its confirmation.
    email: Option<String>,
    bic: Option<String>,
    /// The reference that the customer must give with the transfer: 10 digits.
    #[schema(pattern = "^[0-9]{10}$")]
    reference: String,
    /// Whether the account is used by this customer only. Then money is matched by the account and not by the reference.
    own_account: bool,
}

/// A difference between what arrived for an order and what was ordered.
#[derive(ToSchema)]
#[schema(as = OrderDeviation)]
pub(crate) struct OrderDeviationSchema {
    kind: OrderException,
    /// The amount concerned, in major units of what arrives; for `short`, the missing amount.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    amount: String,
    /// When the difference was first seen.
    #[schema(format = DateTime)]
    at: String,
}

/// The destination of an order's money or coins, and who provided it.
#[derive(ToSchema)]
#[schema(as = OrderDestination)]
pub(crate) struct OrderDestinationSchema {
    /// The account or wallet, masked.
    destination: String,
    /// Who provided the destination: you over the API, the holder of the link to the order's page, or an operator of the ramp.
    given_by: Option<DestinationGiver>,
    /// When the destination was provided.
    #[schema(format = DateTime)]
    given_at: Option<String>,
    /// The time from which the destination is used automatically. A destination from the order's page waits, so that you can
    /// object. `null` if only an operator can release it.
    #[schema(format = DateTime)]
    used_from: Option<String>,
}

/// The current state of a payment.
#[derive(ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentSchema {
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    id: String,
    external_id: Option<String>,
    #[schema(pattern = "^[0-9]+$")]
    user_id: String,
    status: PaymentStatus,
    /// The amount that the customer pays, in minor units.
    fiat_amount: i64,
    /// The amount that the customer pays, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount_decimal: String,
    fiat_symbol: String,
    coin_symbol: String,
    coin_chain: String,
    /// The exact amount that the customer receives, in whole coins, as a JSON number.
    #[schema(value_type = Number)]
    coin_amount: String,
    /// The amount that the customer receives, in whole coins, as a text.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    coin_amount_decimal: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// The name of the payer.
    holder: Option<String>,
    /// The transaction that sends the coins.
    txid: Option<String>,
    /// The amount that arrived, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    received_amount: String,
    exception: Option<OrderException>,
    reversal: Option<OrderReversal>,
    /// The confirmations of the transaction; 0 until it is final.
    confirmations: u32,
    /// The time until which the price is guaranteed and the coins are reserved.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The time until which the payment waits for money. After `expires_at` the price is no longer guaranteed.
    #[schema(format = DateTime)]
    open_until: String,
    hold_reason: Option<HoldReason>,
    /// All differences between what arrived and what was ordered. `exception` is the first of them.
    exceptions: Vec<OrderDeviationSchema>,
    /// The part of the received amount that is exchanged, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    accepted_amount: String,
    /// The part of the received amount that was set aside for a manual decision, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    set_aside_amount: String,
    /// The refunded amount, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    refunded_amount: String,
    /// The amount of coins that was sent, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    sent_amount: String,
    /// The account for a refund, if one was provided.
    refund_destination: Option<OrderDestinationSchema>,
    /// The account to pay to. Only for payments by bank transfer.
    #[schema(nullable = false)]
    pay_to: Option<PayToSchema>,
}

/// A JSON number, written with all its digits.
pub(crate) struct Number;

impl utoipa::PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        Schema::from(ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0_isize))).into()
    }
}

impl ToSchema for Number {}

/// A ramp-off that was created.
#[derive(ToSchema)]
#[schema(as = RampoffCreated)]
pub(crate) struct RampoffCreatedSchema {
    /// Always `payment created`.
    rampoff: String,
    /// The deposit address that the customer sends the coins to.
    wallet: String,
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    id: String,
    /// The amount that the customer sends, in minor units of the coin.
    #[schema(pattern = "^[0-9]+$")]
    amount: String,
    /// The number of decimals of the coin.
    decimals: u8,
    /// The amount that the customer receives, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount: String,
    fiat_symbol: String,
    /// The time until which the price is guaranteed and the money is reserved.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The page that shows the status of the order.
    url_status: String,
}

/// The current state of a ramp-off.
#[derive(ToSchema)]
#[schema(as = Rampoff)]
pub(crate) struct RampoffSchema {
    #[schema(pattern = "^[0-9A-Za-z]{25}$")]
    id: String,
    external_id: Option<String>,
    #[schema(pattern = "^[0-9]+$")]
    user_id: String,
    status: RampoffStatus,
    blockchain: String,
    crypto: String,
    /// The amount that the customer sends, in minor units of the coin.
    #[schema(pattern = "^[0-9]+$")]
    amount: String,
    /// The number of decimals of the coin.
    decimals: u8,
    /// The amount that the customer receives, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    fiat_amount: String,
    fiat_symbol: String,
    /// The transaction that sent the coins to the deposit address.
    txid: Option<String>,
    /// The confirmations of the transaction; 0 until it is final.
    confirmations: u32,
    /// The deposit address.
    wallet: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// The amount that arrived, in minor units of the coin.
    #[schema(pattern = "^[0-9]+$")]
    received_amount: String,
    exception: Option<OrderException>,
    reversal: Option<OrderReversal>,
    /// The reference that the bank gave to the payout.
    bank_reference: Option<String>,
    /// The transaction of the refund.
    refund_txid: Option<String>,
    /// The time until which the price is guaranteed and the money is reserved.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The time until which the ramp-off waits for coins. After `expires_at` the price is no longer guaranteed.
    #[schema(format = DateTime)]
    open_until: String,
    hold_reason: Option<HoldReason>,
    /// All differences between what arrived and what was ordered. `exception` is the first of them.
    exceptions: Vec<OrderDeviationSchema>,
    /// The part of the received amount that is exchanged, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    accepted_amount: String,
    /// The part of the received amount that was set aside for a manual decision, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    set_aside_amount: String,
    /// The refunded amount after the network fee, in whole coins.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    refunded_amount: String,
    /// The amount that was paid out, in major units.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$")]
    sent_amount: String,
    /// The bank account of the payout.
    payout_destination: OrderDestinationSchema,
    /// The wallet for a refund, if one was provided.
    refund_destination: Option<OrderDestinationSchema>,
}
