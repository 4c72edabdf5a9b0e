//! `validate/identification` and `validate/bankAccount`: validation for partners' own forms. An invalid number is a
//! result, not an error.

use rampart_core::identity::bank_account::{self, BankAccountInput, BankAccountKind};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, CustomerType, DocumentType, Implied};
use rampart_core::refusal::ErrorCode;
use rampart_core::time::Timestamp;
use serde::Serialize;

use crate::app::App;
use crate::error::AppResult;
use crate::partner_api::authenticate::AuthenticatedPartner;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS};

/// An error or a warning about a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Finding))]
pub struct FindingView {
    /// A code that does not change between versions.
    pub code: &'static str,
    /// What the customer should do, in English.
    pub message: String,
    /// What the customer should do, in Spanish.
    pub message_es: String,
}

/// The result of checking an identification number. `normalized`, `display`, `customer_type` and `implied` are `null` for an invalid number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ValidatedIdentification))]
pub struct IdentificationView {
    /// Whether the number is valid. This does not say to whom it was issued.
    pub valid: bool,
    /// The number without separators, in upper case.
    pub normalized: Option<String>,
    /// The number as the issuing authority prints it.
    pub display: Option<String>,
    pub customer_type: Option<CustomerType>,
    pub implied: Option<Implied>,
    /// The reasons why it is invalid.
    pub faults: Vec<FindingView>,
    /// Warnings about a valid number.
    pub warnings: Vec<FindingView>,
}

impl IdentificationView {
    /// Validates a number. The moment decides between possible centuries of birth.
    #[must_use]
    pub fn of(country: Country, document: DocumentType, number: &str, now: Timestamp) -> Self {
        match identification::check(country, document, number) {
            Ok(checked) => Self {
                valid: true,
                display: Some(checked.display()),
                normalized: Some(checked.normalized()),
                customer_type: Some(checked.customer_type),
                implied: Some(checked.implied(now)),
                faults: Vec::new(),
                warnings: checked
                    .doubts()
                    .map(|doubt| FindingView { code: doubt.code(), message: doubt.to_string(), message_es: doubt.spanish() })
                    .collect(),
            },
            Err(fault) => Self {
                valid: false,
                normalized: None,
                display: None,
                customer_type: None,
                implied: None,
                faults: vec![FindingView { code: fault.code(), message: fault.to_string(), message_es: fault.spanish() }],
                warnings: Vec::new(),
            },
        }
    }
}

/// The result of checking a bank account. Fields that only a valid account has are `null` for an invalid one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ValidatedBankAccount))]
pub struct BankAccountView {
    /// Whether the account number is valid. This does not say whether the account exists, nor who holds it.
    pub valid: bool,
    pub kind: Option<BankAccountKind>,
    /// The account without separators.
    pub normalized: Option<String>,
    /// The account in masked form, for display.
    pub masked: Option<String>,
    /// The name of the bank, if it is known.
    pub bank_name: Option<&'static str>,
    /// The code of the bank, if the number contains one or the request named the bank.
    pub bank_code: Option<String>,
    /// The type of account, if the account needs one: `checking`, `savings`, `vista`, `rut`.
    pub account_type: Option<&'static str>,
    /// The reasons why it is invalid.
    pub faults: Vec<FindingView>,
    /// Warnings about a valid account, such as an unknown bank code. Payouts to it are attempted.
    pub warnings: Vec<FindingView>,
}

impl BankAccountView {
    /// Validates an account.
    #[must_use]
    pub fn of(country: Country, given: BankAccountInput<'_>) -> Self {
        match bank_account::check(country, given) {
            Ok(checked) => Self {
                valid: true,
                kind: Some(checked.kind),
                masked: Some(checked.masked()),
                normalized: Some(checked.normalized()),
                bank_name: checked.bank_name,
                bank_code: checked.bank_code.map(|code| code.to_string()),
                account_type: checked.account_type,
                faults: Vec::new(),
                warnings: checked
                    .doubts()
                    .map(|doubt| FindingView { code: doubt.code(), message: doubt.to_string(), message_es: doubt.spanish() })
                    .collect(),
            },
            Err(fault) => Self {
                valid: false,
                kind: None,
                normalized: None,
                masked: None,
                bank_name: None,
                bank_code: None,
                account_type: None,
                faults: vec![FindingView { code: fault.code(), message: fault.to_string(), message_es: fault.spanish() }],
                warnings: Vec::new(),
            },
        }
    }
}

/// The fields of `validate/bankAccount`, as sent.
#[derive(Clone, Default)]
pub struct ValidateBankAccount {
    pub country: Option<String>,
    pub account: Option<String>,
    /// Needed only where the account number does not contain the bank.
    pub bank_code: Option<String>,
    /// Needed only in countries whose rails ask for it.
    pub account_type: Option<String>,
}

fn read_country(fields: &mut FieldReader, country: &Option<String>) -> Option<Country> {
    let text = fields.required("country", country, MAX_FIELD_CHARACTERS)?;
    let found = Country::find(text);
    if found.is_none() {
        fields.malformed("country", "must be the name or the ISO code of a served country, such as ESP");
    }
    found
}

/// Validates an identification number.
///
/// # Errors
/// `fail_mandatory_field`; `validation_failed` for a country that is not served or a document of another country.
pub fn validate_identification(
    app: &App,
    _caller: &AuthenticatedPartner,
    country: &Option<String>,
    document: &Option<String>,
    number: &Option<String>,
) -> AppResult<IdentificationView> {
    let mut fields = FieldReader::new();
    let country = read_country(&mut fields, country);
    let document = fields.required("type", document, MAX_FIELD_CHARACTERS);
    let number = fields.required_bounded("number", number, MAX_FIELD_CHARACTERS);
    let known = country.zip(document).and_then(|(country, text)| {
        let document = text.parse::<DocumentType>().ok().filter(|document| document.belongs_to(country));
        if document.is_none() {
            let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
            fields.malformed("type", format!("must be a document of {country}: {allowed}"));
        }
        Some((country, document?))
    });
    fields.finish()?;
    let (Some((country, document)), Some(number)) = (known, number) else { return Err(ErrorCode::ValidationFailed.into()) };
    Ok(IdentificationView::of(country, document, number, app.business.now()))
}

/// Validates a bank account.
///
/// # Errors
/// `fail_mandatory_field`; `validation_failed` for a country that is not served.
pub fn validate_bank_account(_caller: &AuthenticatedPartner, request: &ValidateBankAccount) -> AppResult<BankAccountView> {
    let mut fields = FieldReader::new();
    let country = read_country(&mut fields, &request.country);
    let account = fields.required_bounded("account", &request.account, MAX_FIELD_CHARACTERS);
    let bank_code = fields.optional("bank_code", &request.bank_code, MAX_FIELD_CHARACTERS);
    let account_type = fields.optional("account_type", &request.account_type, MAX_FIELD_CHARACTERS);
    fields.finish()?;
    let (Some(country), Some(account)) = (country, account) else { return Err(ErrorCode::ValidationFailed.into()) };
    Ok(BankAccountView::of(country, BankAccountInput { account, bank_code, account_type }))
}
