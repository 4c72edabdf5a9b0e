//! The use cases of the partner API: a file for each, or for a group of like ones.

pub mod assets;
pub mod authenticate;
pub mod create_payment;
pub mod create_rampoff;
pub mod events;
pub mod give_destination;
pub mod kyc;
pub mod lists;
pub mod payment_methods;
pub mod quotes;
pub mod register_user;
pub mod subscriptions;
pub mod token_price;
pub mod validate;

pub use assets::available_assets;
pub use authenticate::{authenticate, caller, caller_for_key, secrets_of};
pub use create_payment::create_payment;
pub use create_rampoff::create_rampoff;
pub use events::events;
pub use give_destination::{give_refund_account, give_refund_wallet, set_payout_account, set_refund_account, set_refund_wallet};
pub use kyc::kyc_check;
pub use lists::{payment, payments, rampoff, rampoffs};
pub use payment_methods::payment_methods;
pub use quotes::{quote, rampoff_quote};
pub use register_user::register_user;
pub use subscriptions::{delete_subscription, put_subscription, subscriptions};
pub use token_price::token_price;
pub use validate::{validate_bank_account, validate_identification};
