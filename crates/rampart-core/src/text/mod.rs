//! Text from outside: which characters it may have, and how it is printed.
//!
//! Invisible characters (control characters, bidirectional overrides, default-ignorable and unassigned code points, private use) make
//! different names look alike, reverse a line or send commands to a terminal. Where a person can correct the input they are refused;
//! elsewhere they are escaped when printed.
//!
//! Unicode defines which code points these are: by general category, and by `Default_Ignorable_Code_Point`. Joiners belong to them, but
//! some scripts need them. They are kept where they have an effect: by the rules of RFC 5892 (appendix A) for domain names, and between
//! pictographs.

pub(crate) mod char_buffer;
pub mod code;
pub mod redacted;
pub(crate) mod words;

use std::borrow::Cow;
use std::fmt::Write as _;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    BidiClass, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// For reasons given by providers.
const MAX_REASON_CHARACTERS: usize = 500;

/// ZERO WIDTH NON-JOINER: separates letters that would be joined.
const NON_JOINER: char = '\u{200C}';
/// ZERO WIDTH JOINER: joins its neighbours.
const JOINER: char = '\u{200D}';
/// VARIATION SELECTOR-16: shows a pictograph in colour.
const IN_COLOUR: char = '\u{FE0F}';
/// VARIATION SELECTOR-15: shows a pictograph as text.
const AS_LETTER: char = '\u{FE0E}';

/// BRAILLE PATTERN BLANK.
const BLANK_BRAILLE: char = '\u{2800}';

/// FIRST STRONG ISOLATE: begins text whose direction does not affect its surroundings.
const ISOLATE: char = '\u{2068}';
/// POP DIRECTIONAL ISOLATE: ends it.
const END_OF_ISOLATE: char = '\u{2069}';

/// A text has invisible characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A line break, an escape character or another control character.
    #[error("must not contain control characters")]
    Control,
    /// The code point of another invisible character.
    #[error("must not contain the invisible character U+{0:04X}")]
    Invisible(u32),
}

/// Refuses invisible characters in text that its author can correct.
///
/// # Errors
/// The first invisible character.
pub fn check(text: &str) -> Result<(), TextError> {
    // Fast path: most texts are printable ASCII, and every request has some.
    if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Ok(());
    }
    match hidden_characters(text).next() {
        None => Ok(()),
        Some((_, letter)) if letter.is_control() => Err(TextError::Control),
        Some((_, letter)) => Err(TextError::Invisible(letter.into())),
    }
}

/// Whether a character is invisible and not a control character.
pub(crate) fn is_invisible(letter: char) -> bool {
    is_hidden(letter) && !letter.is_control()
}

/// Whether a text has nothing visible: only blanks, invisible characters, and marks, which need a base character. Such a text is treated
/// as empty.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| letter.is_whitespace() || is_invisible(letter) || is_mark(letter))
}

pub(crate) fn is_mark(letter: char) -> bool {
    !letter.is_ascii() && GeneralCategoryGroup::Mark.contains(const { CodePointMapData::<GeneralCategory>::new() }.get(letter))
}

/// The text in NFC (UAX #15): some keyboards and file systems write `ñ` as `n` and a combining tilde.
#[must_use]
pub fn composed(text: &str) -> Cow<'_, str> {
    const { ComposingNormalizerBorrowed::new_nfc() }.normalize(text)
}

/// The text without surrounding blanks and invisible characters, which are often copied along. For texts in which every character counts,
/// such as addresses.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || is_hidden(letter))
}

/// The text for one line of a terminal or log: invisible characters are escaped, such as `\n` or `\u{202e}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    written_out(text, |letter, shown| {
        let _ = write!(shown, "{}", letter.escape_default());
    })
}

/// JSON with invisible characters escaped. The value is unchanged: outside its strings, JSON has no such characters but line breaks, and
/// none of these when it is on one line.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    written_out(json, |letter, shown| {
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

/// A text to be put into a plain-text sentence: its direction does not affect the sentence around it. (In HTML, use `<bdi>`.)
#[must_use]
pub fn isolated(text: &str) -> String {
    let shown = printable(text);
    if shown.contains(is_written_leftwards) { format!("{ISOLATE}{shown}{END_OF_ISOLATE}") } else { shown.into_owned() }
}

/// The reason given by a provider, cut to the length that is stored.
#[must_use]
pub fn reason(given: &str) -> String {
    clipped(given.to_owned(), MAX_REASON_CHARACTERS)
}

/// The text cut to `most` characters.
#[must_use]
pub fn clipped(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    text
}

fn written_out(text: &str, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for (place, letter) in hidden_characters(text) {
        shown.push_str(&text[done..place]);
        write(letter, &mut shown);
        done = place + letter.len_utf8();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

/// Invisible characters without an effect, with their byte index.
fn hidden_characters(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|&(place, letter)| {
        is_hidden(letter) && (letter.is_ascii() || !has_effect(&text[..place], letter, &text[place + letter.len_utf8()..]))
    })
}

fn is_hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    match const { CodePointMapData::<GeneralCategory>::new() }.get(letter) {
        GeneralCategory::Control
        | GeneralCategory::Format
        | GeneralCategory::PrivateUse
        | GeneralCategory::Surrogate
        | GeneralCategory::Unassigned
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => true,
        _ if letter == BLANK_BRAILLE => true,
        _ => const { CodePointSetData::new::<DefaultIgnorableCodePoint>() }.contains(letter),
    }
}

/// Whether a joiner or selector changes how its neighbours are displayed.
fn has_effect(before: &str, letter: char, after: &str) -> bool {
    match letter {
        NON_JOINER => ends_with_virama(before) || (joins_onwards(before) && joins_backwards(after)),
        JOINER => ends_with_virama(before) || (ends_with_pictograph(before) && after.starts_with(is_pictograph)),
        IN_COLOUR | AS_LETTER => before.ends_with(is_pictograph),
        _ => false,
    }
}

fn ends_with_virama(text: &str) -> bool {
    let class = |letter: char| const { CodePointMapData::<CanonicalCombiningClass>::new() }.get(letter);
    text.chars().next_back().is_some_and(|letter| class(letter) == CanonicalCombiningClass::Virama)
}

/// Whether the last letter joins a following one; marks are skipped.
fn joins_onwards(text: &str) -> bool {
    let kind = text.chars().rev().map(joining).find(|kind| *kind != JoiningType::Transparent);
    matches!(kind, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
}

/// Whether the first letter joins a preceding one; marks are skipped.
fn joins_backwards(text: &str) -> bool {
    let kind = text.chars().map(joining).find(|kind| *kind != JoiningType::Transparent);
    matches!(kind, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

fn joining(letter: char) -> JoiningType {
    const { CodePointMapData::<JoiningType>::new() }.get(letter)
}

/// A pictograph, optionally with a colour selector or a skin tone.
fn ends_with_pictograph(text: &str) -> bool {
    let is_tone = |letter| const { CodePointSetData::new::<EmojiModifier>() }.contains(letter);
    let bare = text.strip_suffix(IN_COLOUR).or_else(|| text.strip_suffix(is_tone)).unwrap_or(text);
    bare.ends_with(is_pictograph)
}

fn is_written_leftwards(letter: char) -> bool {
    let class = const { CodePointMapData::<BidiClass>::new() }.get(letter);
    matches!(class, BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber)
}

fn is_pictograph(letter: char) -> bool {
    const { CodePointSetData::new::<ExtendedPictographic>() }.contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_kept() {
        for name in [
            "O'Brien",
            "D’Angelo",
            "Ñandú Íñiguez",
            "Jose\u{301} Nu\u{303}ez",
            "Nguyễn Thị Minh Khai",
            "김철수",
            "山田 太郎",
            "עמוס עוז",
            "علی\u{200C}رضا",
            "नेत्र\u{94D}\u{200D}या",
            "ශ\u{DCA}\u{200D}රී",
            "Zoë \u{2764}\u{FE0F} 👩🏽\u{200D}💻",
            "Piñata S.A. (50 % – “ñ”)\u{A0}€",
        ] {
            assert_eq!(check(name), Ok(()), "{name:?}");
            assert_eq!(printable(name), name);
        }
    }

    #[test]
    fn what_shows_nothing_is_blank() {
        for blank in [
            "",
            " ",
            "\u{200B}",
            "\u{200D}\u{A0}",
            "\u{2800}",
            "\u{3164}",
            "\u{2060} \u{FEFF}",
            "\u{AD}",
            "\u{E0020}",
            "\u{301}",
            " \u{308}\u{93E}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        // Control characters are not blank: they are refused.
        for text in ["a", "-", "\u{200B}a", "\u{7}", "ñ", "n\u{303}", "´", "김"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn a_text_has_one_form() {
        assert_eq!(composed("Espan\u{303}a"), "España");
        assert_eq!(composed("España"), "España");
    }

    #[test]
    fn what_does_not_show_is_found_and_written_out() {
        for (text, letter, shown) in [
            ("a\nb", '\n', "a\\nb"),
            ("\u{1B}[2J", '\u{1B}', "\\u{1b}[2J"),
            ("a\u{7F}", '\u{7F}', "a\\u{7f}"),
            ("a\u{9B}2J", '\u{9B}', "a\\u{9b}2J"),
            ("Ana\u{200B}", '\u{200B}', "Ana\\u{200b}"),
            ("\u{202E}gnp.exe", '\u{202E}', "\\u{202e}gnp.exe"),
            ("\u{2067}x", '\u{2067}', "\\u{2067}x"),
            ("\u{61C}x", '\u{61C}', "\\u{61c}x"),
            ("\u{FEFF}x", '\u{FEFF}', "\\u{feff}x"),
            ("so\u{AD}ft", '\u{AD}', "so\\u{ad}ft"),
            ("a\u{E0041}", '\u{E0041}', "a\\u{e0041}"),
            ("a\u{E000}", '\u{E000}', "a\\u{e000}"),
            ("a\u{10FFFD}", '\u{10FFFD}', "a\\u{10fffd}"),
            ("a\u{FFFE}", '\u{FFFE}', "a\\u{fffe}"),
            ("a\u{2028}b", '\u{2028}', "a\\u{2028}b"),
            ("a\u{3164}", '\u{3164}', "a\\u{3164}"),
            ("Acme\u{2800}", '\u{2800}', "Acme\\u{2800}"),
            ("a\u{34F}", '\u{34F}', "a\\u{34f}"),
            // Joiners and selectors without an effect.
            ("Ana\u{200D}", '\u{200D}', "Ana\\u{200d}"),
            ("An\u{200C}a", '\u{200C}', "An\\u{200c}a"),
            ("علی\u{200C}", '\u{200C}', "علی\\u{200c}"),
            ("علی\u{200C}\u{200C}رضا", '\u{200C}', "علی\\u{200c}\\u{200c}رضا"),
            ("1\u{FE0F}", '\u{FE0F}', "1\\u{fe0f}"),
            ("\u{2764}\u{FE0F}\u{FE0F}", '\u{FE0F}', "\u{2764}\u{FE0F}\\u{fe0f}"),
            ("x\u{E0100}", '\u{E0100}', "x\\u{e0100}"),
        ] {
            let fault = if letter.is_control() { TextError::Control } else { TextError::Invisible(letter.into()) };
            assert_eq!(check(text), Err(fault), "{text:?}");
            assert_eq!(printable(text), shown);
            assert_eq!(check(&printable(text)), Ok(()));
        }
    }

    #[test]
    fn json_means_the_same_when_it_is_printable() {
        let value = serde_json::json!({ "name": "a\u{202E}b\u{9B}\u{E0041}\n\u{7F}ñ" });
        let json = serde_json::to_string(&value).unwrap();
        let shown = printable_json(&json);
        assert_eq!(check(&shown), Ok(()));
        assert_eq!(shown, r#"{"name":"a\u202eb\u009b\udb40\udc41\n\u007fñ"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_text_is_isolated_and_cut_by_characters() {
        assert_eq!(isolated("Ana\u{202E}"), "Ana\\u{202e}");
        assert_eq!(isolated("עמוס 7"), "\u{2068}עמוס 7\u{2069}");
        assert_eq!(clipped("ñandú".to_owned(), 3), "ñan");
        assert_eq!(clipped("ñandú".to_owned(), 5), "ñandú");
    }
}
