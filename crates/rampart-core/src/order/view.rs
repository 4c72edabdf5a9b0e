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
use crate::order::{DestinationOrigin, ProvidedBy, Reversal};
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

fn json<T: Serialize>(view: &T) -> String {
    serde_json::to_string(view).unwrap_or_default()
}

/// A payment as returned by `GET /api/payment/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentView {
    pub id: String,
    pub external_id: Option<String>,
    pub user_id: String,
    pub status: &'static str,
    /// What the customer pays, in minor units.
    pub fiat_amount: i64,
    /// `fiat_amount` in major units.
    pub fiat_amount_decimal: String,
    pub fiat_symbol: String,
    pub coin_symbol: String,
    pub coin_chain: String,
    /// What the customer receives, in whole coins.
    pub coin_amount: JsonDecimal,
    /// `coin_amount` as a string.
    pub coin_amount_decimal: String,
    pub created_at: Timestamp,
    pub holder: Option<String>,
    /// The transaction that delivers the coins; from `coins_sent` on.
    pub txid: Option<String>,
    /// In major units.
    pub received_amount: String,
    /// The first deviation, in the order of [`DeviationKind`].
    pub exception: Option<DeviationKind>,
    pub reversal: Option<Reversal>,
    /// Confirmations of the coins; 0 until they are final.
    pub confirmations: u32,
    /// End of the price promise and of the reservation.
    pub expires_at: Timestamp,
    /// End of waiting for money; after `expires_at` without a promised price.
    pub open_until: Timestamp,
    pub hold_reason: Option<&'static str>,
    /// Every deviation.
    pub exceptions: Vec<ExceptionView>,
    /// Exchanged, in major units.
    pub accepted_amount: String,
    /// In major units.
    pub set_aside_amount: String,
    /// In major units.
    pub refunded_amount: String,
    /// Coins sent, in whole coins.
    pub sent_amount: String,
    /// The refund account, if one was given.
    pub refund_destination: Option<DestinationView>,
    /// Payment instructions; only for payments by transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_to: Option<PayTo>,
}

/// A destination, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DestinationView {
    /// The account or wallet, masked.
    pub destination: String,
    /// `None` if not recorded.
    pub given_by: Option<ProvidedBy>,
    /// `None` if not recorded.
    pub given_at: Option<Timestamp>,
    /// From when it is used without an operator; `None` if only an operator uses it.
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

/// A deviation of what arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionView {
    pub kind: DeviationKind,
    /// The amount it concerns, in major units of what arrives.
    pub amount: String,
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

/// A ramp-off as returned by `GET /api/getRampoff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RampoffView {
    pub id: String,
    pub external_id: Option<String>,
    pub user_id: String,
    pub status: &'static str,
    pub blockchain: String,
    pub crypto: String,
    /// What the customer sends, in minor units of the coin.
    pub amount: String,
    pub decimals: u8,
    /// What the customer receives, in major units.
    pub fiat_amount: String,
    pub fiat_symbol: String,
    /// The transaction of the first deposit.
    pub txid: Option<String>,
    /// Confirmations that made the deposit final; 0 before.
    pub confirmations: u32,
    pub wallet: String,
    pub created_at: Timestamp,
    /// In minor units of the coin.
    pub received_amount: String,
    /// The first deviation, in the order of [`DeviationKind`].
    pub exception: Option<DeviationKind>,
    pub reversal: Option<Reversal>,
    pub bank_reference: Option<String>,
    pub refund_txid: Option<String>,
    /// End of the price promise and of the reservation.
    pub expires_at: Timestamp,
    /// End of waiting for coins; after `expires_at` without a promised price.
    pub open_until: Timestamp,
    pub hold_reason: Option<&'static str>,
    /// Every deviation.
    pub exceptions: Vec<ExceptionView>,
    /// Exchanged, in whole coins.
    pub accepted_amount: String,
    /// In whole coins.
    pub set_aside_amount: String,
    /// In whole coins.
    pub refunded_amount: String,
    /// Money paid out, in major units.
    pub sent_amount: String,
    pub payout_destination: DestinationView,
    /// The refund wallet, if one was given.
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

/// An identity check as returned by `GET /api/kyc/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KycView {
    pub user_id: i64,
    pub kyc_status: KycStatus,
    pub kyc_valid: bool,
    /// The approved level: 0, 1 or 2.
    pub kyc_level: u8,
    /// The form's URL. Stored without its token, which is added when it is returned.
    pub kyc_form_url: String,
    pub reasons: Vec<String>,
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
