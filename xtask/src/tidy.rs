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
    let (day, unseen) = advisories::unseen(&root)?;
    faults.extend(unseen.iter().map(|package| {
        format!("Cargo.lock: nobody has looked for advisories about {package}; advisories/README.md says how to take them anew")
    }));
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
    if faults.is_empty() {
        println!("tidy: {texts} files, nothing to report; the advisories about dependencies are those of {day}");
        return Ok(());
    }
    Err(format!("{}\ntidy: {} faults", faults.join("\n"), faults.len()))
}
