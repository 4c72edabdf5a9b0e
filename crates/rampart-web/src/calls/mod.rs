//! The calls of the partner API, one file each.

mod authenticate;
mod available_assets;
mod create_payment;
mod create_rampoff;
mod delete_webhook;
mod events;
mod get_rampoff;
mod kyc_check;
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
mod token_price;
mod update_webhook_subscription;
mod validate_bank_account;
mod validate_identification;
mod webhooks;

use rampart_http::Call;

use crate::state::Web;

/// Every call, in the order of the documentation.
pub(crate) static ALL: &[&Call<Web>] = &[
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
