//! The measured calls.

use std::sync::Arc;

use super::installation::BenchInstallation;
use super::measure::MakeRequest;
use crate::http::request;
use crate::partner;

/// Settings of a measured installation. Rate limits are off so that they are not measured.
pub(super) const SETTINGS: &[(&str, &str)] = &[("RAMPART__RATE_LIMITS__ENABLED", "false"), ("RAMPART__LOG__LEVEL", "warn")];

/// A quote of a buy.
pub(super) fn quote(installation: &BenchInstallation) -> MakeRequest {
    let token = installation.token.clone();
    Arc::new(move |number| {
        let path = format!("/api/quote?amount={}&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR", 30 + number % 50);
        request("GET", &path, &token, None)
    })
}

/// Card payments of changing customers.
pub(super) fn create_payment(installation: &BenchInstallation) -> MakeRequest {
    let (token, customers) = (installation.token.clone(), Arc::clone(&installation.customers));
    Arc::new(move |number| request("POST", "/api/createPayment", &token, Some(&payment_body(&customers, number))))
}

pub(super) fn payment_body(customers: &[i64], number: u64) -> String {
    let customer = customers[usize::try_from(number).unwrap_or_default() % customers.len()];
    partner::payment(customer, &format!("bench-{number}"), 30 + number % 20, &wallet(number))
}

/// Ramp-offs of changing customers.
pub(super) fn create_rampoff(installation: &BenchInstallation) -> MakeRequest {
    let (token, customers) = (installation.token.clone(), Arc::clone(&installation.customers));
    Arc::new(move |number| {
        let customer = customers[usize::try_from(number).unwrap_or_default() % customers.len()];
        let body = partner::rampoff(customer, &format!("bench-{number}"), 30 + number % 20, &wallet(number));
        request("POST", "/api/createRampoff", &token, Some(&body))
    })
}

fn wallet(number: u64) -> String {
    partner::random_wallet(&mut fastrand::Rng::with_seed(number))
}

/// The first page of a list.
pub(super) fn list(path: &'static str, installation: &BenchInstallation) -> MakeRequest {
    let token = installation.token.clone();
    Arc::new(move |_| request("GET", path, &token, None))
}
