//! The project's own rules, over manifests and sources. Each rule says what is wrong and why it is a rule.

mod dependencies;
mod links;
mod sources;

use crate::{Outcome, advisories, workspace};

/// Checks every rule and reports all that is broken.
pub(crate) fn run() -> Outcome {
    let root = workspace::root()?;
    let files = workspace::files(&root)?;
    let mut faults = dependencies::check(&root, &files)?;
    let (day, advised) = advisories::check(&root)?;
    faults.extend(advised);
    let mut texts = 0;
    for path in &files {
        // What is not text (pictures, fonts) has no rule here.
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            texts += 1;
            sources::check(path, &text, &mut faults);
            if path.ends_with(".md") {
                links::check(&root, path, &text, &mut faults);
            }
        }
    }
    sources::check_migrations(&files, &mut faults);
    // Said and not refused: whoever has no network cannot take them anew.
    if let Some(days) = advisories::days_since(&day) {
        println!("advisories: {days} days old ({day}); advisories/README.md says how to take them anew");
    }
    if faults.is_empty() {
        println!("tidy: {texts} files, nothing to report");
        return Ok(());
    }
    Err(format!("{}\ntidy: {} faults", faults.join("\n"), faults.len()))
}
