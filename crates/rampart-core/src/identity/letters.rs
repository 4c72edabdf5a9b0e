//! Transliteration as banks do it: Unicode's compatibility decomposition without marks (UAX #15). Letters without a decomposition follow
//! the table of the European Payments Council (EPC217-08), or what people and passports use.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use crate::text::is_invisible;

/// A scheme for letters outside the basic Latin alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transliteration {
    /// EPC217-08: one letter for one where possible, `ß` as `s`, `æ` as `a`, `þ` as `t`.
    Epc,
    /// The most common: `ß` as `ss`, `æ` as `ae`, `þ` as `th`.
    Plain,
    /// As in the country of the letter: `ä`, `ö`, `ü`, `å` and `ø` as `ae`, `oe`, `ue`, `aa` and `oe`.
    National,
}

impl Transliteration {
    pub(super) const ALL: [Self; 3] = [Self::Epc, Self::Plain, Self::National];
}

/// A text in the form for comparison: lower case, without accents, transliterated where possible.
#[must_use]
pub fn folded(text: &str) -> String {
    lettered(text.trim(), Transliteration::Plain)
}

/// A text in lower case, transliterated where possible, without apostrophes.
pub(super) fn lettered(text: &str, lettering: Transliteration) -> String {
    if text.is_ascii() {
        return text.chars().filter(|letter| !is_apostrophe(*letter)).map(|letter| letter.to_ascii_lowercase()).collect();
    }
    let mut national = String::with_capacity(text.len());
    for letter in ComposingNormalizerBorrowed::new_nfc().normalize_iter(text.chars()).flat_map(char::to_lowercase) {
        match before_decomposition(letter, lettering) {
            Some(written) => national.push_str(written),
            // A spacing accent would decompose into a blank and a mark.
            None if is_apostrophe(letter) => {}
            None => national.push(letter),
        }
    }
    let marks = const { CodePointMapData::<GeneralCategory>::new() };
    let mut written = String::with_capacity(national.len());
    for letter in DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(national.chars()) {
        if letter.is_ascii() {
            written.push(letter.to_ascii_lowercase());
        } else if let Some(latin) = latin(letter, lettering, written.ends_with('o')) {
            written.push_str(latin);
        } else if !GeneralCategoryGroup::Mark.contains(marks.get(letter)) && !is_invisible(letter) {
            written.push(letter);
        }
    }
    written
}

/// Characters used as an apostrophe, and the dot in Catalan `l·l`.
pub(super) const fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '`' | '´' | '·' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | '‘' | '’' | '‛' | '′' | '＇')
}

/// Replacements applied before decomposition.
const fn before_decomposition(letter: char, lettering: Transliteration) -> Option<&'static str> {
    Some(match (letter, lettering) {
        ('ä' | 'æ', Transliteration::National) => "ae",
        ('ö' | 'ø' | 'ő', Transliteration::National) => "oe",
        ('ü' | 'ű', Transliteration::National) => "ue",
        ('å', Transliteration::National) => "aa",
        ('đ', Transliteration::National) => "dj",
        // `й` is transliterated as a letter, not as `и` with a mark.
        ('й', Transliteration::Epc) => "y",
        ('ĳ', Transliteration::Epc) => "i",
        ('ŀ', _) => "l",
        _ => return None,
    })
}

/// Replacements for letters without decomposition. The first of two is that of EPC217-08.
const fn latin(letter: char, lettering: Transliteration, after_o: bool) -> Option<&'static str> {
    const fn either(lettering: Transliteration, epc: &'static str, plain: &'static str) -> &'static str {
        if matches!(lettering, Transliteration::Epc) { epc } else { plain }
    }
    Some(match letter {
        'ß' => either(lettering, "s", "ss"),
        'æ' => either(lettering, "a", "ae"),
        'œ' => either(lettering, "o", "oe"),
        'þ' => either(lettering, "t", "th"),
        'ð' | 'đ' | 'δ' | 'д' => "d",
        'ø' | 'ο' | 'ω' | 'о' => "o",
        'ħ' => "h",
        'ı' | 'ι' | 'η' | 'и' | 'і' => "i",
        'ł' | 'λ' | 'л' => "l",
        'ŋ' | 'ν' | 'н' => "n",
        'ŧ' | 'τ' | 'т' => "t",
        'α' | 'а' => "a",
        'β' | 'в' => "v",
        'γ' | 'г' | 'ґ' => "g",
        'ε' | 'е' | 'э' | 'ə' => "e",
        'ζ' | 'з' => "z",
        'θ' => "th",
        'κ' | 'к' => "k",
        'μ' | 'м' => "m",
        'ξ' => "x",
        'π' | 'п' => "p",
        'ρ' | 'р' => "r",
        'σ' | 'ς' | 'с' => "s",
        'υ' => either(lettering, "y", if after_o { "u" } else { "y" }),
        'φ' | 'ф' => "f",
        'χ' | 'ч' => "ch",
        'ψ' => "ps",
        'б' => "b",
        'ж' => "zh",
        'у' => "u",
        'х' => either(lettering, "h", "kh"),
        'ц' => "ts",
        'ш' => "sh",
        'щ' => either(lettering, "sht", "shch"),
        'ъ' => either(lettering, "a", ""),
        'ь' => either(lettering, "y", ""),
        'ы' => "y",
        'ю' => either(lettering, "yu", "iu"),
        'я' => either(lettering, "ya", "ia"),
        'є' => "ye",
        'ђ' => "dj",
        'ј' => "j",
        'љ' => "lj",
        'њ' => "nj",
        'ћ' => "c",
        'џ' => "dz",
        _ => return None,
    })
}
