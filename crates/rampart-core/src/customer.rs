//! Customers: the people and companies that buy and sell, each belonging to one partner.

use crate::country::Country;
use crate::id::{CustomerId, PartnerId};
use crate::identification::{AgeCheck, CustomerType, DocumentType};
use crate::kyc::Kyc;
use crate::redacted::Redacted;
use crate::time::Timestamp;

/// A doubt about a value that was stored all the same.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Warning {
    /// The field of `registerUser` it is about.
    pub field: String,
    /// A stable code.
    pub code: String,
    /// One sentence for a person.
    pub message: String,
}

/// A national identification as it was sent and as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identification {
    /// The document.
    pub document: DocumentType,
    /// As sent.
    pub number: Redacted,
    /// Without separators, upper case.
    pub normalized: Redacted,
}

/// A bank account as it was given.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProvidedBankAccount {
    /// The account: an IBAN, CBU, CLABE, CCI or local number.
    pub account: Redacted,
    /// The bank's code where an account needs one.
    pub bank_code: Option<String>,
    /// The kind of account where an account needs one.
    pub account_type: Option<String>,
    /// The bank's name, as said.
    pub bank_name: Option<String>,
}

impl ProvidedBankAccount {
    /// What of it the account's rules look at.
    #[must_use]
    pub fn given(&self) -> crate::bank_account::BankAccountInput<'_> {
        crate::bank_account::BankAccountInput {
            account: self.account.reveal(),
            bank_code: self.bank_code.as_deref(),
            account_type: self.account_type.as_deref(),
        }
    }
}

/// What registration and the identity form tell of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Given name, or a company's name.
    pub name: Redacted,
    /// First family name.
    pub last_name: Redacted,
    /// Second family name.
    pub last_name2: Redacted,
    /// Telephone number as sent.
    pub phone: Redacted,
    /// City.
    pub city: Redacted,
    /// Street and number.
    pub address: Redacted,
    /// State or province.
    pub address_state: Redacted,
    /// Postal code.
    pub zipcode: Redacted,
    /// Date of birth, `YYYY-MM-DD`.
    pub date_of_birth: Redacted,
    /// What the customer does for a living.
    pub professional_activity: Redacted,
    /// Where the money comes from (reinforced check).
    pub source_of_funds: Redacted,
}

impl Profile {
    /// The whole name, for payouts and for comparing with a payer.
    #[must_use]
    pub fn full_name(&self) -> String {
        [&self.name, &self.last_name, &self.last_name2]
            .iter()
            .map(|part| part.reveal().trim())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A customer of one partner.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Customer {
    /// The number partners see.
    pub id: CustomerId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// The partner it belongs to.
    pub partner: PartnerId,
    /// E-mail as sent, without what stood around it, in one form of Unicode.
    pub email: Redacted,
    /// The country of residence.
    pub country: Country,
    /// The country exactly as it was sent, which is how it is returned.
    pub country_as_sent: String,
    /// Person or company, as it registered; who it is today, its number tells ([`Customer::holder`]).
    pub customer_type: CustomerType,
    /// Everything personal.
    pub profile: Profile,
    /// The national identification, where one was given.
    pub identification: Option<Identification>,
    /// The bank account for payouts, where one was given.
    pub bank_account: Option<ProvidedBankAccount>,
    /// Doubts about what was given.
    pub warnings: Vec<Warning>,
    /// What is known of the identity.
    pub kyc: Kyc,
    /// The fingerprint of the link to the customer's page that an earlier version handed out, where one did ([`crate::earlier_link`]).
    #[serde(default, skip_serializing_if = "crate::record::says_nothing")]
    pub earlier_link: Option<String>,
    /// Where the identity page sends the customer afterwards.
    pub callback_url: Option<String>,
    /// Why the customer may not trade; absent when it may.
    pub banned: Option<String>,
    /// When money was taken back whose coins had left; absent when nothing was, or a person has settled that. Its paid orders wait
    /// for a person meanwhile.
    #[serde(default, skip_serializing_if = "crate::record::says_nothing")]
    pub charged_back: Option<Timestamp>,
    /// Whose limits it shares: the first customer of the partner's with a document of the same person, where that is another.
    #[serde(default)]
    pub counts_as: Option<CustomerId>,
    /// When it registered.
    pub created_at: Timestamp,
}

impl Customer {
    /// Person or company: as the number tells, which may be more than was understood of it when it was stored.
    #[must_use]
    pub fn holder(&self) -> CustomerType {
        let known = self.identification.as_ref().map(|given| given.document.holder(given.normalized.reveal()));
        known.unwrap_or(self.customer_type)
    }

    /// Whether its identification tells that it is of age, which is so many years at a moment.
    #[must_use]
    pub fn majority(&self, minimum_age: u8, now: Timestamp) -> AgeCheck {
        let known = self.identification.as_ref().map(|given| given.document.majority(given.normalized.reveal(), minimum_age, now));
        known.unwrap_or(AgeCheck::Untold)
    }

    /// Whether its date of birth has to be asked for: its number leaves the century open and one of the two makes a minor, or it
    /// registered as a company, so that nobody asked. Earlier versions took every NIT for a company's.
    #[must_use]
    pub fn lacks_birth(&self, minimum_age: u8, now: Timestamp) -> bool {
        let is_unknown = self.holder() == CustomerType::Individual && self.profile.date_of_birth.reveal().is_empty();
        is_unknown && (self.customer_type == CustomerType::Company || self.majority(minimum_age, now) == AgeCheck::Open)
    }

    /// The customer under whose number it counts in the limits.
    #[must_use]
    pub fn counts_as(&self) -> CustomerId {
        self.counts_as.unwrap_or(self.id)
    }
}
