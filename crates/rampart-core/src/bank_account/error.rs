//! Why an account cannot be paid to, in sentences that say what to do next, in English and Spanish.

use std::fmt;

use super::BankCode;

/// Why an account is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankAccountError {
    /// Nothing was given.
    Empty,
    /// Longer than any account.
    TooLong,
    /// A sign that no account has.
    Charset {
        /// The sign.
        found: char,
    },
    /// Something stands where a digit must.
    DigitExpected {
        /// The sign.
        found: char,
    },
    /// Too few or too many signs.
    WrongLength {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Too few or too many signs, where the number may vary.
    OutsideLength {
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// The signs do not stand where they must.
    WrongShape {
        /// An example, in English and Spanish.
        example: (&'static str, &'static str),
    },
    /// The country is none that can be paid to.
    UnknownCountry {
        /// The two letters.
        found: String,
    },
    /// The check digits do not fit: something was mistyped.
    WrongCheckDigits {
        /// What they would be for the rest of the number.
        expected: String,
        /// Which ones, in English and Spanish.
        which: (&'static str, &'static str),
    },
    /// What was given of the bank is neither a code nor a name that is known.
    UnknownBank {
        /// What was given.
        found: String,
    },
    /// The bank's code is needed beside the number.
    BankMissing,
    /// The kind of account is needed beside the number, or is none.
    UnknownType {
        /// What was given.
        found: String,
        /// What may be given, in English and Spanish.
        allowed: (&'static str, &'static str),
    },
    /// A `CuentaRUT` at a bank that has none.
    ForeignCuentaRut,
    /// The number belongs to a card, whose check digit does not fit.
    WrongCard,
}

impl BankAccountError {
    /// Of another shape than an example that reads the same in both languages.
    pub(super) const fn like(example: &'static str) -> Self {
        Self::WrongShape { example: (example, example) }
    }

    /// A stable code.
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

    /// The sentence in Spanish.
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
                    "'{found}' is neither a bank's code, which has three digits, nor the name of a bank that we know; please give the code that your bank tells"
                )
            }
            Self::BankMissing => formatter.write_str("the bank's code is needed beside the number"),
            Self::UnknownType { found, allowed } if found.is_empty() => write!(formatter, "the kind of account is needed: {}", allowed.0),
            Self::UnknownType { found, allowed } => write!(formatter, "'{found}' is no kind of account; use one of {}", allowed.0),
            Self::ForeignCuentaRut => formatter
                .write_str("a CuentaRUT is an account of BancoEstado (012); at another bank, give C (corriente), S (ahorro) or V (vista)"),
            Self::WrongCard => formatter.write_str("the card number does not hold; please check it"),
        }
    }
}

impl std::error::Error for BankAccountError {}

/// What is odd about an account that holds. Money is sent to it all the same, and the rail has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankAccountWarning {
    /// The bank's code has the form of one and is on no list that we have.
    UnknownBank {
        /// The code.
        code: BankCode,
        /// The month of the list, `YYYY-MM`.
        as_of: &'static str,
    },
    /// Digits alone are read as a Bre-B key, and could be the number of an account whose bank and type were left out.
    KeyOrAccount,
}

impl BankAccountWarning {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownBank { .. } => "unknown_bank",
            Self::KeyOrAccount => "key_or_account",
        }
    }

    /// The sentence in Spanish.
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
