//! `validate/identification` and `validate/bankAccount`: validation for partners' own forms. An invalid number is a
//! result, not an error.

use rampart_core::identity::bank_account::{self, BankAccountInput, BankAccountKind};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, CustomerType, DocumentType, Implied};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;
use serde::Serialize;

use crate::app::App;
use crate::error::AppResult;
use crate::request::common::{ACCOUNT_TYPE, BANK_CODE};
use crate::request::field::{FieldKind, required};
use crate::request::request;

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
                faults: vec![FindingView { code: fault.code(), message: fault.to_string(), message_es: fault.spanish() }],
                ..Self::default()
            },
        }
    }
}

/// The result of checking a bank account. Fields that only a valid account has are `null` for an invalid one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
                faults: vec![FindingView { code: fault.code(), message: fault.to_string(), message_es: fault.spanish() }],
                ..Self::default()
            },
        }
    }
}

request! {
    /// The request of `validate/identification`.
    ValidateIdentification refused by [] {
        country: Country = required(FieldKind::Country, "The country, by name or ISO code.").example(r#""MEX""#);
        document as "type": &'a str = required(FieldKind::Code(40), "The document type, spelled as the \"Table of documents\" in docs/documents.md lists it for the country.").example(r#""CURP""#);
        number: &'a str = required(FieldKind::AsTyped(200), "The number as the customer typed it. A number of more than 64 characters is invalid.").example(r#""QAQX800101HDFQQX08""#);
    }
}

request! {
    /// The request of `validate/bankAccount`.
    ValidateBankAccount refused by [] {
        country: Country = required(FieldKind::Country, "The customer's country, by name or ISO code.").example(r#""ESP""#);
        account: &'a str = required(FieldKind::AsTyped(200), "The account as the customer typed it: an IBAN, CBU or CVU, CLABE, CCI, or `bank/type/number`. An account of more than 64 characters is invalid.").example(r#""ES91 2100 0418 4502 0005 1332""#);
        bank_code: Option<&'a str> = BANK_CODE;
        account_type: Option<&'a str> = ACCOUNT_TYPE;
    }
}

/// Validates an identification number.
///
/// # Errors
/// `validation_failed` for a document of another country.
pub fn validate_identification(app: &App, request: &ValidateIdentification<'_>) -> AppResult<IdentificationView> {
    let country = request.country;
    let Some(document) = request.document.parse::<DocumentType>().ok().filter(|document| document.belongs_to(country)) else {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("must be a document of {country}: {allowed}");
        return Err(Refusal::field(ErrorCode::ValidationFailed, "type", message).into());
    };
    Ok(IdentificationView::of(country, document, request.number, app.business.now()))
}

/// Validates a bank account.
#[must_use]
pub fn validate_bank_account(request: &ValidateBankAccount<'_>) -> BankAccountView {
    let ValidateBankAccount { country, account, bank_code, account_type, .. } = *request;
    BankAccountView::of(country, BankAccountInput { account, bank_code, account_type })
}
