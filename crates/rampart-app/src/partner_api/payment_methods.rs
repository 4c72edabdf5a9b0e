//! `paymentMethods`: the payment methods of a country's customers.

use rampart_core::catalogue::{Method, MethodKind};
use rampart_core::identity::country::Country;
use rampart_core::money::amount::Amount;
use rampart_core::refusal::{ErrorCode, Refusal};

use crate::app::App;
use crate::error::AppResult;
use crate::partner_api::token_price;
use crate::request::common::CURRENCY;
use crate::request::field::{FieldKind, optional, required};
use crate::request::request;
use crate::views::{PaymentMethodView, PaymentRoute};

request! {
    /// The request of `paymentMethods`.
    PaymentMethodsRequest refused by [] {
        country: Country = required(FieldKind::Country, "The country, by name or ISO code.").example(r#""ESP""#);
        fiat_symbol: Option<&'a str> = optional(CURRENCY, "Return only methods in this currency.").example(r#""EUR""#);
    }
}

/// The enabled payment methods of a country, optionally of one currency.
///
/// # Errors
/// `validation_failed` for an unknown currency.
pub async fn payment_methods(app: &App, request: &PaymentMethodsRequest<'_>) -> AppResult<Vec<PaymentMethodView>> {
    let wanted_fiat = request.fiat_symbol.map(|fiat| token_price::find_currency(app, fiat));
    if wanted_fiat == Some(None) {
        return Err(Refusal::field(ErrorCode::ValidationFailed, "fiat_symbol", "is not a currency that is traded here").into());
    }
    let methods =
        app.catalogue.methods.iter().filter(|method| {
            method.enabled && method.country == request.country && wanted_fiat.is_none_or(|fiat| fiat == Some(method.fiat))
        });
    Ok(methods.map(|method| method_view(app, method)).collect())
}

fn method_view(app: &App, method: &Method) -> PaymentMethodView {
    let decimals = app.catalogue.decimals(method.fiat.into()).unwrap_or(2);
    PaymentMethodView {
        payment_type: method.payment_type.to_string(),
        country: method.country.to_string(),
        fiat_symbol: method.fiat.to_string(),
        kind: if matches!(method.kind, MethodKind::Redirect(_)) { PaymentRoute::Redirect } else { PaymentRoute::BankTransfer },
        min: method.minimum.to_major(decimals),
        max: method.maximum.to_major(decimals),
        step: method.payable_step.to_major(decimals),
        fee_fixed: method.fee_fixed.to_major(decimals),
        // One percent is a hundred basis points.
        fee_percent: Amount::from_minor(i128::from(method.fee_basis_points)).to_major_short(2),
        settlement_estimate: method.settlement_estimate.clone(),
        priced: method.policy.priced(),
    }
}
