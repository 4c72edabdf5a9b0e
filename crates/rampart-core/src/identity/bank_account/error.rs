//! Errors and warnings about bank accounts, in English and Spanish. Each says what to do next.

use super::BankCode;
use crate::identity::messages::messages;

/// Why a bank account is refused. Pairs of texts are in English and Spanish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankAccountError {
    Empty,
    TooLong,
    Charset { found: char },
    DigitExpected { found: char },
    // In digits, or in characters for an IBAN.
    WrongLength { expected: usize, found: usize },
    OutsideLength { least: usize, most: usize, found: usize },
    WrongShape { example: (&'static str, &'static str) },
    // An ISO 3166-1 alpha-2 code.
    UnknownCountry { found: String },
    WrongCheckDigits { expected: String, which: (&'static str, &'static str) },
    UnknownBank { found: String },
    BankMissing,
    // The account type is missing or unknown.
    UnknownType { found: String, allowed: (&'static str, &'static str) },
    ForeignCuentaRut,
    WrongCard,
}

impl BankAccountError {
    /// Wrong format, with an example that is the same in both languages.
    pub(super) const fn like(example: &'static str) -> Self {
        Self::WrongShape { example: (example, example) }
    }
}

messages! { BankAccountError:
    Empty => "empty",
        "no bank account was given",
        "falta la cuenta bancaria";
    TooLong => "too_long",
        "the bank account is too long",
        "la cuenta bancaria es demasiado larga";
    Charset { found } => "charset",
        "the bank account has '{found}'; please copy it from your bank",
        "la cuenta bancaria contiene «{found}»; cópiala de tu banco";
    DigitExpected { found } => "digit_expected",
        "the bank account has '{found}' where a digit must stand; please copy it from your bank",
        "hay «{found}» donde va una cifra; cópiala de tu banco";
    WrongLength { expected, found } => "wrong_length",
        "the bank account must have {expected} characters; there are {found}",
        "la cuenta bancaria debe tener {expected} cifras; has escrito {found}";
    OutsideLength { least, most, found } if least == most => "wrong_length",
        "the bank account must have {most} characters; there are {found}",
        "la cuenta bancaria debe tener {most} caracteres; has escrito {found}";
    OutsideLength { least, most, found } => "wrong_length",
        "the bank account must have {least} to {most} characters; there are {found}",
        "la cuenta bancaria debe tener de {least} a {most} caracteres; has escrito {found}";
    WrongShape { example: (english, spanish) } => "wrong_shape",
        "the bank account must look like this: {english}",
        "debe tener esta forma: {spanish}";
    UnknownCountry { found } => "unknown_country",
        "accounts of {found} cannot be paid to; please give one in SEPA",
        "no podemos pagar a cuentas de {found}; usa una cuenta de la zona SEPA";
    WrongCheckDigits { expected, which: (english, spanish) } if expected.len() == 1 => "wrong_check_digits",
        "{english} should be {expected}; please copy the account from your bank again",
        "{spanish} debería ser {expected}; cópiala otra vez de tu banco";
    WrongCheckDigits { expected, which: (english, spanish) } => "wrong_check_digits",
        "{english} should be {expected}; please copy the account from your bank again",
        "{spanish} deberían ser {expected}; cópiala otra vez de tu banco";
    UnknownBank { found } => "unknown_bank",
        "'{found}' is neither a bank's code, which has three digits, nor the name of a bank that we know; please give the code that your bank gives you",
        "«{found}» no es el código de un banco, que tiene tres cifras, ni el nombre de uno que conozcamos; pregunta a tu banco por su código";
    BankMissing => "bank_missing",
        "the bank's code is needed beside the number",
        "falta el código del banco";
    UnknownType { found, allowed: (english, spanish) } if found.is_empty() => "unknown_type",
        "the kind of account is needed: {english}",
        "falta el tipo de cuenta: {spanish}";
    UnknownType { found, allowed: (english, spanish) } => "unknown_type",
        "'{found}' is no kind of account; use one of {english}",
        "«{found}» no es un tipo de cuenta; usa uno de estos: {spanish}";
    ForeignCuentaRut => "unknown_type",
        "a CuentaRUT is an account of BancoEstado (012); at another bank, give C (corriente), S (ahorro) or V (vista)",
        "la CuentaRUT es una cuenta de BancoEstado (012); en otro banco, indica C (corriente), S (ahorro) o V (vista)";
    WrongCard => "wrong_card",
        "the card number is not valid; please check it",
        "el número de tarjeta no es correcto; revísalo";
}

impl std::error::Error for BankAccountError {}

/// Something unusual about a valid account. It can be paid to; the rail decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankAccountWarning {
    // The code is well formed; `as_of` is the month of our directory, `YYYY-MM`.
    UnknownBank { code: BankCode, as_of: &'static str },
    // Digits alone, which may be an account number without bank and type.
    KeyOrAccount,
}

messages! { BankAccountWarning:
    UnknownBank { code, as_of } => "unknown_bank",
        "the bank code {code} is not on our list, which is of {as_of}; please compare it with your bank's",
        "el código de banco {code} no está en nuestra lista, que es de {as_of}; compáralo con el de tu banco";
    KeyOrAccount => "key_or_account",
        "was read as a Bre-B key; if it is the number of an account, give its bank and type as well",
        "se ha leído como una llave Bre-B; si es el número de una cuenta, indica también el banco y el tipo";
}
