//! Documents generated from the code, so that they cannot contradict it. A document is generated as a whole, or has generated
//! parts between two marks.

mod errors;
mod exceptions;
mod machines;
mod postings;
mod sandbox;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{TaskResult, server, workspace};

/// What the generated text replaces.
enum DocumentTarget {
    File,
    /// The lines between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
    Part(&'static str),
}

struct Document {
    path: &'static str,
    target: DocumentTarget,
    text: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArguments {
    /// Write nothing, and fail if a document is out of date
    #[arg(long)]
    check: bool,
    /// The rampart binary to use [default: a new debug build]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

pub(crate) fn run(arguments: GenerateArguments) -> TaskResult {
    let root = workspace::root()?;
    let binary = server::binary(arguments.binary, false)?;
    let defaults = sandbox::defaults(&root)?;
    let in_sandbox = |name, text| Document { path: "docs/sandbox.md", target: DocumentTarget::Part(name), text };
    let documents = [
        Document { path: "docs/openapi.json", target: DocumentTarget::File, text: openapi(&binary)? },
        Document { path: "docs/errors.md", target: DocumentTarget::File, text: errors::table() },
        Document { path: "docs/state-machines.md", target: DocumentTarget::File, text: machines::diagrams() },
        Document { path: "docs/EXCEPTIONS.md", target: DocumentTarget::File, text: exceptions::document() },
        Document { path: "docs/ARCHITECTURE.md", target: DocumentTarget::Part("postings"), text: postings::list() },
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
        let new = inserted(document, &old)?;
        if new == old {
            continue;
        }
        if arguments.check {
            stale.push(document.path);
        } else {
            write(&path, &new)?;
            println!("wrote {}", document.path);
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("out of date, run `cargo xtask generate`: {}", stale.join(", "))) }
}

/// The output of `rampart openapi`.
fn openapi(binary: &Path) -> Result<String, String> {
    let output = Command::new(binary).arg("openapi").output().map_err(|error| format!("{}: {error}", binary.display()))?;
    if !output.status.success() {
        return Err(format!("rampart openapi: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rampart openapi: {error}"))
}

fn inserted(document: &Document, old: &str) -> Result<String, String> {
    match document.target {
        DocumentTarget::File => Ok(document.text.clone()),
        DocumentTarget::Part(name) => {
            let (begin, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->"));
            let parts = old.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
            let (before, after) = parts.ok_or_else(|| format!("{} has no marks for {name}", document.path))?;
            Ok(format!("{before}{begin}{}{end}{after}", document.text))
        }
    }
}

fn write(path: &Path, text: &str) -> TaskResult {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
