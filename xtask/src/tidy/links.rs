//! Links between the project's own documents, and from documents into the code.

use std::path::Path;

/// The links of a document that lead to no file.
pub(super) fn check(root: &Path, path: &str, text: &str, faults: &mut Vec<String>) {
    let folder = root.join(path);
    let Some(folder) = folder.parent() else { return };
    for (index, line) in text.lines().enumerate() {
        for target in targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") && !target.starts_with("mailto:") && !folder.join(file).exists() {
                faults.push(format!("{path}:{}: the link to {target} leads nowhere", index + 1));
            }
        }
    }
}

/// What stands in the round brackets of `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The paths of a document into the code (`core::order::payment`, `core::ledger::Posting`) that lead nowhere.
pub(super) fn check_code_paths(root: &Path, path: &str, text: &str, faults: &mut Vec<String>) {
    if !path.starts_with("docs/") {
        return;
    }
    for (index, line) in text.lines().enumerate() {
        for written in line.split('`').skip(1).step_by(2).filter(|written| is_code_path(written)) {
            let mut parts = written.split("::");
            let mut place = root.join(format!("crates/rampart-{}/src", parts.next().unwrap_or_default()));
            let mut name = None;
            for part in parts {
                let next = place.join(part);
                match next.is_dir() || next.with_extension("rs").is_file() {
                    true => place = next,
                    false => name = Some(part),
                }
            }
            if name.is_some_and(|name| !declares(&place, name)) {
                faults.push(format!("{path}:{}: {written} is not in the code", index + 1));
            }
        }
    }
}

fn is_code_path(written: &str) -> bool {
    ["core::", "store::", "app::", "web::"].iter().any(|known| written.starts_with(known))
        && written.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':'))
}

/// Whether the files of a module declare a name or pass it on.
fn declares(place: &Path, name: &str) -> bool {
    let files = std::fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    let is_named = |text: String| text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).any(|word| word == name);
    files.chain(std::iter::once(place.with_extension("rs"))).filter_map(|path| std::fs::read_to_string(path).ok()).any(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_of_a_line_is_seen() {
        let line = "see [one](a.md#part), [two](../b.md) and a(b)";
        assert_eq!(targets(line).collect::<Vec<_>>(), ["a.md#part", "../b.md"]);
    }

    #[test]
    fn paths_into_the_code_are_followed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut faults = Vec::new();
        let text = "`core::ledger::Posting`, `core::order::payment`, `core::step::Step` and `core::step::Gone`, `core::nowhere`";
        check_code_paths(&root, "docs/a.md", text, &mut faults);
        assert_eq!(faults, ["docs/a.md:1: core::step::Gone is not in the code", "docs/a.md:1: core::nowhere is not in the code"]);
    }
}
