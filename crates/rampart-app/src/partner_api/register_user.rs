//! `registerUser`: registers a customer.

use rampart_core::customer::kyc::{Kyc, KycLevel, KycStatus};
use rampart_core::customer::{Customer, Identification, Profile, ProvidedBankAccount, Warning};
use rampart_core::id::CustomerId;
use rampart_core::identity::country::Country;
use rampart_core::identity::email::Email;
use rampart_core::identity::identification::{self, AgeCheck, CustomerType, Date, DocumentType, DocumentWarning};
use rampart_core::identity::phone;
use rampart_core::order::view::identity_url;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::record::RecordKey;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;
use url::Url;

use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::orders::date_of_birth::{self, DateOfBirth};
use crate::orders::idempotency::StoredResponse;
use crate::orders::page_links::{KYC_FORM_URL, with_token};
use crate::orders::{documents, idempotency, order_checks, page_links};
use crate::request::common::{ACCOUNT_TYPE, BANK_CODE};
use crate::request::field::{FieldKind, MAX_COUNTRY_CHARACTERS, optional, required};
use crate::request::{CompareAs, FieldFaults, request};
use crate::state::customer_number;
use crate::views::{CreatedResponse, RegisteredView};
use rampart_http::AuthenticatedPartner;

const OPERATION: &str = "POST /api/registerUser";

request! {
    /// The request of `registerUser`, compared as sent. It has no `Debug`, because nearly everything in it is personal.
    RegisterUser refused by [EmailNotAllowed, InvalidIdentification, InvalidBankAccount, UserAlreadyExists] {
        name: &'a str = required(FieldKind::Text(100), "Given name, or a company's name.").example(r#""Alvaro""#);
        last_name: Option<&'a str> = optional(FieldKind::Text(100), "First family name.").example(r#""Iglesia""#);
        last_name2: Option<&'a str> = optional(FieldKind::Text(100), "Second family name.").example(r#""Vicente""#);
        phone: Option<&'a str> = optional(FieldKind::AsTyped(phone::MAX_CHARACTERS), "Telephone number. An invalid number is stored and reported in `warnings`.").example(r#""+54xxxxxxxxx""#).compared(CompareAs::Text);
        country: Option<&'a str> = optional(COUNTRY, "The country of residence: its name in Spanish or English, or its ISO code. Either this or `country_code` is required; if both are sent, they must name the same country.").example(r#""Argentina""#);
        country_code: Option<&'a str> = optional(COUNTRY, "The country of residence by its ISO code.").example(r#""ARG""#);
        city: Option<&'a str> = optional(FieldKind::Text(100), "City.").example(r#""Buenos Aires""#);
        address: Option<&'a str> = optional(FieldKind::Text(200), "Street and number.").example(r#""Fray Justo St. María de Oro 2121""#);
        email: Email = required(FieldKind::Email, "E-mail address, unique among your customers.").example(r#""email@gmail.com""#);
        identification_number: Option<&'a str> = optional(FieldKind::AsTyped(40), "The number of the identification document. It needs `identification_type`. Required before any Latin American operation.").example(r#""11111111""#).compared(CompareAs::Text);
        identification_type: Option<&'a str> = optional(FieldKind::Text(40), "The document type, spelled as the \"Table of documents\" in docs/documents.md lists it for the country.").example(r#""DNI""#);
        password: Option<&'a str> = optional(FieldKind::Secret(6), "Accepted for compatibility. Its length is checked; it is not stored and not used.").example(r#""123456""#).compared(CompareAs::Never);
        professional_activity: Option<&'a str> = optional(FieldKind::Text(100), "The customer's occupation.").example(r#""Developer""#);
        address_state: Option<&'a str> = optional(FieldKind::Text(100), "State or province.").example(r#""CABA""#);
        zipcode: Option<&'a str> = optional(FieldKind::Text(20), "Postal code.").example(r#""1425""#);
        dob: Option<Date> = optional(FieldKind::Date, "Date of birth.").example(r#""1986-05-03""#);
        iban: Option<&'a str> = optional(FieldKind::AsTyped(64), "The bank account for payouts: an IBAN, CBU or CVU, CLABE, CCI, or `bank/type/number`. An invalid account is stored and reported in `warnings`.").example(r#""123123123""#).compared(CompareAs::Text);
        bank_code: Option<&'a str> = BANK_CODE;
        account_type: Option<&'a str> = ACCOUNT_TYPE;
        callback_url: Option<Url> = optional(FieldKind::BrowserLink, "The URL to which the customer is sent after the identity form.").compared(CompareAs::Text);
    }
}

const COUNTRY: FieldKind = FieldKind::Text(MAX_COUNTRY_CHARACTERS);

/// Parses an identification: both fields or neither.
pub(crate) fn read_identification(
    faults: &mut FieldFaults,
    country: Option<Country>,
    document: Option<&str>,
    number: Option<&str>,
) -> Option<(Identification, identification::ValidDocument)> {
    let (document, number) = match (document, number) {
        (None, None) => return None,
        (Some(document), Some(number)) => (document, number),
        (None, Some(_)) => {
            faults.fault(ErrorCode::FailMandatoryField, "identification_type", "is required with identification_number");
            return None;
        }
        (Some(_), None) => {
            faults.fault(ErrorCode::FailMandatoryField, "identification_number", "is required with identification_type");
            return None;
        }
    };
    let country = country?;
    let Ok(document) = document.parse::<DocumentType>() else {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("'{document}' is not a document of {country}; use one of {allowed}");
        faults.fault(ErrorCode::InvalidIdentification, "identification_type", message);
        return None;
    };
    match identification::check(country, document, number) {
        Ok(checked) => {
            let (number, normalized) = (Redacted::new(number), checked.normalized().into());
            Some((Identification { document, number, normalized }, checked))
        }
        Err(fault) => {
            let field = match fault {
                identification::DocumentError::WrongCountry { .. } => "identification_type",
                _ => "identification_number",
            };
            faults.fault(ErrorCode::InvalidIdentification, field, fault.to_string());
            None
        }
    }
}

/// Warning: the number leaves open whether its holder is of age.
pub(crate) const BIRTH_NEEDED: &str = "dob_needed";

/// Checks that identification and date of birth agree, and that the customer is old enough. Returns the date of birth,
/// taken from the number when none was sent.
pub(crate) fn check_birth_date(
    faults: &mut FieldFaults,
    warnings: &mut Vec<Warning>,
    birth: Option<DateOfBirth>,
    identified: Option<&(Identification, identification::ValidDocument)>,
    minimum_age: u8,
    now: Timestamp,
) -> Option<String> {
    let checked = identified.map(|(_, checked)| checked);
    if let (Some(checked), Some(sent)) = (checked, birth.as_ref().map(|birth| birth.date))
        && let Err(fault) = checked.agrees_with_birth(sent)
    {
        faults.fault(ErrorCode::InvalidIdentification, "identification_number", fault.to_string());
    }
    for warn_or_refuse in
        checked.iter().flat_map(|checked| checked.doubts()).filter(|warn_or_refuse| *warn_or_refuse != DocumentWarning::Minor)
    {
        warnings.push(Warning {
            field: "identification_number".into(),
            code: warn_or_refuse.code().into(),
            message: warn_or_refuse.to_string(),
        });
    }
    let is_person = checked.is_none_or(|checked| checked.customer_type == CustomerType::Individual);
    if !is_person {
        return birth.map(|birth| birth.date.to_string());
    }
    let implied = checked.map(|checked| checked.implied(now)).filter(|implied| implied.century_is_certain).and_then(|implied| implied.date);
    let birth = birth.or_else(|| implied.and_then(|date| date_of_birth::of(date, now)));
    let majority = identified.map_or(AgeCheck::Unknown, |(given, _)| given.document.majority(given.normalized.reveal(), minimum_age, now));
    let of_minors = checked.is_some_and(|checked| checked.doubts().any(|warn_or_refuse| warn_or_refuse == DocumentWarning::Minor));
    let is_minor_by_document = majority == AgeCheck::Minor && !of_minors;
    let is_minor = birth.as_ref().map_or(is_minor_by_document, |birth| birth.age < u16::from(minimum_age));
    if is_minor && !of_minors {
        faults.malformed("dob", format!("must be the date of birth of somebody who is at least {minimum_age}"));
    } else if is_minor || (of_minors && birth.is_none()) {
        let field = if is_minor { "dob" } else { "identification_type" };
        let message = format!("customers under {minimum_age} can register and cannot trade");
        warnings.push(Warning { field: field.into(), code: DocumentWarning::Minor.code().into(), message });
    } else if birth.is_none() && majority == AgeCheck::Open {
        let message = format!("the number may be of somebody under {minimum_age}: the date of birth is needed before any operation");
        warnings.push(Warning { field: "dob".into(), code: BIRTH_NEEDED.into(), message });
    }
    birth.map(|birth| birth.date.to_string())
}

/// A validated registration.
struct Registration {
    email: Email,
    country: Country,
    country_as_sent: String,
    identification: Option<Identification>,
    customer_type: CustomerType,
    bank_account: Option<ProvidedBankAccount>,
    profile: Profile,
    callback_url: Option<String>,
    warnings: Vec<Warning>,
}

/// Registers a customer of the partner.
///
/// # Errors
/// [`RegisterUser::CODES`], after a conflict with an earlier request; `invalid_bank_account` only with strict settings.
pub async fn register_user(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &RegisterUser<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let idempotency = idempotency::idempotent_request(app, caller, OPERATION, key, None, request.sent).await?;
    if let Some(stored @ StoredResponse::Answer { .. }) =
        idempotency.stored_response(&idempotency::existing_claims(app, &idempotency, None).await?)?
    {
        return replay_registration(app, stored);
    }
    let registration = read_registration(app, request)?;
    let emails: Vec<String> = registration.email.keys().iter().map(|key| format!("{}:{key}", caller.partner.id)).collect();
    let created_at = app.business.now();
    let mut customer = Customer {
        id: customer_number::draw(&*app.randomness, 0),
        version: 0,
        partner: caller.partner.id,
        email: registration.email.written().into(),
        country: registration.country,
        country_as_sent: registration.country_as_sent,
        customer_type: registration.customer_type,
        profile: registration.profile,
        identification: registration.identification,
        bank_account: registration.bank_account,
        warnings: registration.warnings,
        kyc: Kyc::default(),
        earlier_link: None,
        callback_url: registration.callback_url,
        banned: None,
        charged_back: None,
        counts_as: None,
        created_at,
    };
    let mut taken = 0;
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let data = registered_json(app, &customer)?;
        let document = documents::count_by_document(app, &mut customer).await?;
        let mut step = Step::new();
        step.claims.extend(idempotency.claims(app, customer.id, &data));
        step.claims.extend(emails.iter().map(|email| Claim::forever(ClaimScope::CustomerEmail, email.clone(), customer.id)));
        step.claims.extend(document);
        step.write(customer.clone());
        return match app.commit(step).await {
            Ok(_) => Ok(CreatedResponse {
                data: with_token(&data, KYC_FORM_URL, &page_links::identity_token(app, customer.id)),
                replayed: false,
            }),
            Err(CommitError::Conflict(RecordKey::Customer(id))) if id == customer.id => {
                taken += 1;
                customer.id = customer_number::draw(&*app.randomness, taken);
                continue;
            }
            // Another registration with the same document was faster.
            Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::Document => continue,
            Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::CustomerEmail => {
                Err(already_exists(app, caller, &claim.subject).await)
            }
            Err(CommitError::AlreadyClaimed(claim)) => replay_registration(app, idempotency.stored_response_of(&claim)?),
            Err(error) => Err(error.into()),
        };
    }
    Err(AppError::Unavailable("the document is being registered too often, or no number is free".into()))
}

fn replay_registration(app: &App, stored: StoredResponse) -> AppResult<CreatedResponse> {
    let StoredResponse::Answer { data, subject } = stored else {
        return Err(AppError::defect("a registration was claimed as an order"));
    };
    let customer = subject.parse().map(CustomerId).map_err(|_| AppError::defect("a claim without its customer"))?;
    Ok(CreatedResponse { data: with_token(&data, KYC_FORM_URL, &page_links::identity_token(app, customer)), replayed: true })
}

async fn already_exists(app: &App, caller: &AuthenticatedPartner, subject: &str) -> AppError {
    let refusal = Refusal::from(ErrorCode::UserAlreadyExists);
    let Ok(id) = subject.parse::<i64>() else { return refusal.into() };
    match order_checks::customer_of(app, caller, CustomerId(id)).await {
        Ok(customer) => {
            let url = page_links::identity_link(app, customer.id);
            refusal.with_data(serde_json::json!({ "id": id, "kyc_form_url": url })).into()
        }
        Err(AppError::Refusal(_)) => refusal.into(),
        Err(error) => error,
    }
}

/// `data` of the response as it is stored: the link has no token.
fn registered_json(app: &App, customer: &Customer) -> AppResult<String> {
    let present = |text: &Redacted| Some(text.reveal().to_owned()).filter(|text| !text.is_empty());
    let status = customer.kyc.status();
    let view = RegisteredView {
        id: customer.id.0,
        email: customer.email.reveal().to_owned(),
        name: customer.profile.name.reveal().to_owned(),
        last_name: present(&customer.profile.last_name),
        identification_number: customer.identification.as_ref().map(|given| given.number.reveal().to_owned()),
        identification_type: customer.identification.as_ref().map(|given| given.document),
        country: customer.country_as_sent.clone(),
        customer_type: customer.customer_type,
        kyc_valid: status == KycStatus::Valid,
        kyc_status: status,
        kyc_level: customer.kyc.level.map_or(0, KycLevel::number),
        kyc_form_url: identity_url(&app.config.public_url, ""),
        warnings: customer.warnings.clone(),
    };
    serde_json::to_string(&view).map_err(|fault| AppError::Defect(Box::new(fault)))
}

/// The checks of fields that need each other, the settings or the time.
fn read_registration(app: &App, request: &RegisterUser<'_>) -> AppResult<Registration> {
    let settings = &app.config.registration;
    let mut faults = FieldFaults::default();
    let mut warnings = Vec::new();
    if settings.disposable_domains.iter().any(|known| request.email.is_below(known)) {
        let message = format!("addresses of {} are not accepted", request.email.domain_in_letters());
        faults.fault(ErrorCode::EmailNotAllowed, "email", message);
    }
    let country = read_country(&mut faults, request);
    let (document, number) = (request.identification_type, request.identification_number);
    let identification = read_identification(&mut faults, country.map(|(country, _)| country), document, number);
    let customer_type = identification.as_ref().map_or_else(CustomerType::default, |(_, checked)| checked.customer_type);
    let now = app.business.now();
    let birth = request.dob.and_then(|date| date_of_birth::read(&mut faults, Some(date), now));
    let birth = check_birth_date(&mut faults, &mut warnings, birth, identification.as_ref(), settings.minimum_age, now);
    if let (Some(text), Some((country, _))) = (request.phone, country) {
        check_phone(&mut faults, &mut warnings, country, text, settings.strict_contact);
    }
    let bank_account = request.iban.map(|account| ProvidedBankAccount {
        account: account.into(),
        bank_code: request.bank_code.map(str::to_owned),
        account_type: request.account_type.map(str::to_owned),
        bank_name: None,
    });
    if let (Some(given), Some((country, _))) = (&bank_account, country) {
        let code = ErrorCode::InvalidBankAccount;
        match app.own_accounts.check(country, given.given()) {
            // Doubts are warnings even in strict mode: only the rail knows whether the account can be paid.
            Ok(checked) => warnings.extend(checked.doubts().map(|warn_or_refuse| Warning {
                field: "iban".into(),
                code: warn_or_refuse.code().into(),
                message: warn_or_refuse.to_string(),
            })),
            Err(fault) => {
                warn_or_refuse(&mut faults, &mut warnings, settings.strict_contact, code, "iban", code.as_str(), fault.to_string())
            }
        }
    }
    let text = |value: Option<&str>| Redacted::new(value.unwrap_or_default());
    let profile = Profile {
        name: Redacted::new(request.name),
        last_name: text(request.last_name),
        last_name2: text(request.last_name2),
        phone: text(request.phone),
        city: text(request.city),
        address: text(request.address),
        address_state: text(request.address_state),
        zipcode: text(request.zipcode),
        date_of_birth: Redacted::new(birth.unwrap_or_default()),
        professional_activity: text(request.professional_activity),
        source_of_funds: Redacted::default(),
    };
    faults.finish_in_order(RegisterUser::CODES)?;
    let (country, country_as_sent) = country.ok_or(ErrorCode::ValidationFailed)?;
    let (email, callback_url) = (request.email.clone(), request.callback_url.as_ref().map(Url::to_string));
    let identification = identification.map(|(given, _)| given);
    let country_as_sent = country_as_sent.to_owned();
    Ok(Registration { email, country, country_as_sent, identification, customer_type, bank_account, profile, callback_url, warnings })
}

/// An invalid value is stored with a warning, or refused in strict mode.
fn warn_or_refuse(
    faults: &mut FieldFaults,
    warnings: &mut Vec<Warning>,
    strict: bool,
    code: ErrorCode,
    field: &'static str,
    warning: &str,
    message: String,
) {
    match strict {
        true => faults.fault(code, field, message),
        false => warnings.push(Warning { field: field.into(), code: warning.into(), message }),
    }
}

/// Doubts about a telephone number are warnings.
pub(crate) fn check_phone(faults: &mut FieldFaults, warnings: &mut Vec<Warning>, country: Country, text: &str, strict: bool) {
    match phone::check(country, text) {
        Ok(checked) => warnings.extend(checked.doubts.iter().map(|warn_or_refuse| Warning {
            field: "phone".into(),
            code: warn_or_refuse.code().into(),
            message: warn_or_refuse.to_string(),
        })),
        Err(fault) => warn_or_refuse(faults, warnings, strict, ErrorCode::ValidationFailed, "phone", "invalid_phone", fault.to_string()),
    }
}

/// The country, and the text it was sent as. Both fields must name the same country.
fn read_country<'a>(faults: &mut FieldFaults, request: &RegisterUser<'a>) -> Option<(Country, &'a str)> {
    let sent = [("country", request.country), ("country_code", request.country_code)];
    let mut found: Option<(Country, &str)> = None;
    for (field, text) in sent.into_iter().filter_map(|(field, text)| Some((field, text?))) {
        match (Country::find(text), found) {
            (None, _) => {
                let served = Country::served().map(|country| country.alpha3().to_owned()).collect::<Vec<_>>().join(", ");
                faults.malformed(field, format!("must be the name or the ISO code of a served country: {served}"));
            }
            (Some(country), Some((first, _))) if first != country => {
                faults.malformed(field, format!("names {country}, and country names {first}"));
            }
            (Some(country), known) => found = known.or(Some((country, text))),
        }
    }
    if sent.iter().all(|(_, text)| text.is_none()) {
        faults.fault(ErrorCode::FailMandatoryField, "country", "is required");
    }
    found
}
