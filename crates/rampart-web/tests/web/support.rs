//! A client of the real router.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use rampart_app::operate::partners::rotate_partner_key;
use rampart_app::{App, Credentials, Sources};
use rampart_testkit::{KEY, TestApp};
use rampart_web::{Front, WebConfig};
use serde_json::Value;
use tower::ServiceExt;

/// A client of the router, with or without a token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) router: Front,
    pub(crate) token: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// The error code of a failure.
    pub(crate) fn code(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// `data` of a success.
    pub(crate) fn data(&self) -> Value {
        let json = self.json();
        assert_eq!(self.status, 200, "{json}");
        assert_ne!(json["status"], "error", "{json}");
        json["data"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Client {
    /// A client with the first partner's token and the default settings.
    pub(crate) async fn of(test: &TestApp) -> Self {
        Self::visitor(test).signed_in(test).await
    }

    /// A client without a token and with the default settings.
    pub(crate) fn visitor(test: &TestApp) -> Self {
        Self::with(test.app.clone(), WebConfig::default())
    }

    /// A client without a token.
    pub(crate) fn with(app: App, config: WebConfig) -> Self {
        Self { router: rampart_web::router(app, config, Vec::new()), token: None }
    }

    /// With the first partner's token.
    pub(crate) async fn signed_in(mut self, test: &TestApp) -> Self {
        self.token = Some(self.token_of(&test.credentials).await);
        self
    }

    async fn token_of(&self, credentials: &Credentials) -> String {
        let body = serde_json::json!({"api_key": credentials.api_key, "api_secret": credentials.api_secret.reveal()});
        self.post("/api/authenticate", &body).await.data()["token"].as_str().unwrap().to_owned()
    }

    /// A token of the second partner.
    pub(crate) async fn token_of_stranger(&self, test: &TestApp) -> String {
        let (stranger, now) = (test.stranger.partner.id, std::time::Duration::ZERO);
        self.token_of(&rotate_partner_key(&test.app, stranger, now, "test", "to sign in").await.unwrap()).await
    }

    /// The same client with another token, or none.
    pub(crate) fn token(&self, token: Option<&str>) -> Self {
        Self { router: self.router.clone(), token: token.map(str::to_owned) }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("auth", token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 16 << 20).await.unwrap();
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// `GET` with the token of the metrics.
    pub(crate) async fn get_as_operator(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {METRICS_TOKEN}");
        self.send(Method::GET, path, &[("authorization", &bearer)], Body::empty()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body).await
    }

    pub(crate) async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers: Vec<(&str, &str)> = std::iter::once(("content-type", "application/json")).chain(headers.iter().copied()).collect();
        self.send(Method::POST, path, &headers, body.to_string()).await
    }

    pub(crate) async fn post_form(&self, path: &str, form: &str) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/x-www-form-urlencoded")], form.to_owned()).await
    }
}

/// An application on another one's store with another real clock.
pub(crate) async fn app_with_clock(other: &App, real: Arc<dyn rampart_core::time::Clock>) -> App {
    let sources = Sources { business: other.business.clone(), real, randomness: Arc::new(rampart_app::SystemRandomness) };
    App::new(other.store.clone(), other.ports.clone(), other.config.clone(), other.catalogue.clone(), sources, &[KEY]).await.unwrap()
}

pub(crate) const METRICS_TOKEN: &str = "a-token-for-metrics";

/// Settings that enable `/metrics`.
pub(crate) fn with_metrics() -> WebConfig {
    WebConfig { metrics_token: Some(METRICS_TOKEN.into()), ..WebConfig::default() }
}

/// A clock that the test advances.
pub(crate) struct Manual(std::sync::atomic::AtomicI64);

impl Manual {
    pub(crate) fn at(now: rampart_core::time::Timestamp) -> Arc<Self> {
        Arc::new(Self(now.micros().into()))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, std::sync::atomic::Ordering::Relaxed);
    }
}

impl rampart_core::time::Clock for Manual {
    fn now(&self) -> rampart_core::time::Timestamp {
        rampart_core::time::Timestamp::from_micros(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }

    fn sleep_until(&self, _: rampart_core::time::Timestamp) -> rampart_core::time::Sleep {
        Box::pin(std::future::pending())
    }
}

/// A clock that never advances.
pub(crate) struct Standing(pub(crate) rampart_core::time::Timestamp);

impl rampart_core::time::Clock for Standing {
    fn now(&self) -> rampart_core::time::Timestamp {
        self.0
    }

    fn sleep_until(&self, _: rampart_core::time::Timestamp) -> rampart_core::time::Sleep {
        Box::pin(std::future::pending())
    }
}

/// The description of the API.
pub(crate) fn description() -> Value {
    serde_json::from_str(&rampart_web::openapi(Vec::new())).unwrap()
}

/// The registration of the documentation.
pub(crate) fn documented_registration() -> Value {
    serde_json::from_str(
        r#"{"name":"Alvaro","last_name":"Iglesia","last_name2":"Vicente","phone":"+54xxxxxxxxx","country":"Argentina","country_code":"ARG",
         "city":"Buenos Aires","address":"Fray Justo St. María de Oro 2121","email":"email@gmail.com","identification_number":"11111111",
         "password":"123456","professional_activity":"Developer","address_state":"CABA","zipcode":"1425","dob":"1986-05-03",
         "identification_type":"DNI","iban":"123123123"}"#,
    )
    .unwrap()
}

/// The payment of the documentation, for a customer.
pub(crate) fn documented_payment(user: i64) -> Value {
    serde_json::json!({"user_id": user, "external_id": "23232323231", "payment_type": "KHIPU", "fiat_symbol": "ARS", "fiat_amount": 240,
        "coin_symbol": "ETH", "coin_chain": "polygon", "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"})
}

/// A purchase with EUR.
pub(crate) fn purchase(user: i64, method: &str, amount: &Value) -> Value {
    serde_json::json!({"user_id": user, "payment_type": method, "fiat_symbol": "EUR", "fiat_amount": amount,
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"})
}
