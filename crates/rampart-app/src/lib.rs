//! The use cases of the ramp and the workers that call providers. Nothing else commits to the store.
//!
//! A use case is a method of [`App`] in a file of its own: it parses the request, checks it in the order of the API
//! contract, decides one [`rampart_core::step::Step`], commits it and answers.

mod app;
mod config;
mod error;
pub mod operate;
pub mod orders;
pub mod pages;
pub mod partner_api;
pub mod state;
mod views;
pub mod workers;

pub use app::{App, Sources};
pub use config::{AppConfig, Mode, RateLimits, RegistrationConfig, RetentionConfig, WebhooksConfig, check_public_url};
pub use error::{AppError, AppResult};
pub use operate::partners::{Credentials, PartnerChange};
pub use pages::{CustomerPage, GatewayAction, GatewaySession, KycForm, PaymentPage, RampoffPage, StatusPage};
pub use partner_api::authenticate::AuthenticatedPartner;
pub use partner_api::create_payment::CreatePayment;
pub use partner_api::create_rampoff::CreateRampoff;
pub use partner_api::give_destination::{SetPayoutAccount, SetRefundAccount, SetRefundWallet};
pub use partner_api::lists::ListRequest;
pub use partner_api::quotes::{QuoteRequest, RampoffQuoteRequest};
pub use partner_api::register_user::RegisterUser;
pub use partner_api::subscriptions::{SubscriptionCall, SubscriptionRequest};
pub use partner_api::token_price::TokenPriceRequest;
pub use partner_api::validate::{BankAccountView, FindingView, IdentificationView, ValidateBankAccount};
pub use state::clock::SystemClock;
pub use state::keys::{INSTALLATION_KEY_BYTES, Keys, fingerprint as key_fingerprint};
pub use state::ports::{GatewayOutcome, GatewayPlayer, Ports};
pub use state::prices::PriceBoard;
pub use state::random::SystemRandomness;
pub use views::{
    AmountUnit, AssetsView, CoinView, CreatedResponse, EventPage, EventView, FeesView, FiatView, ListPage, PaymentMethodView, PaymentRoute,
    QuoteView, RampoffCreatedView, RampoffQuoteView, RedirectView, RegisteredView, SubscriptionStatus, SubscriptionView, TokenGrant,
    TokenPriceView, TransferView,
};
pub use workers::WorkersConfig;
