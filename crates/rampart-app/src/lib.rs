//! The use cases of the ramp and the workers that call providers. Nothing else commits to the store.
//!
//! A use case is a function that takes the [`App`]: it loads, checks in the order of the API contract, decides one
//! [`rampart_core::step::Step`], commits it and answers. The floors, each using only those below it:
//!
//! - `operate` (operators), `pages` (customers) and `partner_api` (partners): one file a use case
//! - `workers`: what happens by itself
//! - `orders`, `ledger_check`, `retry`: what use cases and workers share
//! - `request`: what partners' requests have in common, beside how any request is read (`rampart_http`)
//! - `app`: the context that all of them are given
//! - `state`: what a process keeps beside the database

mod app;
mod config;
mod error;
pub mod ledger_check;
pub mod operate;
pub mod orders;
pub mod pages;
pub mod partner_api;
pub mod request;
mod retry;
pub mod state;
mod views;
pub mod workers;

pub use app::App;
pub use config::{AppConfig, Mode, RateLimits, RegistrationConfig, RetentionConfig, WebhooksConfig, WorkersConfig, check_public_url};
pub use error::{AppError, AppResult};
pub use operate::partners::{Credentials, PartnerChange};
pub use pages::{CustomerPage, GatewayAction, GatewaySession, PaymentPage, RampoffPage, StatusPage};
pub use partner_api::authenticate::Authenticate;
pub use partner_api::create_payment::CreatePayment;
pub use partner_api::create_rampoff::CreateRampoff;
pub use partner_api::events::EventsRequest;
pub use partner_api::give_destination::{SetPayoutAccount, SetRefundAccount, SetRefundWallet};
pub use partner_api::kyc::{KycCheck, KycForm};
pub use partner_api::lists::ListRequest;
pub use partner_api::payment_methods::PaymentMethodsRequest;
pub use partner_api::quotes::{QuoteRequest, RampoffQuoteRequest};
pub use partner_api::register_user::RegisterUser;
pub use partner_api::subscriptions::{SubscriptionCall, SubscriptionRequest};
pub use partner_api::token_price::TokenPriceRequest;
pub use partner_api::validate::{BankAccountView, FindingView, IdentificationView, ValidateBankAccount, ValidateIdentification};
pub use rampart_http::AuthenticatedPartner;
pub use state::clock::SystemClock;
pub use state::keys::{INSTALLATION_KEY_BYTES, Keys, fingerprint as key_fingerprint};
pub use state::metrics::AppMetrics;
pub use state::ports::{GatewayOutcome, GatewayPlayer, Ports};
pub use state::prices::PriceBoard;
pub use state::random::SystemRandomness;
pub use state::sources::Sources;
pub use views::{
    AssetsView, CoinView, CreatedResponse, EventPage, EventView, FeesView, FiatView, ListPage, PaymentMethodView, PaymentRoute, QuoteView,
    RampoffCreatedView, RampoffQuoteView, RedirectView, RegisteredView, SubscriptionStatus, SubscriptionView, TokenGrant, TokenPriceView,
    TransferView,
};
