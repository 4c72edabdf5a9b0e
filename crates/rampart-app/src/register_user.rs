//! `registerUser`: a new customer.

use crate::app::App;
use crate::authenticate::Caller;
use crate::error::{AppError, Reply};
use crate::views::Answer;

/// The fields of `registerUser`, as they came. It has no `Debug`: nearly everything in it is personal.
#[derive(Clone, Default)]
pub struct RegisterUser {
    /// Given name, or a company's name.
    pub name: Option<String>,
    /// First family name.
    pub last_name: Option<String>,
    /// Second family name.
    pub last_name2: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// The country by name or code.
    pub country: Option<String>,
    /// The country by code or name.
    pub country_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// The identification's number.
    pub identification_number: Option<String>,
    /// The document.
    pub identification_type: Option<String>,
    /// Checked and not kept.
    pub password: Option<String>,
    /// What the customer does for a living.
    pub professional_activity: Option<String>,
    /// State or province.
    pub address_state: Option<String>,
    /// Postal code.
    pub zipcode: Option<String>,
    /// Date of birth, `YYYY-MM-DD`.
    pub dob: Option<String>,
    /// The bank account for payouts.
    pub iban: Option<String>,
    /// The bank's code, where the account needs one.
    pub bank_code: Option<String>,
    /// The kind of account, where it needs one.
    pub account_type: Option<String>,
    /// Where the identity page sends the customer afterwards.
    pub callback_url: Option<String>,
}

impl App {
    /// Registers a customer of the partner's.
    ///
    /// # Errors
    /// The faults of the fields; `user_already_exists`.
    pub async fn register_user(&self, caller: &Caller, request: &RegisterUser, key: Option<&str>) -> Reply<Answer> {
        let _ = (caller, request, key);
        Err(AppError::Unavailable(String::new()))
    }
}
