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

pub(crate) use table::CallTable;

use crate::call::Call;
use crate::field::{FieldKind, FieldSpec, optional};

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

/// A `user_id`. At most 2^53 - 1, the largest integer that every JSON reader keeps exactly.
const USER: FieldKind = FieldKind::Integer(1, (1 << 53) - 1);
const EXTERNAL_ID: FieldKind = FieldKind::Text(128);
const QUOTE: FieldKind = FieldKind::Token(2_048);
/// A country, by name or ISO code.
const COUNTRY: FieldKind = FieldKind::Text(60);
const CURRENCY: FieldKind = FieldKind::Code(4);
const COIN: FieldKind = FieldKind::Code(12);
/// A chain or a payment method.
const NAME: FieldKind = FieldKind::Code(16);
/// An order's identifier. Its form is not checked: a malformed one is answered as not found.
const IDENTIFIER: FieldKind = FieldKind::Token(128);

const BANK_NAME: FieldSpec = optional(
    "bank_name",
    FieldKind::Text(100),
    "The name of the bank. It identifies the bank if the account needs one and `bank_code` is absent.",
);
const BANK_CODE: FieldSpec = optional("bank_code", FieldKind::Text(64), "The code or the name of the bank, if the account needs one.");
const ACCOUNT_TYPE: FieldSpec = optional(
    "account_type",
    FieldKind::Text(64),
    "The type of account, if the account needs one, in Spanish or English: `checking` (`corriente`) or `savings` (`ahorros`); in Chile also `vista` or `rut` (`CuentaRUT`).",
);

/// The event types that can be subscribed to.
pub(crate) const EVENT_TYPES: &[&str] = &rampart_core::partner::event::SubscriptionType::TEXTS;

const SUBSCRIPTION: &[FieldSpec] = &[
    crate::field::required("url", FieldKind::Link, "The URL that receives the events, without user name and password. In live mode it must use https on port 443 or another port that the operator allows, and must not resolve to a private network.")
        .example(r#""https://partner.example/webhooks/rampart""#),
    crate::field::required(
        "type",
        FieldKind::Choice(EVENT_TYPES),
        "The event type. `TRANSFER_RAMPOFF_FINISHED` is a newer name of `RAMPOFF_FINISHED`; events are delivered under the name that you subscribed to.",
    )
    .example(r#""PAY_IN""#),
    crate::field::optional(
        "replay",
        FieldKind::Choice(&["true", "false"]),
        "`true` delivers the parked events of this subscription again as if they were new: up to 10,000 per call, oldest first. See `parked` in `GET /api/webhooks`.",
    ),
];

#[cfg(test)]
mod tests {
    use rampart_core::partner::event::EventType;

    use super::*;

    #[test]
    fn every_event_type_can_be_subscribed_to() {
        for kind in EventType::ALL {
            assert!(EVENT_TYPES.contains(&kind.as_str()), "{kind}");
        }
        assert!(EVENT_TYPES.iter().all(|name| name.parse::<EventType>().is_ok()));
    }
}
