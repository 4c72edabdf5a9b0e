//! The calls that are measured.

use std::sync::Arc;

use super::measure::MakeRequest;
use super::setting::Setting;
use crate::http::request;
use crate::partner;
use crate::random::Random;

/// Settings of an installation under measurement: none of its limits may be what is measured.
pub(super) const SETTINGS: &[(&str, &str)] = &[("RAMPART__RATE_LIMITS__ENABLED", "false"), ("RAMPART__LOG__LEVEL", "warn")];

/// A quote of a buy.
pub(super) fn quote(setting: &Setting) -> MakeRequest {
    let token = setting.token.clone();
    Arc::new(move |number| {
        let path = format!("/api/quote?amount={}&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR", 30 + number % 50);
        request("GET", &path, &token, None)
    })
}

/// A new payment by card of another customer each time.
pub(super) fn create_payment(setting: &Setting) -> MakeRequest {
    let (token, customers) = (setting.token.clone(), Arc::clone(&setting.customers));
    Arc::new(move |number| request("POST", "/api/createPayment", &token, Some(&payment_body(&customers, number))))
}

/// The body of the payment with this number.
pub(super) fn payment_body(customers: &[i64], number: u64) -> String {
    let customer = customers[usize::try_from(number).unwrap_or_default() % customers.len()];
    partner::payment(customer, &format!("bench-{number}"), 30 + number % 20, &Random::seeded(number).wallet())
}

/// A new ramp-off of another customer each time.
pub(super) fn create_rampoff(setting: &Setting) -> MakeRequest {
    let (token, customers) = (setting.token.clone(), Arc::clone(&setting.customers));
    Arc::new(move |number| {
        let customer = customers[usize::try_from(number).unwrap_or_default() % customers.len()];
        let body = partner::rampoff(customer, &format!("bench-{number}"), 30 + number % 20, &Random::seeded(number).wallet());
        request("POST", "/api/createRampoff", &token, Some(&body))
    })
}

/// The first page of a list.
pub(super) fn list(path: &'static str, setting: &Setting) -> MakeRequest {
    let token = setting.token.clone();
    Arc::new(move |_| request("GET", path, &token, None))
}
