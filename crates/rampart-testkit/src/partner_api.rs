//! The calls of the partner API, asked with the texts of a request. The application's own reader reads them, so that a wrong text is
//! refused as it is at the front door.

use rampart_app::orders::idempotency::invalid_request;
use rampart_app::request::RequestFields;
use rampart_app::request::field::IDEMPOTENCY_KEY;
use rampart_app::{
    App, AppResult, AuthenticatedPartner, CreatePayment, CreateRampoff, CreatedResponse, EventPage, EventsRequest, KycCheck, ListPage,
    ListRequest, PaymentMethodView, PaymentMethodsRequest, QuoteRequest, QuoteView, RampoffQuoteRequest, RampoffQuoteView, RegisterUser,
    SetPayoutAccount, SetRefundAccount, SetRefundWallet, SubscriptionCall, SubscriptionRequest, TokenPriceRequest, TokenPriceView,
};
use rampart_core::money::amount::AmountSent;
use rampart_core::order::view::{KycView, PaymentView, RampoffView};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::ClaimScope;

use rampart_app::partner_api as calls;
pub use rampart_app::partner_api::*;

/// A value of a form.
trait FormValue {
    fn json(&self) -> String;
}

impl FormValue for String {
    fn json(&self) -> String {
        serde_json::Value::from(self.as_str()).to_string()
    }
}

impl FormValue for AmountSent {
    fn json(&self) -> String {
        match self {
            // Only a JSON number may have an exponent.
            Self::Text(text) if text.starts_with(|first: char| first.is_ascii_digit()) && text.contains('e') => text.clone(),
            Self::Text(text) => text.json(),
            Self::Number(number) => number.clone(),
        }
    }
}

/// A form is the body of a request: each field absent, or with any text.
macro_rules! forms {
    ($($form:ident reads $request:ident::$table:ident as $scope:expr, { $($field:ident $(as $sent:literal)?: $kind:ident),* })*) => {
        $(
            #[doc = concat!("The texts of a [`", stringify!($request), "`].")]
            #[derive(Debug, Clone, Default)]
            pub struct $form {
                $(pub $field: Option<$kind>,)*
            }

            impl $form {
                async fn read(&self, app: &App, caller: &AuthenticatedPartner, key: Option<&str>) -> AppResult<RequestFields> {
                    if let Some(fault) = key.and_then(|key| IDEMPOTENCY_KEY.check_text(key).err()) {
                        return Err(Refusal::field(ErrorCode::ValidationFailed, "Idempotency-Key", fault).into());
                    }
                    let mut members: Vec<String> = Vec::new();
                    $(members.extend(self.$field.as_ref().map(|value| format!("\"{}\":{}", forms!(@name $field $($sent)?), value.json())));)*
                    let body = format!("{{{}}}", members.join(","));
                    match RequestFields::from_json($request::$table, body.as_bytes()) {
                        Ok(fields) => Ok(fields),
                        Err(invalid) => Err(invalid_request(app, caller, key, $scope, invalid).await),
                    }
                }
            }
        )*
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $sent:literal) => { $sent };
}

forms! {
    CreatePaymentForm reads CreatePayment::FIELDS as Some(ClaimScope::PaymentExternalId), {
        user_id: String, external_id: String, payment_type: String, fiat_symbol: String, fiat_amount: AmountSent, coin_symbol: String,
        coin_chain: String, wallet: String, callback_url: String, quote_id: String, refund_account: String
    }
    CreateRampoffForm reads CreateRampoff::FIELDS as Some(ClaimScope::RampoffExternalId), {
        user_id: String, amount: AmountSent, blockchain: String, symbol: String, iban: String, bank_name: String, bank_code: String,
        account_type: String, external_id: String, quote_id: String, refund_wallet: String
    }
    RegisterUserForm reads RegisterUser::FIELDS as None, {
        name: String, last_name: String, last_name2: String, phone: String, country: String, country_code: String, city: String,
        address: String, email: String, identification_number: String, identification_type: String, password: String,
        professional_activity: String, address_state: String, zipcode: String, dob: String, iban: String, bank_code: String,
        account_type: String, callback_url: String
    }
    QuoteForm reads QuoteRequest::FIELDS as None, {
        amount: AmountSent, symbol: String, chain: String, payment_type: String, fiat_symbol: String, amount_in: String, country: String
    }
    RampoffQuoteForm reads RampoffQuoteRequest::FIELDS as None, {
        amount: AmountSent, symbol: String, blockchain: String, fiat_symbol: String, country: String
    }
    TokenPriceForm reads TokenPriceRequest::FIELDS as None, { symbol: String, fiat_symbol: String, chain: String }
    SetRefundAccountForm reads SetRefundAccount::FIELDS as None, { payment_id: String, refund_account: String }
    SetRefundWalletForm reads SetRefundWallet::FIELDS as None, { rampoff_id: String, refund_wallet: String }
    SetPayoutAccountForm reads SetPayoutAccount::FIELDS as None, {
        rampoff_id: String, iban: String, bank_name: String, bank_code: String, account_type: String
    }
    SubscriptionForm reads SubscriptionRequest::FIELDS as None, { url: String, kind as "type": String, replay: String }
    ListForm reads ListRequest::FIELDS as None, {
        limit: String, cursor: String, status: String, user_id: String, external_id: String, from: String, to: String
    }
    EventsForm reads EventsRequest::FIELDS as None, { after: String, limit: String }
    KycCheckForm reads KycCheck::FIELDS as None, { user_id: String }
    PaymentMethodsForm reads PaymentMethodsRequest::FIELDS as None, { country: String, fiat_symbol: String }
}

/// A call that reads its form and runs the use case of the same name.
macro_rules! asked {
    ($($call:ident($form:ty, $request:ident $(, $key:ident)?) -> $view:ty;)*) => {
        $(
            #[doc = concat!("[`calls::", stringify!($call), "`] with the texts of its request.")]
            pub async fn $call(
                app: &App,
                caller: &AuthenticatedPartner,
                form: $form,
                $($key: Option<&str>,)?
            ) -> AppResult<$view> {
                let fields = form.read(app, caller, asked!(@key $($key)?)).await?;
                calls::$call(app, caller, &$request::of(&fields)?, $($key)?).await
            }
        )*
    };
    (@key) => { None };
    (@key $key:ident) => { $key };
}

asked! {
    create_payment(&CreatePaymentForm, CreatePayment, key) -> CreatedResponse;
    create_rampoff(&CreateRampoffForm, CreateRampoff, key) -> CreatedResponse;
    register_user(&RegisterUserForm, RegisterUser, key) -> CreatedResponse;
    set_refund_account(SetRefundAccountForm, SetRefundAccount, key) -> CreatedResponse;
    set_refund_wallet(SetRefundWalletForm, SetRefundWallet, key) -> CreatedResponse;
    set_payout_account(SetPayoutAccountForm, SetPayoutAccount, key) -> CreatedResponse;
    quote(&QuoteForm, QuoteRequest) -> QuoteView;
    rampoff_quote(&RampoffQuoteForm, RampoffQuoteRequest) -> RampoffQuoteView;
    payments(&ListForm, ListRequest) -> ListPage<PaymentView>;
    rampoffs(&ListForm, ListRequest) -> ListPage<RampoffView>;
}

/// [`calls::token_price`] with the texts of its request.
pub async fn token_price(app: &App, caller: &AuthenticatedPartner, form: &TokenPriceForm) -> AppResult<TokenPriceView> {
    calls::token_price(app, &TokenPriceRequest::of(&form.read(app, caller, None).await?)?).await
}

/// [`calls::payment_methods`] with the texts of its request.
pub async fn payment_methods(
    app: &App,
    caller: &AuthenticatedPartner,
    country: Option<String>,
    fiat_symbol: Option<String>,
) -> AppResult<Vec<PaymentMethodView>> {
    let fields = PaymentMethodsForm { country, fiat_symbol }.read(app, caller, None).await?;
    calls::payment_methods(app, &PaymentMethodsRequest::of(&fields)?).await
}

/// [`calls::kyc_check`] with the text of its request.
pub async fn kyc_check(app: &App, caller: &AuthenticatedPartner, user_id: Option<String>) -> AppResult<KycView> {
    let fields = KycCheckForm { user_id }.read(app, caller, None).await?;
    calls::kyc_check(app, caller, &KycCheck::of(&fields)?).await
}

/// [`calls::events`] with the texts of its request.
pub async fn events(app: &App, caller: &AuthenticatedPartner, after: Option<String>, limit: Option<String>) -> AppResult<EventPage> {
    let fields = EventsForm { after, limit }.read(app, caller, None).await?;
    calls::events(app, caller, &EventsRequest::of(&fields)?).await
}

/// [`calls::put_subscription`] with the texts of its request.
pub async fn put_subscription(
    app: &App,
    caller: &AuthenticatedPartner,
    call: SubscriptionCall,
    form: SubscriptionForm,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let fields = form.read(app, caller, key).await?;
    calls::put_subscription(app, caller, call, &SubscriptionRequest::of(&fields)?, key).await
}

/// Subscribes to an event type.
pub async fn subscribe(
    app: &App,
    caller: &AuthenticatedPartner,
    url: Option<String>,
    kind: Option<String>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    put_subscription(app, caller, SubscriptionCall::Subscribe, SubscriptionForm { url, kind, replay: None }, key).await
}

/// Changes the URL of a subscription.
pub async fn update_subscription(
    app: &App,
    caller: &AuthenticatedPartner,
    url: Option<String>,
    kind: Option<String>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    put_subscription(app, caller, SubscriptionCall::Update, SubscriptionForm { url, kind, replay: None }, key).await
}
