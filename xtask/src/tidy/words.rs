//! The words of the project: those that docs/GLOSSARY.md retires, units of constants, one meaning per type name, and what needs a
//! sentence.

use std::collections::BTreeMap;

/// Endings of whole numbers that count nothing.
const CODES: &[&str] = &["BYTE", "CODE", "MASK", "SEED", "SERIAL", "STATE", "VERSION"];

/// Names in stored documents, which stay.
const STORED: &[&str] = &["\"told\""];

/// Names that belong to the traits that ask for them.
const OF_TRAITS: &[&str] =
    &["Data", "Err", "Error", "Future", "Item", "Output", "Rejection", "Response", "Status", "Stream", "Target", "Value"];

/// The retired words, as docs/GLOSSARY.md has them.
pub(super) struct Retired {
    words: Vec<String>,
    constants: Vec<String>,
}

impl Retired {
    /// # Errors
    ///
    /// A glossary without its table of retired words.
    pub(super) fn read(glossary: &str) -> Result<Self, String> {
        let (_, table) = glossary.split_once("| retired |").ok_or("docs/GLOSSARY.md: has no table of retired words")?;
        let mut retired = Self { words: Vec::new(), constants: Vec::new() };
        for row in table.lines().skip(2) {
            let cell = row.split('|').nth(1).unwrap_or_default().trim();
            let (list, words) = match cell.strip_prefix("const ") {
                Some(constants) => (&mut retired.constants, constants),
                None => (&mut retired.words, cell),
            };
            list.extend(words.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()));
        }
        Ok(retired)
    }

    /// The faults of one file.
    pub(super) fn check(&self, path: &str, text: &str, faults: &mut Vec<String>) {
        let rust = path.ends_with(".rs");
        if !(rust || path.ends_with(".md") || path.ends_with(".html")) || path == "docs/GLOSSARY.md" || path == "xtask/src/tidy/words.rs" {
            return;
        }
        for (index, line) in text.lines().enumerate() {
            let mut fault = |what: String| faults.push(format!("{path}:{}: {what}", index + 1));
            let line = STORED.iter().fold(line.to_owned(), |line, stored| line.replace(stored, ""));
            for word in words_of(&line) {
                if self.words.contains(&word) {
                    fault(format!("{word:?} is retired; docs/GLOSSARY.md says what is said instead"));
                }
            }
            if let Some(name) = rust.then(|| counted_constant(&line)).flatten() {
                if self.constants.iter().any(|retired| name == retired || name.starts_with(&format!("{retired}_"))) {
                    fault(format!("{name}: a retired name of a constant; docs/GLOSSARY.md says what is said instead"));
                }
                if !says_unit(name) {
                    fault(format!("{name}: says no unit; the name of a number ends in what it counts"));
                }
            }
        }
    }
}

/// The words of a line in lower case; names are taken apart at `_` and at capitals.
fn words_of(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for letter in line.chars() {
        if !letter.is_alphabetic() || letter.is_uppercase() && lower_before {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            words.last_mut().expect("one is there").extend(letter.to_lowercase());
        }
        lower_before = letter.is_lowercase();
    }
    words
}

/// Whether a name ends in what it counts: a plural, a rate, or a word that has no plural.
fn says_unit(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or_default();
    name.contains("_PER_") || last.ends_with('S') || matches!(last, "PERCENT" | "KIB") || CODES.contains(&last)
}

/// The name of a constant that is one whole number.
fn counted_constant(line: &str) -> Option<&str> {
    const WHOLE: [&str; 10] = ["u8", "u16", "u32", "u64", "u128", "usize", "i32", "i64", "i128", "isize"];
    let (before, after) = line.trim_start().split_once("const ")?;
    if !(before.is_empty() || before.starts_with("pub")) {
        return None;
    }
    let (name, rest) = after.split_once(": ")?;
    let kind = rest.split(" =").next()?;
    (WHOLE.contains(&kind) && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')).then_some(name)
}

/// Where each type name is declared.
#[derive(Default)]
pub(super) struct TypeNames(BTreeMap<String, Vec<String>>);

impl TypeNames {
    /// Takes in a source file, and says which of its public types and functions lack a sentence.
    pub(super) fn read(&mut self, path: &str, text: &str, faults: &mut Vec<String>) {
        if !path.ends_with(".rs") || !path.contains("/src/") || path.ends_with("/tests.rs") {
            return;
        }
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let mut documented = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("///") || line.starts_with("#[doc") {
                documented = true;
                continue;
            }
            if line.starts_with("#[") || line.starts_with(')') || line.starts_with("//") {
                continue;
            }
            let (public, item) = match line.strip_prefix("pub ") {
                Some(item) => (true, item),
                None => (false, line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub(super) ")).unwrap_or(line)),
            };
            let item = ["const ", "async "]
                .iter()
                .fold(item, |item, word| item.strip_prefix(word).filter(|rest| !rest.starts_with(char::is_uppercase)).unwrap_or(item));
            let mut words = item.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            if let (Some(kind @ ("struct" | "enum" | "trait" | "type" | "fn")), Some(name)) =
                (words.next(), words.next().filter(|name| !name.is_empty()))
            {
                if public && !documented && kind != "type" {
                    faults.push(format!("{path}:{}: {name} is public and has no sentence that says what it is", index + 1));
                }
                if kind != "fn" && !OF_TRAITS.contains(&name) {
                    self.0.entry(name.to_owned()).or_default().push(path.to_owned());
                }
            }
            documented = false;
        }
    }

    /// The names that mean two things.
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        for (name, places) in self.0.iter().filter(|(_, places)| places.len() > 1) {
            faults.push(format!("{name}: one name, {} types ({}); each meaning has its own", places.len(), places.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOSSARY: &str = "| retired | say |\n| --- | --- |\n| told, figures | said |\n| const MOST, PATIENCE | MAX |\n";

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        Retired::read(GLOSSARY).unwrap().check(path, text, &mut faults);
        faults
    }

    #[test]
    fn retired_words_are_seen_in_names_and_sentences() {
        assert_eq!(faults_of("a.rs", "fn was_told() {} // Told.").len(), 2);
        assert_eq!(faults_of("a.rs", "struct BankFigures;").len(), 1);
        assert_eq!(faults_of("a.rs", "let untold = configures;"), Vec::<String>::new());
    }

    #[test]
    fn a_constant_says_its_unit() {
        assert_eq!(faults_of("a.rs", "pub(crate) const MAX_BODY_BYTES: usize = 1;"), Vec::<String>::new());
        assert_eq!(faults_of("a.rs", "const MAX_BODY: usize = 1;").len(), 1);
        assert_eq!(faults_of("a.rs", "const MOST_BYTES: usize = 1;").len(), 1);
        assert_eq!(faults_of("a.rs", "const READ_TIMEOUT: Duration = x;"), Vec::<String>::new());
    }

    #[test]
    fn a_name_means_one_type_and_a_public_one_has_a_sentence() {
        let mut names = TypeNames::default();
        let mut faults = Vec::new();
        names.read("crates/a/src/one.rs", "/// One.\n#[derive(Debug)]\npub struct Row;\npub const fn bare() {}", &mut faults);
        names.read("crates/a/src/two.rs", "enum Row {}\ntype Err = u8;", &mut faults);
        names.check(&mut faults);
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
