//! Errors and warnings about bank accounts, in English and Spanish. Each says what to do next.

use std::fmt;

use super::BankCode;

/// Why a bank account is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankAccountError {
    Empty,
    TooLong,
    Charset {
        found: char,
    },
    /// Another character than a digit where a digit must be.
    DigitExpected {
        found: char,
    },
    WrongLength {
        /// In digits, or in characters for an IBAN.
        expected: usize,
        found: usize,
    },
    OutsideLength {
        least: usize,
        most: usize,
        found: usize,
    },
    WrongShape {
        example: (&'static str, &'static str),
    },
    UnknownCountry {
        /// ISO 3166-1 alpha-2 code.
        found: String,
    },
    /// The check digits are wrong: something was mistyped.
    WrongCheckDigits {
        /// The right ones for the rest of the number.
        expected: String,
        /// Which check digits, in English and Spanish.
        which: (&'static str, &'static str),
    },
    /// The bank is neither a known name nor a valid code.
    UnknownBank {
        found: String,
    },
    /// The country needs a bank beside the number.
    BankMissing,
    /// The account type is missing or unknown.
    UnknownType {
        found: String,
        allowed: (&'static str, &'static str),
    },
    /// A CuentaRUT at another bank than BancoEstado.
    ForeignCuentaRut,
    /// A card number whose check digit is wrong.
    WrongCard,
}

impl BankAccountError {
    /// Wrong format, with an example that is the same in both languages.
    pub(super) const fn like(example: &'static str) -> Self {
        Self::WrongShape { example: (example, example) }
    }

    /// The code in the API; it never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Charset { .. } => "charset",
            Self::DigitExpected { .. } => "digit_expected",
            Self::WrongLength { .. } | Self::OutsideLength { .. } => "wrong_length",
            Self::WrongShape { .. } => "wrong_shape",
            Self::UnknownCountry { .. } => "unknown_country",
            Self::WrongCheckDigits { .. } => "wrong_check_digits",
            Self::UnknownBank { .. } => "unknown_bank",
            Self::BankMissing => "bank_missing",
            Self::UnknownType { .. } | Self::ForeignCuentaRut => "unknown_type",
            Self::WrongCard => "wrong_card",
        }
    }

    /// The message in Spanish.
    #[must_use]
    pub fn spanish(&self) -> String {
        match self {
            Self::Empty => "falta la cuenta bancaria".to_owned(),
            Self::TooLong => "la cuenta bancaria es demasiado larga".to_owned(),
            Self::Charset { found } => format!("la cuenta bancaria contiene «{found}»; cópiala de tu banco"),
            Self::DigitExpected { found } => format!("hay «{found}» donde va una cifra; cópiala de tu banco"),
            Self::WrongLength { expected, found } => format!("la cuenta bancaria debe tener {expected} cifras; has escrito {found}"),
            Self::OutsideLength { least, most, found } if least == most => {
                format!("la cuenta bancaria debe tener {most} caracteres; has escrito {found}")
            }
            Self::OutsideLength { least, most, found } => {
                format!("la cuenta bancaria debe tener de {least} a {most} caracteres; has escrito {found}")
            }
            Self::WrongShape { example } => format!("debe tener esta forma: {}", example.1),
            Self::UnknownCountry { found } => format!("no podemos pagar a cuentas de {found}; usa una cuenta de la zona SEPA"),
            Self::WrongCheckDigits { expected, which } => {
                let should = if expected.len() == 1 { "debería" } else { "deberían" };
                format!("{} {should} ser {expected}; cópiala otra vez de tu banco", which.1)
            }
            Self::UnknownBank { found } => {
                format!(
                    "«{found}» no es el código de un banco, que tiene tres cifras, ni el nombre de uno que conozcamos; pregunta a tu banco por su código"
                )
            }
            Self::BankMissing => "falta el código del banco".to_owned(),
            Self::UnknownType { found, allowed } if found.is_empty() => format!("falta el tipo de cuenta: {}", allowed.1),
            Self::UnknownType { found, allowed } => format!("«{found}» no es un tipo de cuenta; usa uno de estos: {}", allowed.1),
            Self::ForeignCuentaRut => {
                "la CuentaRUT es una cuenta de BancoEstado (012); en otro banco, indica C (corriente), S (ahorro) o V (vista)".to_owned()
            }
            Self::WrongCard => "el número de tarjeta no es correcto; revísalo".to_owned(),
        }
    }
}

impl fmt::Display for BankAccountError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("no bank account was given"),
            Self::TooLong => formatter.write_str("the bank account is too long"),
            Self::Charset { found } => write!(formatter, "the bank account has '{found}'; please copy it from your bank"),
            Self::DigitExpected { found } => {
                write!(formatter, "the bank account has '{found}' where a digit must stand; please copy it from your bank")
            }
            Self::WrongLength { expected, found } => {
                write!(formatter, "the bank account must have {expected} characters; there are {found}")
            }
            Self::OutsideLength { least, most, found } if least == most => {
                write!(formatter, "the bank account must have {most} characters; there are {found}")
            }
            Self::OutsideLength { least, most, found } => {
                write!(formatter, "the bank account must have {least} to {most} characters; there are {found}")
            }
            Self::WrongShape { example } => write!(formatter, "the bank account must look like this: {}", example.0),
            Self::UnknownCountry { found } => write!(formatter, "accounts of {found} cannot be paid to; please give one in SEPA"),
            Self::WrongCheckDigits { expected, which } => {
                write!(formatter, "{} should be {expected}; please copy the account from your bank again", which.0)
            }
            Self::UnknownBank { found } => {
                write!(
                    formatter,
                    "'{found}' is neither a bank's code, which has three digits, nor the name of a bank that we know; please give the code that your bank gives you"
                )
            }
            Self::BankMissing => formatter.write_str("the bank's code is needed beside the number"),
            Self::UnknownType { found, allowed } if found.is_empty() => write!(formatter, "the kind of account is needed: {}", allowed.0),
            Self::UnknownType { found, allowed } => write!(formatter, "'{found}' is no kind of account; use one of {}", allowed.0),
            Self::ForeignCuentaRut => formatter
                .write_str("a CuentaRUT is an account of BancoEstado (012); at another bank, give C (corriente), S (ahorro) or V (vista)"),
            Self::WrongCard => formatter.write_str("the card number is not valid; please check it"),
        }
    }
}

impl std::error::Error for BankAccountError {}

/// Something unusual about a valid account. It can be paid to; the rail decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankAccountWarning {
    /// The bank code is well formed but not in our directory.
    UnknownBank {
        code: BankCode,
        /// The month of the directory, `YYYY-MM`.
        as_of: &'static str,
    },
    /// Digits alone were read as a Bre-B key, but may be an account number without bank and type.
    KeyOrAccount,
}

impl BankAccountWarning {
    /// The code in the API; it never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownBank { .. } => "unknown_bank",
            Self::KeyOrAccount => "key_or_account",
        }
    }

    /// The message in Spanish.
    #[must_use]
    pub fn spanish(self) -> String {
        match self {
            Self::UnknownBank { code, as_of } => {
                format!("el código de banco {code} no está en nuestra lista, que es de {as_of}; compáralo con el de tu banco")
            }
            Self::KeyOrAccount => {
                "se ha leído como una llave Bre-B; si es el número de una cuenta, indica también el banco y el tipo".to_owned()
            }
        }
    }
}

impl fmt::Display for BankAccountWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBank { code, as_of } => {
                write!(formatter, "the bank code {code} is not on our list, which is of {as_of}; please compare it with your bank's")
            }
            Self::KeyOrAccount => {
                formatter.write_str("was read as a Bre-B key; if it is the number of an account, give its bank and type as well")
            }
        }
    }
}
