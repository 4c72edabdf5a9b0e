//! Views of objects for partners: a GET call and its webhook serialise the same type.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::customer::Customer;
use crate::customer::kyc::{KycLevel, KycStatus};
use crate::identity::bank_account;
use crate::money::amount::Amount;
use crate::order::arrival::{DeviationKind, Deviations};
use crate::order::pay_to::PayTo;
use crate::order::payment::{Payment, PaymentState};
use crate::order::rampoff::Rampoff;
use crate::order::{DestinationOrigin, PaymentStatus, ProvidedBy, PublicHoldReason, RampoffStatus, Reversal};
use crate::text::code::Code;
use crate::time::Timestamp;

/// A decimal number written into JSON as it is, so that a float loses no digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonDecimal(String);

impl JsonDecimal {
    /// An amount in major units, without trailing zeros.
    #[must_use]
    pub fn of(amount: Amount, decimals: u8) -> Self {
        Self(amount.to_major_short(decimals))
    }
}

impl Serialize for JsonDecimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for JsonDecimal {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0_isize)).into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for JsonDecimal {
    fn name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }
}

fn json<T: Serialize>(view: &T) -> String {
    serde_json::to_string(view).unwrap_or_default()
}

/// The current state of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Payment))]
pub struct PaymentView {
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9A-Za-z]{25}$"))]
    pub id: String,
    pub external_id: Option<String>,
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]+$"))]
    pub user_id: String,
    pub status: PaymentStatus,
    /// The amount that the customer pays, in minor units.
    pub fiat_amount: i64,
    /// The amount that the customer pays, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub fiat_amount_decimal: String,
    pub fiat_symbol: String,
    pub coin_symbol: String,
    pub coin_chain: String,
    /// The exact amount that the customer receives, in whole coins, as a JSON number.
    pub coin_amount: JsonDecimal,
    /// The amount that the customer receives, in whole coins, as a text.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub coin_amount_decimal: String,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// The name of the payer.
    pub holder: Option<String>,
    /// The transaction that sends the coins.
    pub txid: Option<String>,
    /// The amount that arrived, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub received_amount: String,
    pub exception: Option<DeviationKind>,
    pub reversal: Option<Reversal>,
    /// The confirmations of the transaction; 0 until it is final.
    pub confirmations: u32,
    /// The time until which the price is guaranteed and the coins are reserved.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// The time until which the payment waits for money. After `expires_at` the price is no longer guaranteed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub open_until: Timestamp,
    pub hold_reason: Option<PublicHoldReason>,
    /// All differences between what arrived and what was ordered. `exception` is the first of them.
    pub exceptions: Vec<ExceptionView>,
    /// The part of the received amount that is exchanged, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub accepted_amount: String,
    /// The part of the received amount that was set aside for a manual decision, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub set_aside_amount: String,
    /// The refunded amount, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub refunded_amount: String,
    /// The amount of coins that was sent, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub sent_amount: String,
    /// The account for a refund, if one was provided.
    pub refund_destination: Option<DestinationView>,
    /// The account to pay to. Only for payments by bank transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub pay_to: Option<PayTo>,
}

/// The destination of an order's money or coins, and who provided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OrderDestination))]
pub struct DestinationView {
    /// The account or wallet, masked.
    pub destination: String,
    /// Who provided the destination: you over the API, the holder of the link to the order's page, or an operator of the ramp.
    pub given_by: Option<ProvidedBy>,
    /// When the destination was provided.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub given_at: Option<Timestamp>,
    /// The time from which the destination is used automatically. A destination from the order's page waits, so that you can
    /// object. `null` if only an operator can release it.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub used_from: Option<Timestamp>,
}

impl DestinationView {
    /// The view of an account or wallet.
    #[must_use]
    pub fn of(destination: &str, origin: Option<&DestinationOrigin>) -> Self {
        Self {
            destination: bank_account::masked(destination),
            given_by: origin.map(|origin| origin.by),
            given_at: origin.map(|origin| origin.at),
            used_from: origin.and_then(|origin| origin.used_from),
        }
    }
}

/// A difference between what arrived for an order and what was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OrderDeviation))]
pub struct ExceptionView {
    pub kind: DeviationKind,
    /// The amount concerned, in major units of what arrives; for `short`, the missing amount.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub amount: String,
    /// When the difference was first seen.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
}

fn exceptions(deviations: &Deviations, decimals: u8) -> Vec<ExceptionView> {
    let shown = deviations.as_slice().iter();
    shown.map(|each| ExceptionView { kind: each.kind, amount: each.amount.to_major(decimals), at: each.at }).collect()
}

impl PaymentView {
    /// The view of a payment.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        let terms = &payment.terms;
        let coins = payment.taken.map_or(terms.coin_amount, |taken| taken.gives);
        let (sent, txid, confirmations) = match &payment.state {
            PaymentState::CoinsSent { coins, txid, confirmations, .. } => (*coins, Some(txid.clone()), *confirmations),
            _ => (Amount::ZERO, None, 0),
        };
        Self {
            id: payment.id.to_string(),
            external_id: payment.external_id.clone(),
            user_id: payment.customer.to_string(),
            status: payment.status(),
            fiat_amount: i64::try_from(terms.fiat_amount.minor()).unwrap_or(i64::MAX),
            fiat_amount_decimal: terms.fiat_amount.to_major(terms.fiat_decimals),
            fiat_symbol: terms.fiat.to_string(),
            coin_symbol: terms.coin.symbol.to_string(),
            coin_chain: terms.coin.chain.to_string(),
            coin_amount: JsonDecimal::of(coins, terms.coin_decimals),
            coin_amount_decimal: coins.to_major(terms.coin_decimals),
            created_at: payment.created_at,
            holder: payment.receipts.iter().find_map(|receipt| receipt.holder.as_ref().map(|holder| holder.reveal().to_owned())),
            txid,
            received_amount: payment.received().to_major(terms.fiat_decimals),
            exception: payment.exceptions.first(),
            reversal: payment.reversal,
            confirmations,
            expires_at: payment.held_until,
            open_until: payment.open_until,
            hold_reason: payment.hold_reason(),
            exceptions: exceptions(&payment.exceptions, terms.fiat_decimals),
            accepted_amount: payment.taken.map_or(Amount::ZERO, |taken| taken.accepted()).to_major(terms.fiat_decimals),
            set_aside_amount: payment.set_aside.to_major(terms.fiat_decimals),
            refunded_amount: payment.refunded.to_major(terms.fiat_decimals),
            sent_amount: sent.to_major(terms.coin_decimals),
            refund_destination: payment
                .refund_account
                .as_ref()
                .map(|account| DestinationView::of(account.account.reveal(), payment.refund_origin.as_ref())),
            pay_to: PayTo::of_payment(payment),
        }
    }

    /// The view as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// The current state of a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Rampoff))]
pub struct RampoffView {
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9A-Za-z]{25}$"))]
    pub id: String,
    pub external_id: Option<String>,
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]+$"))]
    pub user_id: String,
    pub status: RampoffStatus,
    pub blockchain: String,
    pub crypto: String,
    /// The amount that the customer sends, in minor units of the coin.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]+$"))]
    pub amount: String,
    /// The number of decimals of the coin.
    pub decimals: u8,
    /// The amount that the customer receives, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub fiat_amount: String,
    pub fiat_symbol: String,
    /// The transaction that sent the coins to the deposit address.
    pub txid: Option<String>,
    /// The confirmations of the transaction; 0 until it is final.
    pub confirmations: u32,
    /// The deposit address.
    pub wallet: String,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// The amount that arrived, in minor units of the coin.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]+$"))]
    pub received_amount: String,
    pub exception: Option<DeviationKind>,
    pub reversal: Option<Reversal>,
    /// The reference that the bank gave to the payout.
    pub bank_reference: Option<String>,
    /// The transaction of the refund.
    pub refund_txid: Option<String>,
    /// The time until which the price is guaranteed and the money is reserved.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// The time until which the ramp-off waits for coins. After `expires_at` the price is no longer guaranteed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub open_until: Timestamp,
    pub hold_reason: Option<PublicHoldReason>,
    /// All differences between what arrived and what was ordered. `exception` is the first of them.
    pub exceptions: Vec<ExceptionView>,
    /// The part of the received amount that is exchanged, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub accepted_amount: String,
    /// The part of the received amount that was set aside for a manual decision, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub set_aside_amount: String,
    /// The refunded amount after the network fee, in whole coins.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub refunded_amount: String,
    /// The amount that was paid out, in major units.
    #[cfg_attr(feature = "schema", schema(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub sent_amount: String,
    /// The bank account of the payout.
    pub payout_destination: DestinationView,
    /// The wallet for a refund, if one was provided.
    pub refund_destination: Option<DestinationView>,
}

impl RampoffView {
    /// The view of a ramp-off.
    #[must_use]
    pub fn of(rampoff: &Rampoff) -> Self {
        let terms = &rampoff.terms;
        Self {
            id: rampoff.id.to_string(),
            external_id: rampoff.external_id.clone(),
            user_id: rampoff.customer.to_string(),
            status: rampoff.status(),
            blockchain: terms.coin.chain.to_string(),
            crypto: terms.coin.symbol.to_string(),
            amount: terms.coin_amount.to_string(),
            decimals: terms.coin_decimals,
            fiat_amount: rampoff.payout_amount().to_major(terms.fiat_decimals),
            fiat_symbol: terms.fiat.to_string(),
            txid: rampoff.deposits.first().map(|deposit| deposit.txid.clone()),
            confirmations: rampoff.deposits.iter().map(|deposit| deposit.confirmations).max().unwrap_or(0),
            wallet: rampoff.deposit_address.clone(),
            created_at: rampoff.created_at,
            received_amount: rampoff.received().to_string(),
            exception: rampoff.exceptions.first(),
            reversal: rampoff.reversal,
            bank_reference: rampoff.bank_reference().map(str::to_owned),
            refund_txid: rampoff.refund_txid().map(str::to_owned),
            expires_at: rampoff.held_until,
            open_until: rampoff.open_until,
            hold_reason: rampoff.hold_reason(),
            exceptions: exceptions(&rampoff.exceptions, terms.coin_decimals),
            accepted_amount: rampoff.taken.map_or(Amount::ZERO, |taken| taken.accepted()).to_major(terms.coin_decimals),
            set_aside_amount: rampoff.set_aside.to_major(terms.coin_decimals),
            refunded_amount: rampoff.refunded.to_major(terms.coin_decimals),
            sent_amount: rampoff.sent_amount().to_major(terms.fiat_decimals),
            payout_destination: DestinationView::of(rampoff.destination.account.reveal(), rampoff.destination_origin.as_ref()),
            refund_destination: rampoff.refund_wallet.as_ref().map(|wallet| DestinationView::of(wallet, rampoff.refund_origin.as_ref())),
        }
    }

    /// The view as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// A customer's identity check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Kyc))]
pub struct KycView {
    /// The number of the customer.
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub user_id: i64,
    pub kyc_status: KycStatus,
    /// Whether the customer may buy and sell.
    pub kyc_valid: bool,
    /// The approved identity level: 1 after the identity form, 2 after the reinforced form.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 2))]
    pub kyc_level: u8,
    /// The link to the identity form.
    pub kyc_form_url: String,
    /// Why the last check failed.
    pub reasons: Vec<String>,
    /// When the identity check last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

impl KycView {
    /// The view of a customer's identity check; `public_url` is the base URL of our pages.
    #[must_use]
    pub fn of(customer: &Customer, public_url: &str) -> Self {
        let check = customer.kyc.check.as_ref();
        let status = customer.kyc.status();
        Self {
            user_id: customer.id.0,
            kyc_status: status,
            kyc_valid: status == KycStatus::Valid,
            kyc_level: customer.kyc.level.map_or(0, KycLevel::number),
            kyc_form_url: identity_url(public_url, ""),
            reasons: check.map(|check| check.reasons.clone()).unwrap_or_default(),
            updated_at: check.map_or(customer.created_at, |check| check.updated_at),
        }
    }

    /// The view as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// The link to a customer's identity form.
#[must_use]
pub fn identity_url(public_url: &str, token: &str) -> String {
    format!("{public_url}/kyc?token={token}")
}

/// The link to a payment's page.
#[must_use]
pub fn payment_url(public_url: &str, method: Code<16>, token: &str) -> String {
    format!("{public_url}/gateway/{}?token={token}", method.as_str().to_ascii_lowercase())
}

/// The link to an order's status page.
#[must_use]
pub fn status_url(public_url: &str, token: &str) -> String {
    format!("{public_url}/status?token={token}")
}
