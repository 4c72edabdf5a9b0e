//! Rules over the text of single files.

/// A file with more lines holds more than one idea.
const MAX_FILE_LINES: usize = 500;

/// The faults of one file.
pub(super) fn check(path: &str, text: &str, faults: &mut Vec<String>) {
    let rust = path.ends_with(".rs");
    let test = is_test(path);
    if rust && !test && text.lines().count() > MAX_FILE_LINES {
        faults.push(format!("{path}: {} lines; past {MAX_FILE_LINES} there are two ideas in it", text.lines().count()));
    }
    if rust && !text.trim_start().starts_with("//!") && !test {
        faults.push(format!("{path}: begins without //! words on what it is for"));
    }
    let mut in_test_module = false;
    for (index, line) in text.lines().enumerate() {
        let mut fault = |what: &str| faults.push(format!("{path}:{}: {what}", index + 1));
        if !text_of_others(path) {
            if let Some(note) = note_to_oneself(line) {
                fault(&format!("{note}: it is done, or it is an issue"));
            }
            if machine_path(line) {
                fault("a path of one machine: others do not have it");
            }
        }
        if !rust {
            continue;
        }
        in_test_module |= line.trim_start().starts_with("#[cfg(test)]");
        let code = line.split("//").next().unwrap_or_default();
        if code.contains(concat!("db", "g!(")) {
            fault("left over from debugging; use tracing");
        }
        if in_core(path) && !in_test_module && names_float(code) {
            fault("a float type in the core: money and rates are exact");
        }
        if code.contains("tokio_postgres::") && !path.starts_with("crates/rampart-store/") && !path.starts_with("xtask/") {
            fault("only the store names tokio-postgres");
        }
        if code.contains(concat!("#[", "ignore")) {
            fault("a test that is not run proves nothing");
        }
    }
}

/// A module with children is a folder with a `mod.rs`, so that all of it is in one place.
pub(super) fn check_layout(files: &[String], faults: &mut Vec<String>) {
    for path in files {
        let folder = path.strip_suffix(".rs").map(|module| format!("{module}/"));
        if folder.is_some_and(|folder| files.iter().any(|other| other.starts_with(&folder))) {
            faults.push(format!("{path}: stands beside its own folder; it is the folder's mod.rs"));
        }
    }
}

/// Every migration exists once per engine, under the same name.
pub(super) fn check_migrations(files: &[String], faults: &mut Vec<String>) {
    const FOLDERS: [&str; 2] = ["crates/rampart-store/migrations/sqlite/", "crates/rampart-store/migrations/postgres/"];
    for (folder, other) in [(FOLDERS[0], FOLDERS[1]), (FOLDERS[1], FOLDERS[0])] {
        for name in files.iter().filter_map(|path| path.strip_prefix(folder)) {
            if !files.iter().any(|path| path.strip_prefix(other) == Some(name)) {
                faults.push(format!("{folder}{name}: has no counterpart in {other}: both engines take every step together"));
            }
        }
    }
}

/// Files whose text is not ours to rule over: licences, lock files, recorded answers, advisories.
fn text_of_others(path: &str) -> bool {
    path == "LICENSE"
        || path.starts_with("advisories/crates/")
        || path.ends_with(".lock")
        || path.ends_with(".snap")
        || path.ends_with("package-lock.json")
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.starts_with("tests/") || path.contains("/migrations/")
}

fn in_core(path: &str) -> bool {
    path.starts_with("crates/rampart-core/src/") && !is_test(path)
}

fn note_to_oneself(line: &str) -> Option<&'static str> {
    // Put together here so that this file passes its own rule.
    const NOTES: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];
    NOTES.into_iter().find(|note| {
        line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != ':')
            .any(|word| word == *note || word.strip_suffix(':') == Some(note))
    })
}

fn machine_path(line: &str) -> bool {
    const FOLDERS: [&str; 4] = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    FOLDERS.iter().any(|folder| {
        line.match_indices(folder).any(|(place, _)| {
            // In the middle of a longer path or a URL it is only a name.
            let before = line[..place].chars().next_back();
            !before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '/' | '}' | ')'))
        })
    })
}

fn names_float(code: &str) -> bool {
    code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| {
        let literal = word.strip_suffix("f64").or_else(|| word.strip_suffix("f32"));
        literal.is_some_and(|number| number.is_empty() || number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_seen_as_types_and_literals() {
        assert!(names_float("let price: f64 = 1.0;"));
        assert!(names_float("fn rate(value: Option<f32>)"));
        assert!(names_float("let x = 2f64;"));
        assert!(!names_float("let hexf64x = buf64();"));
    }

    #[test]
    fn paths_of_machines_are_seen_and_urls_are_not() {
        assert!(machine_path(concat!("let path = \"/ho", "me/me/x\";")));
        assert!(!machine_path(concat!("https://example.com/ho", "me/x")));
    }

    #[test]
    fn notes_are_seen_as_words() {
        assert!(note_to_oneself(concat!("// TO", "DO: later")).is_some());
        assert!(note_to_oneself("the method is called TODOS").is_none());
    }

    #[test]
    fn a_module_stands_in_its_folder() {
        let mut faults = Vec::new();
        check_layout(&["src/a/b.rs".to_owned(), "src/a/mod.rs".to_owned(), "src/c.rs".to_owned(), "src/cd.rs".to_owned()], &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        check_layout(&["src/a.rs".to_owned(), "src/a/b.rs".to_owned()], &mut faults);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn a_migration_needs_its_counterpart() {
        let mut faults = Vec::new();
        check_migrations(&["crates/rampart-store/migrations/sqlite/0001_first.sql".to_owned()], &mut faults);
        assert_eq!(faults.len(), 1);
    }
}
