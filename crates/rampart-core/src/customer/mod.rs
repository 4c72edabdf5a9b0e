//! Customers: people and companies that buy and sell, each belonging to one partner.

pub mod kyc;

use crate::customer::kyc::Kyc;
use crate::id::{CustomerId, PartnerId};
use crate::identity::country::Country;
use crate::identity::identification::{AgeCheck, CustomerType, DocumentType};
use crate::identity::name::AccountHolder;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// A problem with a value that was stored anyway.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Warning {
    /// The field with the problem.
    pub field: String,
    /// A code that does not change between versions.
    pub code: String,
    /// One sentence that explains the problem to a person.
    pub message: String,
}

/// A national identification, as sent and in the form that is compared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identification {
    pub document: DocumentType,
    pub number: Redacted,
    pub normalized: Redacted,
}

/// A bank account as provided.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProvidedBankAccount {
    /// An IBAN, CBU, CLABE, CCI or local number.
    pub account: Redacted,
    /// The bank's code, if the account number needs one.
    pub bank_code: Option<String>,
    /// The type of account, if the account number needs one.
    pub account_type: Option<String>,
    pub bank_name: Option<String>,
}

impl ProvidedBankAccount {
    /// The parts that the account's validation reads.
    #[must_use]
    pub fn given(&self) -> crate::identity::bank_account::BankAccountInput<'_> {
        crate::identity::bank_account::BankAccountInput {
            account: self.account.reveal(),
            bank_code: self.bank_code.as_deref(),
            account_type: self.account_type.as_deref(),
        }
    }
}

/// Data from registration and the identity form.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Profile {
    pub name: Redacted,
    pub last_name: Redacted,
    pub last_name2: Redacted,
    pub phone: Redacted,
    pub city: Redacted,
    pub address: Redacted,
    pub address_state: Redacted,
    pub zipcode: Redacted,
    /// Date of birth, `YYYY-MM-DD`.
    pub date_of_birth: Redacted,
    pub professional_activity: Redacted,
    pub source_of_funds: Redacted,
}

impl Profile {
    /// The full name, for payouts and for comparison with a payer.
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
    /// The number partners see as `user_id`.
    pub id: CustomerId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub partner: PartnerId,
    /// As sent, trimmed, in one Unicode normalization form.
    pub email: Redacted,
    pub country: Country,
    /// The country exactly as sent; returned to partners.
    pub country_as_sent: String,
    /// As registered; [`Customer::holder`] derives the present type from the identification.
    pub customer_type: CustomerType,
    pub profile: Profile,
    pub identification: Option<Identification>,
    pub bank_account: Option<ProvidedBankAccount>,
    pub warnings: Vec<Warning>,
    pub kyc: Kyc,
    /// Fingerprint of the page link that an earlier version issued ([`crate::id::earlier_link`]).
    #[serde(default, skip_serializing_if = "crate::stored::is_default")]
    pub earlier_link: Option<String>,
    /// Where the identity page redirects the customer afterwards.
    pub callback_url: Option<String>,
    /// The reason of a ban; `None` if the customer may trade.
    pub banned: Option<String>,
    /// When money was reversed whose coins had left; `None` if nothing was, or an operator has settled it. Meanwhile paid
    /// orders wait for an operator.
    #[serde(default, skip_serializing_if = "crate::stored::is_default")]
    pub charged_back: Option<Timestamp>,
    /// The partner's first customer with a document of the same person, whose limits it shares.
    #[serde(default)]
    pub counts_as: Option<CustomerId>,
    pub created_at: Timestamp,
}

impl Customer {
    /// Person or company by its document number, which later versions may understand better than the one that stored
    /// `customer_type`.
    #[must_use]
    pub fn holder(&self) -> CustomerType {
        let known = self.identification.as_ref().map(|given| given.document.holder(given.normalized.reveal()));
        known.unwrap_or(self.customer_type)
    }

    /// Whether the identification proves an age of at least `minimum_age` years.
    #[must_use]
    pub fn majority(&self, minimum_age: u8, now: Timestamp) -> AgeCheck {
        let known = self.identification.as_ref().map(|given| given.document.majority(given.normalized.reveal(), minimum_age, now));
        known.unwrap_or(AgeCheck::Unknown)
    }

    /// Whether the date of birth has to be asked for: the number leaves the century open and one of the two makes a minor, or
    /// the customer registered as a company, so that nobody asked. Earlier versions took every NIT for a company's.
    #[must_use]
    pub fn needs_date_of_birth(&self, minimum_age: u8, now: Timestamp) -> bool {
        let is_unknown = self.holder() == CustomerType::Individual && self.profile.date_of_birth.reveal().is_empty();
        is_unknown && (self.customer_type == CustomerType::Company || self.majority(minimum_age, now) == AgeCheck::Open)
    }

    /// Whether the customer can be meant by a name that a bank, a processor or a person wrote.
    #[must_use]
    pub fn can_be(&self, written: &str) -> bool {
        let profile = &self.profile;
        if self.holder() == CustomerType::Company {
            // Some customers give the name of the person who registered the company beside the company's.
            return AccountHolder::Company(profile.name.reveal()).can_be(written)
                || AccountHolder::Company(&profile.full_name()).can_be(written);
        }
        let family = format!("{} {}", profile.last_name.reveal(), profile.last_name2.reveal());
        AccountHolder::Person { given: profile.name.reveal(), family: &family }.can_be(written)
    }

    /// The customer under which it counts in the limits.
    #[must_use]
    pub fn counts_as(&self) -> CustomerId {
        self.counts_as.unwrap_or(self.id)
    }
}
