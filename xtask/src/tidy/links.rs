//! Links between the project's own documents.

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

#[cfg(test)]
mod tests {
    use super::targets;

    #[test]
    fn every_link_of_a_line_is_seen() {
        let line = "see [one](a.md#part), [two](../b.md) and a(b)";
        assert_eq!(targets(line).collect::<Vec<_>>(), ["a.md#part", "../b.md"]);
    }
}
