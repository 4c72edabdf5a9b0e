//! The calls of the partner API, one file each.

mod authenticate;
mod available_assets;
mod create_payment;
mod create_rampoff;
mod delete_webhook;
mod events;
mod get_rampoff;
mod kyc_check;
mod list;
mod payment;
mod payment_methods;
mod payments;
mod quote;
mod rampoff_quote;
mod rampoffs;
mod register_user;
mod set_payout_account;
mod set_refund_account;
mod set_refund_wallet;
mod subscribe_to_webhook;
mod table;
mod token_price;
mod update_webhook_subscription;
mod validate_bank_account;
mod validate_identification;
mod webhooks;

pub(crate) use table::Calls;

use crate::call::Call;
use crate::field::{Field, Kind, optional};

/// Every call, in the order of the documentation.
pub(crate) static ALL: &[&Call] = &[
    &authenticate::CALL,
    &register_user::CALL,
    &kyc_check::CALL,
    &token_price::CALL,
    &available_assets::CALL,
    &payment_methods::CALL,
    &quote::CALL,
    &create_payment::CALL,
    &payment::CALL,
    &payments::CALL,
    &set_refund_account::CALL,
    &rampoff_quote::CALL,
    &create_rampoff::CALL,
    &get_rampoff::CALL,
    &rampoffs::CALL,
    &set_refund_wallet::CALL,
    &set_payout_account::CALL,
    &subscribe_to_webhook::CALL,
    &update_webhook_subscription::CALL,
    &webhooks::CALL,
    &delete_webhook::CALL,
    &events::CALL,
    &validate_identification::CALL,
    &validate_bank_account::CALL,
];

/// The largest customer number: numbers up to here survive every JSON reader.
const LARGEST_USER: i64 = (1 << 53) - 1;
/// What a `user_id` is.
const USER: Kind = Kind::Integer(1, LARGEST_USER);
/// What an `external_id` is.
const EXTERNAL_ID: Kind = Kind::Text(128);
/// What a sealed quote is.
const QUOTE: Kind = Kind::Token(2_048);
/// What a country is, by name or code.
const COUNTRY: Kind = Kind::Text(60);
/// What a currency is.
const CURRENCY: Kind = Kind::Code(4);
/// What a coin is.
const COIN: Kind = Kind::Code(12);
/// What a chain is, and what a payment method is.
const NAME: Kind = Kind::Code(16);
/// What an identifier is. One of another form is one that does not exist.
const IDENTIFIER: Kind = Kind::Token(128);

/// The bank's name beside an account to pay to.
const BANK_NAME: Field =
    optional("bank_name", Kind::Text(100), "The bank's name. Where the account needs a bank and no `bank_code` is sent, it tells which.");
/// The bank beside an account.
const BANK_CODE: Field = optional("bank_code", Kind::Text(64), "The bank, where the account needs one: its code, or its name.");
/// The kind beside an account.
const ACCOUNT_TYPE: Field = optional(
    "account_type",
    Kind::Text(64),
    "The kind of account, where it needs one, in Spanish or English: `checking` (`corriente`), `savings` (`ahorros`), in Chile `vista` and `rut` (`CuentaRUT`) as well.",
);

/// The types of event that can be subscribed to.
pub(crate) const EVENT_TYPES: &[&str] = &[
    "PAY_IN",
    "COINS_SENT",
    "CRYPTO_RECEIVED",
    "RAMPOFF_FINISHED",
    "TRANSFER_RAMPOFF_FINISHED",
    "KYC_UPDATED",
    "PAYMENT_UPDATED",
    "RAMPOFF_UPDATED",
];

/// The fields of a subscription.
const SUBSCRIPTION: &[Field] = &[
    crate::field::required("url", Kind::Link, "Where to deliver, without a user name or password. In live mode it must be https, at port 443 or another that the operator allows, and not lead into a private network.")
        .example(r#""https://partner.example/webhooks/rampart""#),
    crate::field::required(
        "type",
        Kind::Choice(EVENT_TYPES),
        "Which events. `TRANSFER_RAMPOFF_FINISHED` is a later name of `RAMPOFF_FINISHED`; events are delivered under the name subscribed.",
    )
    .example(r#""PAY_IN""#),
    crate::field::optional(
        "replay",
        Kind::Choice(&["true", "false"]),
        "`true` to have what was parked for this subscription delivered again, as if it were new: up to 10,000 deliveries a call, the oldest first. See `parked` of `GET /api/webhooks`.",
    ),
];

#[cfg(test)]
mod tests {
    use rampart_core::event::EventType;

    use super::*;

    #[test]
    fn every_event_type_can_be_subscribed_to() {
        for kind in EventType::ALL {
            assert!(EVENT_TYPES.contains(&kind.as_str()), "{kind}");
        }
        assert!(EVENT_TYPES.iter().all(|name| name.parse::<EventType>().is_ok()));
    }
}
