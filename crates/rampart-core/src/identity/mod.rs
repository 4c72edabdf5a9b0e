//! Who somebody is and where they are paid: documents, bank accounts, names, telephone numbers and e-mail addresses, by the rules of each country.

pub mod bank_account;
pub mod country;
pub mod email;
pub mod identification;
pub mod letters;
pub mod level;
mod messages;
pub mod name;
pub mod phone;
