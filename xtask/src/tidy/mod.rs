//! The project's own rules for manifests and sources. Each fault says what is wrong and why.

mod dependencies;
mod links;
mod modules;
mod sources;
mod words;

use crate::{TaskResult, advisories, workspace};

/// Checks all rules and reports all faults.
pub(crate) fn run() -> TaskResult {
    let root = workspace::root()?;
    let files = workspace::files(&root)?;
    let mut faults = dependencies::check(&root, &files)?;
    let (day, advised) = advisories::check(&root)?;
    faults.extend(advised);
    let glossary = std::fs::read_to_string(root.join("docs/GLOSSARY.md")).map_err(|error| format!("docs/GLOSSARY.md: {error}"))?;
    let retired = words::Retired::read(&glossary)?;
    let (mut modules, mut names) = (modules::Modules::default(), words::TypeNames::default());
    let mut texts = 0;
    for path in &files {
        // Binary files (pictures, fonts) have no rules.
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            texts += 1;
            sources::check(path, &text, &mut faults);
            retired.check(path, &text, &mut faults);
            names.read(path, &text, &mut faults);
            modules.read(path, &text);
            if path.ends_with(".md") {
                links::check(&root, path, &text, &mut faults);
                links::check_code_paths(&root, path, &text, &mut faults);
            }
        }
    }
    sources::check_layout(&files, &mut faults);
    sources::check_migrations(&files, &mut faults);
    modules.check(modules::HONEST, &mut faults);
    names.check(&mut faults);
    // Printed and not refused: without network access they cannot be updated.
    if let Some(days) = advisories::days_since(&day) {
        println!("advisories: {days} days old ({day}); advisories/README.md says how to update them");
    }
    if faults.is_empty() {
        println!("tidy: {texts} files, nothing to report");
        return Ok(());
    }
    Err(format!("{}\ntidy: {} faults", faults.join("\n"), faults.len()))
}
