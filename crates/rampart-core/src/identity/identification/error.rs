//! Errors and warnings about document numbers, in English and Spanish. Each says what to do next.

use std::fmt;

use super::Date;
use crate::identity::country::Country;

/// A description of the expected number, in English and in Spanish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wording(pub &'static str, pub &'static str);

/// Why a document number is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    Empty,
    TooLong,
    /// A character that no document number has.
    Charset {
        found: char,
    },
    WrongCountry {
        document: &'static str,
        country: Country,
        /// Values in the API, separated by commas.
        allowed: String,
    },
    WrongLength {
        /// Such as `8 digits and a letter`.
        expected: Wording,
        found: usize,
    },
    /// The right length, but letters and digits are not where they must be.
    WrongShape {
        expected: Wording,
    },
    /// A letter that is easily mistaken for the digit that must be there.
    LetterForDigit {
        found: char,
        meant: char,
    },
    /// Another character than a digit where a digit must be.
    DigitExpected {
        found: char,
    },
    WrongCheckDigit {
        expected: char,
        /// Whether the expected character is a letter; the message depends on it.
        is_letter: bool,
    },
    /// The last digit is not the check digit of the others, but the number may be a whole cédula without one. The input does not show
    /// which.
    CheckDigitNotApart {
        number: String,
        /// The check digit of the whole number.
        expected: char,
    },
    MissingCheckDigit {
        expected: char,
    },
    UnknownPrefix {
        found: String,
        allowed: Wording,
    },
    ImpossibleDate {
        found: String,
    },
    UnknownPlace {
        found: String,
    },
    Placeholder {
        used_for: &'static str,
        used_for_es: &'static str,
    },
    /// The number is invalid for this document but valid for another of the country.
    OtherDocument {
        sent: &'static str,
        is: &'static str,
    },
    /// The date of birth in the number differs from the one received.
    Contradiction {
        number_says: Date,
        sent: Date,
    },
}

impl DocumentError {
    /// The code in the API; it never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Charset { .. } => "charset",
            Self::WrongCountry { .. } => "wrong_country",
            Self::WrongLength { .. } => "wrong_length",
            Self::WrongShape { .. } => "wrong_shape",
            Self::LetterForDigit { .. } => "letter_for_digit",
            Self::DigitExpected { .. } => "digit_expected",
            Self::WrongCheckDigit { .. } | Self::CheckDigitNotApart { .. } => "wrong_check_digit",
            Self::MissingCheckDigit { .. } => "missing_check_digit",
            Self::UnknownPrefix { .. } => "unknown_prefix",
            Self::ImpossibleDate { .. } => "impossible_date",
            Self::UnknownPlace { .. } => "unknown_place",
            Self::Placeholder { .. } => "placeholder",
            Self::OtherDocument { .. } => "other_document",
            Self::Contradiction { .. } => "contradiction",
        }
    }

    /// The message in Spanish.
    #[must_use]
    pub fn spanish(&self) -> String {
        match self {
            Self::Empty => "falta el número".to_owned(),
            Self::TooLong => "el número es demasiado largo".to_owned(),
            Self::Charset { found } => format!("el número contiene «{found}»; escribe solo letras y cifras"),
            Self::WrongCountry { document, country, allowed } => {
                format!("{document} no es un documento de {country}; usa uno de estos: {allowed}")
            }
            Self::WrongLength { expected, found } => format!("debe tener {}; has escrito {found} caracteres", expected.1),
            Self::WrongShape { expected } => format!("debe tener esta forma: {}", expected.1),
            Self::LetterForDigit { found, meant } => format!("hay una letra {found} donde va una cifra; ¿querías escribir {meant}?"),
            Self::DigitExpected { found } => format!("hay «{found}» donde va una cifra"),
            Self::WrongCheckDigit { expected, is_letter: true } => format!("la letra de control debería ser {expected}; revisa el número"),
            Self::WrongCheckDigit { expected, is_letter: false } => {
                format!("el dígito verificador debería ser {expected}; revisa el número")
            }
            Self::CheckDigitNotApart { number, expected } => format!(
                "escribe la cédula entera y, tras un guion, su dígito verificador; si esta es la cédula entera, {number}-{expected}"
            ),
            Self::MissingCheckDigit { expected } => format!("falta el último carácter, el de control; sería {expected}"),
            Self::UnknownPrefix { found, allowed } => format!("empieza por {found}; debe empezar por {}", allowed.1),
            Self::ImpossibleDate { found } => format!("la fecha {found} dentro del número no existe; cópialo otra vez del documento"),
            Self::UnknownPlace { found } => format!("{found} no es la clave de ningún estado; cópialo otra vez del documento"),
            Self::Placeholder { used_for_es, .. } => format!("es un número genérico ({used_for_es}); escribe el tuyo"),
            Self::OtherDocument { sent, is } => format!("este número no es {sent}, es {is}; elige {is} como tipo de documento"),
            Self::Contradiction { number_says, sent } => {
                format!("según el número naciste el {number_says}, pero has indicado {sent}; corrige uno de los dos")
            }
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("the number is empty"),
            Self::TooLong => formatter.write_str("the number is longer than any document's"),
            Self::Charset { found } => write!(formatter, "the number has '{found}'; write letters and digits only"),
            Self::WrongCountry { document, country, allowed } => {
                write!(formatter, "{document} is not a document of {country}; use one of {allowed}")
            }
            Self::WrongLength { expected, found } => write!(formatter, "must have {}; there are {found} characters", expected.0),
            Self::WrongShape { expected } => write!(formatter, "must look like this: {}", expected.0),
            Self::LetterForDigit { found, meant } => {
                write!(formatter, "has the letter {found} where a digit must stand; did you mean {meant}?")
            }
            Self::DigitExpected { found } => write!(formatter, "has '{found}' where a digit must stand"),
            Self::WrongCheckDigit { expected, is_letter: true } => {
                write!(formatter, "control letter should be {expected}; please check the number")
            }
            Self::WrongCheckDigit { expected, is_letter: false } => {
                write!(formatter, "check digit should be {expected}; please check the number")
            }
            Self::CheckDigitNotApart { number, expected } => write!(
                formatter,
                "write the whole cédula and its check digit behind a hyphen; if this is the whole cédula, {number}-{expected}"
            ),
            Self::MissingCheckDigit { expected } => {
                write!(formatter, "the last character, the check one, is missing; it would be {expected}")
            }
            Self::UnknownPrefix { found, allowed } => write!(formatter, "begins with {found}; it must begin with {}", allowed.0),
            Self::ImpossibleDate { found } => {
                write!(formatter, "the date {found} inside the number does not exist; please copy it from the document again")
            }
            Self::UnknownPlace { found } => write!(formatter, "{found} is no state's code; please copy the number from the document again"),
            Self::Placeholder { used_for, .. } => write!(formatter, "is a generic number ({used_for}); please give your own"),
            Self::OtherDocument { sent, is } => {
                write!(formatter, "this number is not a {sent}, it is a {is}; choose {is} as identification_type")
            }
            Self::Contradiction { number_says, sent } => {
                write!(formatter, "the number says born on {number_says}, but {sent} was sent; please correct one of them")
            }
        }
    }
}

impl std::error::Error for DocumentError {}

/// Something unusual about a valid number. Issued numbers like this exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentWarning {
    /// The last character of an RFC is not what the formula gives; this is so in about one of seventy issued numbers.
    UnusualCheckCharacter {
        expected: char,
    },
    /// The control character of a CIF is a digit where a letter is usual, or the reverse.
    UnusualControlKind,
    /// The character printed beside a Peruvian DNI is not what the formula gives.
    UnusualVerifier,
    /// A document for minors.
    Minor,
    OldForm,
    /// The first letters are a word that the issuer usually alters.
    UnusualWord,
    /// All digits are the same, as in a filler.
    RepeatedDigit,
    ShortNumber,
    /// Leading zeros, which pad the field, were removed.
    ZerosInFront,
    /// The NIT was read as a company's without check digit, but may be a person's with one.
    PersonOrCompany,
    /// The last digit of a person's NIT without a hyphen was read as the check digit, but the number may be a whole cédula.
    CheckDigitNotApart {
        /// The check digit of the whole number.
        expected: char,
    },
}

impl DocumentWarning {
    /// The code in the API; it never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnusualCheckCharacter { .. } => "unusual_check_character",
            Self::UnusualControlKind => "unusual_control_kind",
            Self::UnusualVerifier => "unusual_verifier",
            Self::Minor => "minor",
            Self::OldForm => "old_form",
            Self::UnusualWord => "unusual_word",
            Self::RepeatedDigit => "repeated_digit",
            Self::ShortNumber => "short_number",
            Self::ZerosInFront => "zeros_in_front",
            Self::PersonOrCompany => "person_or_company",
            Self::CheckDigitNotApart { .. } => "check_digit_not_apart",
        }
    }
}

impl DocumentWarning {
    /// The message in Spanish.
    #[must_use]
    pub fn spanish(self) -> String {
        match self {
            Self::UnusualCheckCharacter { expected } => format!("el último carácter suele ser {expected}; compáralo con el documento"),
            Self::UnusualControlKind => "el carácter de control no es del tipo habitual para esta entidad".to_owned(),
            Self::UnusualVerifier => "el carácter junto al número no encaja; compáralo con el documento".to_owned(),
            Self::Minor => "este documento es de menores".to_owned(),
            Self::OldForm => "es una forma antigua del número".to_owned(),
            Self::UnusualWord => "pocas veces un número empieza así; compáralo con el documento".to_owned(),
            Self::RepeatedDigit => "todas sus cifras son iguales; compáralo con el documento".to_owned(),
            Self::ShortNumber => "pocos números son tan cortos; compáralo con el documento".to_owned(),
            Self::ZerosInFront => "se han quitado los ceros de delante; compáralo con el documento".to_owned(),
            Self::PersonOrCompany => {
                "se ha leído como el de una empresa sin su dígito verificador; si es el de una persona, escribe un guion antes del dígito"
                    .to_owned()
            }
            Self::CheckDigitNotApart { expected } => {
                format!("se ha leído la última cifra como dígito verificador; si es de la cédula, añade -{expected}")
            }
        }
    }
}

impl fmt::Display for DocumentWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnusualCheckCharacter { expected } => {
                write!(formatter, "the last character is usually {expected}; please compare it with the document")
            }
            Self::UnusualControlKind => formatter.write_str("the control character is of the other kind than usual for this entity"),
            Self::UnusualVerifier => {
                formatter.write_str("the character beside the number does not fit it; please compare it with the document")
            }
            Self::Minor => formatter.write_str("this document belongs to minors"),
            Self::OldForm => formatter.write_str("this is an old form of the number"),
            Self::UnusualWord => formatter.write_str("numbers rarely begin like this; please compare it with the document"),
            Self::RepeatedDigit => formatter.write_str("all its digits are the same; please compare it with the document"),
            Self::ShortNumber => formatter.write_str("few numbers are this short; please compare it with the document"),
            Self::ZerosInFront => formatter.write_str("the zeros in front were left out; please compare it with the document"),
            Self::PersonOrCompany => formatter
                .write_str("was read as a company's without its check digit; if it is a person's, write a hyphen before the check digit"),
            Self::CheckDigitNotApart { expected } => {
                write!(formatter, "its last digit was read as the check digit; if it is the cédula's, write -{expected} behind it")
            }
        }
    }
}
