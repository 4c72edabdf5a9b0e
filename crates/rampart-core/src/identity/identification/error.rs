//! Errors and warnings about document numbers, in English and Spanish. Each says what to do next.

use super::Date;
use crate::identity::country::Country;
use crate::identity::messages::messages;

/// A description of the expected number, in English and in Spanish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wording(pub &'static str, pub &'static str);

/// Why a document number is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    Empty,
    TooLong,
    Charset { found: char },
    // `allowed` are values in the API, separated by commas.
    WrongCountry { document: &'static str, country: Country, allowed: String },
    WrongLength { expected: Wording, found: usize },
    // The right length, but letters and digits are not where they must be.
    WrongShape { expected: Wording },
    // A letter that is easily mistaken for the digit that must be there.
    LetterForDigit { found: char, meant: char },
    DigitExpected { found: char },
    WrongCheckDigit { expected: char, is_letter: bool },
    // The last digit is not the check digit of the others, but the number may be a whole cédula without one. The input does not show which.
    CheckDigitNotApart { number: String, expected: char },
    MissingCheckDigit { expected: char },
    UnknownPrefix { found: String, allowed: Wording },
    ImpossibleDate { found: String },
    UnknownPlace { found: String },
    Placeholder { used_for: &'static str, used_for_es: &'static str },
    // Invalid for this document, but valid for another of the country.
    OtherDocument { sent: &'static str, is: &'static str },
    // The date of birth in the number differs from the one received.
    Contradiction { number_says: Date, sent: Date },
}

messages! { DocumentError:
    Empty => "empty",
        "the number is empty",
        "falta el número";
    TooLong => "too_long",
        "the number is longer than any document's",
        "el número es demasiado largo";
    Charset { found } => "charset",
        "the number has '{found}'; write letters and digits only",
        "el número contiene «{found}»; escribe solo letras y cifras";
    WrongCountry { document, country, allowed } => "wrong_country",
        "{document} is not a document of {country}; use one of {allowed}",
        "{document} no es un documento de {country}; usa uno de estos: {allowed}";
    WrongLength { expected: Wording(english, spanish), found } => "wrong_length",
        "must have {english}; there are {found} characters",
        "debe tener {spanish}; has escrito {found} caracteres";
    WrongShape { expected: Wording(english, spanish) } => "wrong_shape",
        "must look like this: {english}",
        "debe tener esta forma: {spanish}";
    LetterForDigit { found, meant } => "letter_for_digit",
        "has the letter {found} where a digit must stand; did you mean {meant}?",
        "hay una letra {found} donde va una cifra; ¿querías escribir {meant}?";
    DigitExpected { found } => "digit_expected",
        "has '{found}' where a digit must stand",
        "hay «{found}» donde va una cifra";
    WrongCheckDigit { expected, is_letter: true } => "wrong_check_digit",
        "control letter should be {expected}; please check the number",
        "la letra de control debería ser {expected}; revisa el número";
    WrongCheckDigit { expected, is_letter: false } => "wrong_check_digit",
        "check digit should be {expected}; please check the number",
        "el dígito verificador debería ser {expected}; revisa el número";
    CheckDigitNotApart { number, expected } => "wrong_check_digit",
        "write the whole cédula and its check digit behind a hyphen; if this is the whole cédula, {number}-{expected}",
        "escribe la cédula entera y, tras un guion, su dígito verificador; si esta es la cédula entera, {number}-{expected}";
    MissingCheckDigit { expected } => "missing_check_digit",
        "the last character, the check one, is missing; it would be {expected}",
        "falta el último carácter, el de control; sería {expected}";
    UnknownPrefix { found, allowed: Wording(english, spanish) } => "unknown_prefix",
        "begins with {found}; it must begin with {english}",
        "empieza por {found}; debe empezar por {spanish}";
    ImpossibleDate { found } => "impossible_date",
        "the date {found} inside the number does not exist; please copy it from the document again",
        "la fecha {found} dentro del número no existe; cópialo otra vez del documento";
    UnknownPlace { found } => "unknown_place",
        "{found} is no state's code; please copy the number from the document again",
        "{found} no es la clave de ningún estado; cópialo otra vez del documento";
    Placeholder { used_for, used_for_es } => "placeholder",
        "is a generic number ({used_for}); please give your own",
        "es un número genérico ({used_for_es}); escribe el tuyo";
    OtherDocument { sent, is } => "other_document",
        "this number is not a {sent}, it is a {is}; choose {is} as identification_type",
        "este número no es {sent}, es {is}; elige {is} como tipo de documento";
    Contradiction { number_says, sent } => "contradiction",
        "the number says born on {number_says}, but {sent} was sent; please correct one of them",
        "según el número naciste el {number_says}, pero has indicado {sent}; corrige uno de los dos";
}

impl std::error::Error for DocumentError {}

/// Something unusual about a valid number. Issued numbers like this exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentWarning {
    // Of an RFC; so in about one of seventy issued numbers.
    UnusualCheckCharacter { expected: char },
    // A CIF with a digit where a letter is usual, or the reverse.
    UnusualControlKind,
    // The character printed beside a Peruvian DNI.
    UnusualVerifier,
    Minor,
    OldForm,
    // The first letters are a word that the issuer usually alters.
    UnusualWord,
    // As in a filler.
    RepeatedDigit,
    ShortNumber,
    // They pad the field.
    ZerosInFront,
    // A NIT.
    PersonOrCompany,
    // A person's NIT without a hyphen, which may be a whole cédula.
    CheckDigitNotApart { expected: char },
}

messages! { DocumentWarning:
    UnusualCheckCharacter { expected } => "unusual_check_character",
        "the last character is usually {expected}; please compare it with the document",
        "el último carácter suele ser {expected}; compáralo con el documento";
    UnusualControlKind => "unusual_control_kind",
        "the control character is of the other kind than usual for this entity",
        "el carácter de control no es del tipo habitual para esta entidad";
    UnusualVerifier => "unusual_verifier",
        "the character beside the number does not fit it; please compare it with the document",
        "el carácter junto al número no encaja; compáralo con el documento";
    Minor => "minor",
        "this document belongs to minors",
        "este documento es de menores";
    OldForm => "old_form",
        "this is an old form of the number",
        "es una forma antigua del número";
    UnusualWord => "unusual_word",
        "numbers rarely begin like this; please compare it with the document",
        "pocas veces un número empieza así; compáralo con el documento";
    RepeatedDigit => "repeated_digit",
        "all its digits are the same; please compare it with the document",
        "todas sus cifras son iguales; compáralo con el documento";
    ShortNumber => "short_number",
        "few numbers are this short; please compare it with the document",
        "pocos números son tan cortos; compáralo con el documento";
    ZerosInFront => "zeros_in_front",
        "the zeros in front were left out; please compare it with the document",
        "se han quitado los ceros de delante; compáralo con el documento";
    PersonOrCompany => "person_or_company",
        "was read as a company's without its check digit; if it is a person's, write a hyphen before the check digit",
        "se ha leído como el de una empresa sin su dígito verificador; si es el de una persona, escribe un guion antes del dígito";
    CheckDigitNotApart { expected } => "check_digit_not_apart",
        "its last digit was read as the check digit; if it is the cédula's, write -{expected} behind it",
        "se ha leído la última cifra como dígito verificador; si es de la cédula, añade -{expected}";
}
