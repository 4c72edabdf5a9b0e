//! Customers: display and changes. The only place where personal data is shown.

use rampart_core::customer::Customer;
use rampart_core::customer::kyc::{Kyc, KycCheck, KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::refusal::ErrorCode;
use rampart_core::step::Step;
use serde::Serialize;

use super::{AuditLine, Operator, audit, audit_lines, operators_retry, refuse};
use crate::app::App;
use crate::error::AppResult;
use crate::workers::observe;

/// Everything known about a customer.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerFile {
    pub id: i64,
    pub partner: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    /// ISO 3166-1 alpha-3.
    pub country: String,
    pub address: String,
    pub date_of_birth: String,
    pub identification: Option<String>,
    pub bank_account: Option<String>,
    pub kyc_status: KycStatus,
    pub kyc_level: Option<KycLevel>,
    /// Reasons of the last check.
    pub kyc_reasons: Vec<String>,
    pub banned: Option<String>,
    /// Since when its paid orders are on hold because of a chargeback after coins had left.
    pub charged_back: Option<String>,
    pub warnings: Vec<String>,
    pub created_at: String,
    pub audit: Vec<AuditLine>,
}

async fn find(app: &App, id: CustomerId) -> AppResult<Customer> {
    Ok(app.store.customer(id).await?.ok_or(ErrorCode::UserNotFound)?)
}

fn subject(id: CustomerId) -> String {
    format!("customer:{id}")
}

/// Everything known about a customer.
///
/// # Errors
/// `user_not_found`.
pub async fn show(app: &App, id: CustomerId) -> AppResult<CustomerFile> {
    let customer = find(app, id).await?;
    let profile = &customer.profile;
    let address = [&profile.address, &profile.city, &profile.address_state, &profile.zipcode];
    let address: Vec<&str> = address.iter().map(|part| part.reveal()).filter(|part| !part.is_empty()).collect();
    Ok(CustomerFile {
        id: id.0,
        partner: customer.partner.to_string(),
        name: profile.full_name(),
        email: customer.email.reveal().to_owned(),
        phone: profile.phone.reveal().to_owned(),
        country: customer.country.to_string(),
        address: address.join(", "),
        date_of_birth: profile.date_of_birth.reveal().to_owned(),
        identification: customer.identification.as_ref().map(|given| format!("{} {}", given.document, given.normalized.reveal())),
        bank_account: customer.bank_account.as_ref().map(|given| given.account.reveal().to_owned()),
        kyc_status: customer.kyc.status(),
        kyc_level: customer.kyc.level,
        kyc_reasons: customer.kyc.check.as_ref().map(|check| check.reasons.clone()).unwrap_or_default(),
        banned: customer.banned.clone(),
        charged_back: customer.charged_back.map(|at| at.to_string()),
        warnings: customer.warnings.iter().map(|warning| format!("{}: {}", warning.field, warning.message)).collect(),
        created_at: customer.created_at.to_string(),
        audit: audit_lines(app, &subject(id)).await?,
    })
}

async fn change(
    app: &App,
    operator: &Operator,
    id: CustomerId,
    action: &str,
    alter: impl Fn(&Customer) -> AppResult<Customer>,
) -> AppResult<()> {
    let alter = &alter;
    operators_retry(app, "customer is", || async move {
        let before = find(app, id).await?;
        let after = alter(&before)?;
        let mut step = Step::new();
        observe::customer_changed(app, &before, after, &mut step);
        audit(app, operator, action, subject(id), &mut step);
        Ok((step, ()))
    })
    .await
}

/// Bans a customer. Orders whose money has arrived are stopped at their screening.
///
/// # Errors
/// `user_not_found`, or a refusal when the customer is banned already.
pub async fn ban(app: &App, operator: &Operator, id: CustomerId) -> AppResult<()> {
    change(app, operator, id, "customer.ban", |customer| match customer.banned {
        Some(_) => Err(refuse("the customer is banned already")),
        None => Ok(Customer { banned: Some(operator.reason.clone()), ..customer.clone() }),
    })
    .await
}

/// Lifts a ban, or the hold on paid orders after a chargeback.
///
/// # Errors
/// `user_not_found`, or a refusal when neither is set.
pub async fn unban(app: &App, operator: &Operator, id: CustomerId) -> AppResult<()> {
    change(app, operator, id, "customer.unban", |customer| match (&customer.banned, customer.charged_back) {
        (None, None) => Err(refuse("the customer is not banned")),
        _ => Ok(Customer { banned: None, charged_back: None, ..customer.clone() }),
    })
    .await
}

/// Sets the level of a customer's identity check by hand; `None` withdraws it.
///
/// # Errors
/// `user_not_found`.
pub async fn kyc(app: &App, operator: &Operator, id: CustomerId, level: Option<KycLevel>) -> AppResult<()> {
    change(app, operator, id, "customer.kyc", |customer| {
        let status = if level.is_some() { KycStatus::Valid } else { KycStatus::Unused };
        let check = KycCheck {
            level: level.unwrap_or(KycLevel::Basic),
            reference: "operator".to_owned(),
            status,
            reasons: Vec::new(),
            may_retry: true,
            document: None,
            updated_at: app.business.now(),
        };
        Ok(Customer { kyc: Kyc { level, check: Some(check) }, ..customer.clone() })
    })
    .await
}
