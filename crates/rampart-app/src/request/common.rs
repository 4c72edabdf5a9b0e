//! Fields that several tables have.

use super::field::{FieldKind, FieldSpec, optional, required};

/// The customer. At most 2^53 - 1, the largest integer that every JSON reader keeps exactly.
pub(crate) const USER: FieldSpec = required(USER_ID, "The customer.");
pub(crate) const USER_ID: FieldKind = FieldKind::Integer(1, (1 << 53) - 1);
pub(crate) const EXTERNAL_ID: FieldKind = FieldKind::Text(128);
pub(crate) const QUOTE: FieldKind = FieldKind::Token(2_048);
pub(crate) const CURRENCY: FieldKind = FieldKind::Code(4);
pub(crate) const COIN: FieldKind = FieldKind::Code(12);
/// A chain or a payment method.
pub(crate) const NAME: FieldKind = FieldKind::Code(16);
/// An order's identifier. Its form is not checked: a malformed one is answered as not found.
pub const IDENTIFIER: FieldKind = FieldKind::Token(128);

pub(crate) const BANK_NAME: FieldSpec =
    optional(FieldKind::Text(100), "The name of the bank. It identifies the bank if the account needs one and `bank_code` is absent.");
pub(crate) const BANK_CODE: FieldSpec = optional(FieldKind::Text(64), "The code or the name of the bank, if the account needs one.");
pub(crate) const ACCOUNT_TYPE: FieldSpec = optional(
    FieldKind::Text(64),
    "The type of account, if the account needs one, in Spanish or English: `checking` (`corriente`) or `savings` (`ahorros`); in Chile also `vista` or `rut` (`CuentaRUT`).",
);
