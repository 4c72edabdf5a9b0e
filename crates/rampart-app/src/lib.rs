//! The use cases of the ramp and the workers that call providers. Nothing else commits to the store.
//!
//! A use case is a method of [`App`] in a file of its own: it parses the request, checks it in the order of the API
//! contract, decides one [`rampart_core::step::Step`], commits it and answers.

mod app;
mod assets;
mod authenticate;
mod cached_lookup;
mod clock;
mod config;
mod create_payment;
mod create_rampoff;
mod customer_cache;
mod customer_number;
mod date_of_birth;
mod destination;
mod documents;
mod email;
mod error;
mod events;
mod fields;
mod give_destination;
pub mod health;
mod idempotency;
mod installation;
mod keys;
mod kyc;
mod lasting_secrets;
mod lists;
pub mod metrics;
mod mode;
pub mod network;
mod numbers;
pub mod operate;
mod orders;
mod page_links;
pub mod pages;
mod partners;
mod payment_methods;
mod ports;
mod prices;
mod quotes;
mod random;
mod register_user;
pub mod required_configuration;
pub mod stops;
mod subscriptions;
mod token_price;
mod validate;
mod views;
pub mod wake;
pub mod workers;

pub use app::{App, Sources};
pub use authenticate::AuthenticatedPartner;
pub use clock::SystemClock;
pub use config::{AppConfig, Mode, RateLimits, RegistrationConfig, RetentionConfig, WebhooksConfig, check_public_url};
pub use create_payment::CreatePayment;
pub use create_rampoff::CreateRampoff;
pub use error::{AppError, AppResult};
pub use give_destination::{SetPayoutAccount, SetRefundAccount, SetRefundWallet};
pub use keys::{INSTALLATION_KEY_BYTES, Keys, fingerprint as key_fingerprint};
pub use lists::ListRequest;
pub use pages::{CustomerPage, GatewayAction, GatewaySession, KycForm, PaymentPage, RampoffPage, StatusPage};
pub use partners::{Credentials, PartnerChange};
pub use ports::{GatewayOutcome, GatewayPlayer, Ports};
pub use prices::PriceBoard;
pub use quotes::{QuoteRequest, RampoffQuoteRequest};
pub use random::SystemRandomness;
pub use register_user::RegisterUser;
pub use subscriptions::{SubscriptionCall, SubscriptionRequest};
pub use token_price::TokenPriceRequest;
pub use validate::{BankAccountView, FindingView, IdentificationView, ValidateBankAccount};
pub use views::{
    AssetsView, CoinView, CreatedResponse, EventPage, EventView, FeesView, FiatView, ListPage, PaymentMethodView, QuoteView,
    RampoffCreatedView, RampoffQuoteView, RedirectView, RegisteredView, SubscriptionView, TokenGrant, TokenPriceView, TransferView,
};
pub use workers::WorkersConfig;
