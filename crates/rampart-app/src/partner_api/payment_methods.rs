//! `paymentMethods`: the payment methods of a country's customers.

use rampart_core::catalogue::{Method, MethodKind};
use rampart_core::identity::country::Country;
use rampart_core::money::amount::Amount;

use crate::app::App;
use crate::error::AppResult;
use crate::partner_api::authenticate::AuthenticatedPartner;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS};
use crate::partner_api::token_price;
use crate::views::{PaymentMethodView, PaymentRoute};

/// The enabled payment methods of a country, optionally of one currency.
///
/// # Errors
/// `fail_mandatory_field`; `validation_failed` for an unknown country or currency.
pub async fn payment_methods(
    app: &App,
    _caller: &AuthenticatedPartner,
    country: Option<String>,
    fiat_symbol: Option<String>,
) -> AppResult<Vec<PaymentMethodView>> {
    let mut fields = FieldReader::new();
    let wanted_country = fields.required("country", &country, MAX_FIELD_CHARACTERS).map(Country::find);
    if wanted_country == Some(None) {
        fields.malformed("country", "must be the name or the ISO code of a served country, such as ESP");
    }
    let wanted_fiat = fields.optional("fiat_symbol", &fiat_symbol, MAX_FIELD_CHARACTERS).map(|fiat| token_price::find_currency(app, fiat));
    if wanted_fiat == Some(None) {
        fields.malformed("fiat_symbol", "is not a currency that is traded here");
    }
    fields.finish()?;
    let methods = app.catalogue.methods.iter().filter(|method| {
        method.enabled && Some(method.country) == wanted_country.flatten() && wanted_fiat.is_none_or(|fiat| fiat == Some(method.fiat))
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
