//! Documents that are made from the code, so that they cannot say something else. A document is either generated as a
//! whole, or has generated parts between two marks; the rest of it is written by hand.

mod errors;
mod exceptions;
mod machines;
mod postings;
mod sandbox;

use std::path::Path;
use std::process::Command;

use crate::arguments::Arguments;
use crate::{Outcome, server, workspace};

/// What a document's generated text replaces.
enum Place {
    /// The whole file.
    File,
    /// The lines between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
    Part(&'static str),
}

/// A generated text and where it stands.
struct Document {
    path: &'static str,
    place: Place,
    text: String,
}

/// Writes every document, or with `--check` fails when one is out of date.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let check = arguments.switch("--check");
    let named = arguments.option("--binary")?;
    arguments.finish()?;
    let root = workspace::root()?;
    let binary = server::binary(named, false)?;
    let defaults = sandbox::defaults(&root)?;
    let in_sandbox = |name, text| Document { path: "docs/sandbox.md", place: Place::Part(name), text };
    let documents = [
        Document { path: "docs/openapi.json", place: Place::File, text: openapi(&binary)? },
        Document { path: "docs/errors.md", place: Place::File, text: errors::table() },
        Document { path: "docs/state-machines.md", place: Place::File, text: machines::diagrams() },
        Document { path: "docs/EXCEPTIONS.md", place: Place::File, text: exceptions::document() },
        Document { path: "docs/ARCHITECTURE.md", place: Place::Part("postings"), text: postings::list() },
        in_sandbox("triggers", sandbox::triggers()),
        in_sandbox("methods", sandbox::methods(&defaults)),
        in_sandbox("payouts", sandbox::payouts(&defaults)),
        in_sandbox("limits", sandbox::limits(&defaults)),
        in_sandbox("caps", sandbox::caps(&defaults)),
    ];
    let mut stale = Vec::new();
    for document in &documents {
        let path = root.join(document.path);
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        let new = placed(document, &old)?;
        if new == old {
            continue;
        }
        if check {
            stale.push(document.path);
        } else {
            write(&path, &new)?;
            println!("wrote {}", document.path);
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("out of date, run `cargo xtask generate`: {}", stale.join(", "))) }
}

/// The OpenAPI description, as the binary prints it.
fn openapi(binary: &Path) -> Result<String, String> {
    let output = Command::new(binary).arg("openapi").output().map_err(|error| format!("{}: {error}", binary.display()))?;
    if !output.status.success() {
        return Err(format!("rampart openapi: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rampart openapi: {error}"))
}

fn placed(document: &Document, old: &str) -> Result<String, String> {
    match document.place {
        Place::File => Ok(document.text.clone()),
        Place::Part(name) => {
            let (begin, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->"));
            let parts = old.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
            let (before, after) = parts.ok_or_else(|| format!("{} has no place for {name}", document.path))?;
            Ok(format!("{before}{begin}{}{end}{after}", document.text))
        }
    }
}

fn write(path: &Path, text: &str) -> Outcome {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
