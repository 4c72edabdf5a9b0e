//! Refusals: valid requests that are not granted, each with a stable code.

use std::fmt;

/// Decides the HTTP status of a code in `documented` mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A business decision: 200 in `documented` mode.
    Business,
    /// An invalid field: 422 in `documented` mode.
    Field,
    /// Authentication, rate limits, transport and defects: the same status in both modes.
    Transport,
}

macro_rules! codes {
    ($($name:ident $text:literal $status:literal $family:ident $meaning:literal;)+) => {
        /// A stable error code of the partner API. The documentation's table of errors is generated from this table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $name),+
        }

        impl ErrorCode {
            /// Every code, in the documentation's order.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code's text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// HTTP status for partners with `http_errors = rest`.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            /// Decides the HTTP status for partners with `http_errors = documented`.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$name => Family::$family),+ }
            }

            /// The meaning, as documented.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }
        }
    };
}

codes! {
    AuthorizationIncorrect "authorization_incorrect" 401 Transport "The key, secret or token is wrong, expired or revoked, or this address may not call.";
    FailMandatoryField "fail_mandatory_field" 422 Field "A required field is absent.";
    ValidationFailed "validation_failed" 422 Field "A field is malformed.";
    UserNotFound "user_not_found" 404 Business "There is no such customer.";
    UserBanned "user_banned" 403 Business "The customer may not trade.";
    RequireKyc "require_kyc" 403 Business "The customer's identity is not verified; `data` is the form's URL.";
    KycReinforcedRequired "kyc_reinforced_required" 403 Business "A higher level of identity check would allow it; `data` is the form's URL.";
    LimitExceded "limit_exceded" 403 Business "The amount exceeds a limit that no level of identity check raises.";
    CoinNotSupported "coin_not_supported" 422 Business "The coin is not traded on this chain.";
    MinPurchase "min_purchase" 422 Business "The amount is below the minimum, which the message names.";
    MaxPurchase "max_purchase" 422 Business "The amount is above the maximum, which the message names.";
    MethodNotAllowed "method_not_allowed" 422 Business "The payment method cannot be used for this customer and currency.";
    ErrorPaymentCreation "error_payment_creation" 502 Business "A payment processor did not accept the payment.";
    UserAlreadyExists "user_already_exists" 409 Business "A customer of yours has this e-mail address; `data` names it.";
    EmailNotAllowed "email_not_allowed" 422 Business "Addresses of this e-mail provider are not accepted.";
    InvalidIdentification "invalid_identification" 422 Business "The identification is not valid; the message says why.";
    InvalidBankAccount "invalid_bank_account" 422 Business "The bank account cannot be paid to; the message says why.";
    InvalidWallet "invalid_wallet" 422 Business "The wallet is not an address that coins can be sent to.";
    PaymentNotFound "payment_not_found" 404 Business "There is no such payment.";
    RampoffNotFound "rampoff_not_found" 404 Business "There is no such ramp-off.";
    SubscriptionNotFound "subscription_not_found" 404 Business "There is no such subscription.";
    QuoteExpired "quote_expired" 409 Business "The quote is no longer valid.";
    QuoteUsed "quote_used" 409 Business "The quote was used before.";
    QuoteMismatch "quote_mismatch" 422 Business "The quote was made for other terms.";
    ExternalIdConflict "external_id_conflict" 409 Business "The `external_id` was used for another request.";
    IdempotencyConflict "idempotency_conflict" 409 Business "The `Idempotency-Key` was used for another request.";
    TooManyOpen "too_many_open" 409 Business "Too many unpaid orders are open.";
    NoLiquidity "no_liquidity" 409 Business "There are not enough coins or funds for this order at the moment.";
    PriceUnavailable "price_unavailable" 503 Transport "There is no current price; try again.";
    ServiceUnavailable "service_unavailable" 503 Transport "The service is busy or stopping; try again.";
    RateLimited "rate_limited" 429 Transport "Too many calls; `Retry-After` says when to try again.";
    BodyTooLarge "body_too_large" 413 Transport "The request's body is too large.";
    UnsupportedMediaType "unsupported_media_type" 415 Transport "The request's content type is not accepted here.";
    MalformedRequest "malformed_request" 400 Transport "The request is not valid HTTP; the message says why.";
    MalformedJson "malformed_json" 400 Transport "The request's body is not valid JSON.";
    NotFound "not_found" 404 Transport "There is no such path.";
    HttpMethodNotAllowed "http_method_not_allowed" 405 Transport "The path does not have this method.";
    RequestTimeout "request_timeout" 408 Transport "The request took too long to arrive.";
    HeadersTooLarge "headers_too_large" 431 Transport "The request's headers are too large.";
    UnexpectedError "unexpected_error" 500 Transport "Something went wrong on our side; it was logged under the request's id.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A request that was understood and is not granted.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// One sentence: what is wrong, and what would be right.
    pub message: String,
    /// Field names, each with what is wrong.
    pub fields: Vec<(String, String)>,
    /// The value of `data`, as the code's meaning defines it.
    pub data: Option<serde_json::Value>,
}

impl Refusal {
    /// A refusal with a message.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: Vec::new(), data: None }
    }

    /// A refusal because of one field.
    #[must_use]
    pub fn field(code: ErrorCode, field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message: format!("{field} {message}"), fields: vec![(field.to_owned(), message)], data: None }
    }

    /// Adds `data`.
    #[must_use]
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.data = Some(data);
        self
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.meaning())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
