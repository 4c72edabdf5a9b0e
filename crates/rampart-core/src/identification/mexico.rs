//! Mexico: CURP (RENAPO; DOF 18-10-2014) and RFC (SAT; CFF article 27).

use super::digits::{Signs, listed, not_a_digit};
use super::{Checked, CustomerType, Date, Doubt, Fault, Sex, Wording};

/// Beginnings that RENAPO never assigns: it writes X in place of the second letter.
const CURP_WORDS: &str = "BACA BAKA BUEI BUEY CACA CACO CAGA CAGO CAKA CAKO COGE COGI COJA COJE COJI COJO COLA CULO FALO FETO GETA GUEI GUEY JETA JOTO KACA KACO KAGA KAGO KAKA KAKO KOGE KOGI KOJA KOJE KOJI KOJO KOLA KULO LILO LOCA LOCO LOKA LOKO MAME MAMO MEAR MEAS MEON MIAR MION MOCO MOKO MULA MULO NACA NACO PEDA PEDO PENE PIPI PITO POPO PUTA PUTO QULO RATA ROBA ROBE ROBO RUIN SENO TETA VACA VAGA VAGO VAKA VUEI VUEY WUEI WUEY";
/// Beginnings that SAT never assigns: it writes X in place of the fourth letter.
const RFC_WORDS: &str = "BUEI BUEY CACA CACO CAGA CAGO CAKA CAKO COGE COJA COJE COJI COJO CULO FETO GUEY JOTO KACA KACO KAGA KAGO KAKA KOGE KOJO KULO MAME MAMO MEAR MEAS MEON MION MOCO MULA PEDA PEDO PENE PUTA PUTO QULO RATA RUIN";

/// RENAPO's codes of the place of birth.
fn place(code: [char; 2]) -> Option<&'static str> {
    Some(match code {
        ['A', 'S'] => "Aguascalientes",
        ['B', 'C'] => "Baja California",
        ['B', 'S'] => "Baja California Sur",
        ['C', 'C'] => "Campeche",
        ['C', 'H'] => "Chihuahua",
        ['C', 'L'] => "Coahuila",
        ['C', 'M'] => "Colima",
        ['C', 'S'] => "Chiapas",
        ['D', 'F'] => "Ciudad de México",
        ['D', 'G'] => "Durango",
        ['G', 'R'] => "Guerrero",
        ['G', 'T'] => "Guanajuato",
        ['H', 'G'] => "Hidalgo",
        ['J', 'C'] => "Jalisco",
        ['M', 'C'] => "México",
        ['M', 'N'] => "Michoacán",
        ['M', 'S'] => "Morelos",
        ['N', 'E'] => "nacido en el extranjero",
        ['N', 'L'] => "Nuevo León",
        ['N', 'T'] => "Nayarit",
        ['O', 'C'] => "Oaxaca",
        ['P', 'L'] => "Puebla",
        ['Q', 'R'] => "Quintana Roo",
        ['Q', 'T'] => "Querétaro",
        ['S', 'L'] => "Sinaloa",
        ['S', 'P'] => "San Luis Potosí",
        ['S', 'R'] => "Sonora",
        ['T', 'C'] => "Tabasco",
        ['T', 'L'] => "Tlaxcala",
        ['T', 'S'] => "Tamaulipas",
        ['V', 'Z'] => "Veracruz",
        ['Y', 'N'] => "Yucatán",
        ['Z', 'S'] => "Zacatecas",
        _ => return None,
    })
}

/// CURP: digits count as themselves, A to N from 10, Ñ 24, O to Z from 25.
fn curp_value(letter: char) -> u32 {
    match letter {
        '0'..='9' => u32::from(letter) - u32::from('0'),
        'A'..='N' => u32::from(letter) - u32::from('A') + 10,
        'Ñ' => 24,
        _ => u32::from(letter) - u32::from('O') + 25,
    }
}

fn text_of(signs: &[char]) -> String {
    signs.iter().collect()
}

/// CURP: eighteen signs, the last a check digit.
pub(super) fn curp(text: &str) -> Result<Checked, Fault> {
    const SHAPE: Wording = Wording(
        "4 letters, 6 digits, H, M or X, 5 letters, a letter or digit and a digit, as in QAQX800101HDFQQX08",
        "4 letras, 6 cifras, H, M o X, 5 letras, una letra o cifra y una cifra, como QAQX800101HDFQQX08",
    );
    let signs = Signs::<18>::of(text);
    if signs.count() != 18 {
        return Err(Fault::WrongLength { expected: Wording("18 characters", "18 caracteres"), found: signs.count() });
    }
    if let Some(found) = signs[4..10].iter().chain(&signs[17..]).find(|sign| !sign.is_ascii_digit()) {
        return Err(not_a_digit(*found));
    }
    let letter = |sign: &char| sign.is_ascii_uppercase() || *sign == 'Ñ';
    let consonant = |sign: &char| letter(sign) && !"AEIOU".contains(*sign);
    let well_formed = signs[..4].iter().all(letter)
        && "AEIOUX".contains(signs[1])
        && "HMX".contains(signs[10])
        && signs[11..13].iter().all(letter)
        && signs[13..16].iter().all(consonant)
        && signs[16].is_ascii_alphanumeric();
    if !well_formed {
        return Err(Fault::WrongShape { expected: SHAPE });
    }
    let birthplace = place([signs[11], signs[12]]).ok_or_else(|| Fault::UnknownPlace { found: text_of(&signs[11..13]) })?;
    // The seventeenth sign is a digit for births to 1999 and a letter from 2000 on.
    let century = if signs[16].is_ascii_digit() { 1900 } else { 2000 };
    let figures = &signs[4..10];
    let date = Date::of_signs(figures, century).ok_or_else(|| Fault::ImpossibleDate { found: text_of(figures) })?;
    if listed(CURP_WORDS, &signs[..4]) {
        return Err(Fault::ForbiddenWord { instead: format!("{}X{}", signs[0], text_of(&signs[2..4])) });
    }
    let sum: u32 = signs[..17].iter().zip((2..=18).rev()).map(|(sign, weight)| curp_value(*sign) * weight).sum();
    let expected = char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0');
    if signs[17] != expected {
        return Err(Fault::WrongCheckDigit { expected, is_letter: false });
    }
    if text == "XEXX010101HNEXXXA4" || text == "XEXX010101MNEXXXA8" {
        return Err(Fault::Placeholder { used_for: "foreigners without a CURP", used_for_es: "extranjeros sin CURP" });
    }
    let mut checked = Checked::new(text.to_owned(), CustomerType::Individual);
    checked.implied.date = Some(date);
    checked.implied.century_is_certain = true;
    checked.implied.birthplace = Some(birthplace);
    checked.implied.sex = Some(match signs[10] {
        'H' => Sex::Male,
        'M' => Sex::Female,
        _ => Sex::Unspecified,
    });
    Ok(checked)
}

/// RFC: digits count as themselves, A to N from 10, & 24, O to Z from 25, blank 37, Ñ 38.
fn rfc_value(letter: char) -> u32 {
    match letter {
        '&' => 24,
        ' ' => 37,
        'Ñ' => 38,
        _ => curp_value(letter),
    }
}

/// RFC: thirteen signs of a person, twelve of a company. Its last character is advisory: about 1.5 % of issued ones
/// break the formula.
pub(super) fn rfc(text: &str) -> Result<Checked, Fault> {
    match text {
        "XAXX010101000" => return Err(Fault::Placeholder { used_for: "the general public", used_for_es: "público en general" }),
        "XEXX010101000" => return Err(Fault::Placeholder { used_for: "foreigners without an RFC", used_for_es: "extranjeros sin RFC" }),
        _ => {}
    }
    let signs = Signs::<13>::of(text);
    let letters = match signs.count() {
        13 => 4,
        12 => 3,
        found => {
            return Err(Fault::WrongLength {
                expected: Wording("13 characters (a person's) or 12 (a company's)", "13 caracteres (persona) o 12 (empresa)"),
                found,
            });
        }
    };
    let letter = |sign: &char| sign.is_ascii_uppercase() || matches!(sign, 'Ñ' | '&');
    if !signs[..letters].iter().all(letter) {
        let expected = if letters == 4 {
            Wording(
                "4 letters, 6 digits, 3 letters or digits, as in QAQX800101AB1",
                "4 letras, 6 cifras y 3 letras o cifras, como QAQX800101AB1",
            )
        } else {
            Wording(
                "3 letters, 6 digits, 3 letters or digits, as in QQZ800101ABA",
                "3 letras, 6 cifras y 3 letras o cifras, como QQZ800101ABA",
            )
        };
        return Err(Fault::WrongShape { expected });
    }
    let figures = &signs[letters..letters + 6];
    if let Some(found) = figures.iter().find(|sign| !sign.is_ascii_digit()) {
        return Err(not_a_digit(*found));
    }
    // Two figures of the year leave the century open; 29 February needs a leap year in one of them.
    let date = Date::of_signs(figures, 1900)
        .or_else(|| Date::of_signs(figures, 2000))
        .ok_or_else(|| Fault::ImpossibleDate { found: text_of(figures) })?;
    let homoclave = &signs[letters + 6..];
    let last = homoclave[2];
    if !homoclave[..2].iter().all(char::is_ascii_alphanumeric) || !(last.is_ascii_digit() || last == 'A') {
        return Err(Fault::WrongShape {
            expected: Wording(
                "2 letters or digits and a digit or A at the end, as in AB1",
                "2 letras o cifras y al final una cifra o A, como AB1",
            ),
        });
    }
    let mut checked = Checked::new(text.to_owned(), if letters == 4 { CustomerType::Individual } else { CustomerType::Company });
    if letters == 4 {
        if listed(RFC_WORDS, &signs[..4]) {
            return Err(Fault::ForbiddenWord { instead: format!("{}X", text_of(&signs[..3])) });
        }
        if listed(CURP_WORDS, &signs[..4]) {
            checked.doubts.push(Doubt::UnusualWord);
        }
    }
    let padding = if letters == 3 { Some(' ') } else { None };
    let sum: u32 =
        padding.iter().chain(&signs[..signs.len() - 1]).zip((2..=13).rev()).map(|(sign, weight)| rfc_value(*sign) * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'A',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    if last != expected {
        checked.doubts.push(Doubt::UnusualCheckCharacter { expected });
    }
    checked.implied.date = Some(date);
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_and_every_one_is_found() {
        for list in [CURP_WORDS, RFC_WORDS] {
            let words: Vec<&str> = list.split(' ').collect();
            assert!(words.is_sorted() && words.iter().all(|word| word.len() == 4));
            let found = |word: &str| listed(list, &word.chars().collect::<Vec<_>>());
            assert!(words.iter().all(|word| found(word)));
            assert!(!["AAAA", "ZZZZ", "PEDX", "ÑACA"].into_iter().any(found));
        }
    }
}
