//! IBAN (ISO 13616) of the countries in SEPA, with Spain's inner control digits.

use super::{Checked, Fault, Kind, bank, compact};

/// The SEPA countries (EPC409-09) with their national part as SWIFT's IBAN registry writes it: `n` digits, `a` capital
/// letters, `c` either.
const STRUCTURES: &[(&str, &str)] = &[
    ("AD", "8n12c"),
    ("AL", "8n16c"),
    ("AT", "16n"),
    ("BE", "12n"),
    ("BG", "4a6n8c"),
    ("CH", "5n12c"),
    ("CY", "8n16c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DK", "14n"),
    ("EE", "16n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("GI", "4a15c"),
    ("GR", "7n16c"),
    ("HR", "17n"),
    ("HU", "24n"),
    ("IE", "4a14n"),
    ("IS", "22n"),
    ("IT", "1a10n12c"),
    ("LI", "5n12c"),
    ("LT", "16n"),
    ("LU", "3n13c"),
    ("LV", "4a13c"),
    ("MC", "10n11c2n"),
    ("MD", "2c18c"),
    ("ME", "18n"),
    ("MK", "3n10c2n"),
    ("MT", "4a5n18c"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("PL", "24n"),
    ("PT", "21n"),
    ("RO", "4a16c"),
    ("RS", "18n"),
    ("SE", "20n"),
    ("SI", "15n"),
    ("SK", "20n"),
    ("SM", "1a10n12c"),
    ("VA", "18n"),
];

/// The runs of a structure: how many signs of which class.
fn runs(structure: &'static str) -> impl Iterator<Item = (usize, u8)> {
    let mut count = 0;
    structure.bytes().filter_map(move |byte| match byte {
        b'0'..=b'9' => {
            count = count * 10 + usize::from(byte - b'0');
            None
        }
        class => Some((std::mem::take(&mut count), class)),
    })
}

/// A text modulo 97, letters counting from 10.
pub(super) fn modulo_97(signs: impl Iterator<Item = u8>) -> u32 {
    // Dividing once for many signs is several times faster than once for each.
    const FULL: u64 = 1_000_000_000_000_000;
    let rest = signs.fold(0_u64, |rest, sign| {
        let rest = if rest < FULL { rest } else { rest % 97 };
        match sign {
            b'0'..=b'9' => rest * 10 + u64::from(sign - b'0'),
            _ => rest * 100 + u64::from(sign - b'A') + 10,
        }
    });
    u32::try_from(rest % 97).unwrap_or(0)
}

/// Spain: the control digit over ten digits, with powers of two modulo 11 as weights (Banco de España).
fn spanish_control(digits: &[u8]) -> u8 {
    const WEIGHTS: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    match 11 - sum % 11 {
        11 => b'0',
        10 => b'1',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    }
}

/// An IBAN.
pub(super) fn check(account: &str) -> Result<Checked, Fault> {
    const WHICH: (&str, &str) = ("the two digits behind the country", "las dos cifras tras el país");
    let mut iban = compact(account);
    iban.make_ascii_uppercase();
    if iban.starts_with("IBAN") {
        iban.drain(..4);
    }
    if !iban.bytes().all(|sign| sign.is_ascii_alphanumeric())
        && let Some(found) = iban.chars().find(|sign| !sign.is_ascii_alphanumeric())
    {
        return Err(Fault::Charset { found });
    }
    let Some(country) = iban.get(..2).filter(|country| country.bytes().all(|byte| byte.is_ascii_uppercase())) else {
        return Err(Fault::WrongShape { example: "ES91 2100 0418 4502 0005 1332" });
    };
    let Ok(place) = STRUCTURES.binary_search_by(|(name, _)| (*name).cmp(country)) else {
        return Err(Fault::UnknownCountry { found: country.to_owned() });
    };
    let structure = STRUCTURES[place].1;
    let expected = 4 + runs(structure).map(|(count, _)| count).sum::<usize>();
    if iban.len() != expected {
        return Err(Fault::WrongLength { expected, found: iban.len() });
    }
    let (head, national) = iban.split_at(4);
    let mut signs = national.bytes();
    for (count, class) in runs(structure) {
        for sign in signs.by_ref().take(count) {
            match class {
                b'n' if !sign.is_ascii_digit() => return Err(Fault::DigitExpected { found: char::from(sign) }),
                b'a' if !sign.is_ascii_uppercase() => return Err(Fault::Charset { found: char::from(sign) }),
                _ => {}
            }
        }
    }
    let right = 98 - modulo_97(national.bytes().chain(head.bytes().take(2)).chain(*b"00"));
    let written = head[2..].bytes().try_fold(0, |value, sign| sign.is_ascii_digit().then(|| value * 10 + u32::from(sign - b'0')));
    if written != Some(right) {
        return Err(Fault::WrongCheckDigits { expected: format!("{right:02}"), which: WHICH });
    }
    if country != "ES" {
        return Ok(Checked::new(Kind::Iban, iban));
    }
    check_spanish(national.as_bytes())?;
    let code = national[..4].to_owned();
    let name = bank::spain(&code);
    Ok(Checked::new(Kind::Iban, iban).at_bank(code, name))
}

/// The two control digits inside a Spanish IBAN: over bank and branch, and over the account.
fn check_spanish(national: &[u8]) -> Result<(), Fault> {
    let mut branch = [b'0'; 10];
    branch[2..].copy_from_slice(&national[..8]);
    let expected = [spanish_control(&branch), spanish_control(&national[10..])];
    if national[8..10] != expected {
        let expected = expected.iter().map(|digit| char::from(*digit)).collect();
        return Err(Fault::WrongCheckDigits {
            expected,
            which: ("the two control digits behind bank and branch", "las dos cifras de control tras banco y sucursal"),
        });
    }
    Ok(())
}
