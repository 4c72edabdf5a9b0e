//! Circles of modules inside a crate.
//!
//! Modules beside one another may use each other in one direction only. A module and its own parent are one room: what a child uses of its
//! parent, or a parent of its child, is not looked at.

use std::collections::{BTreeMap, BTreeSet};

/// The circles that stay, as `crate: modules`, each with its reason.
pub(super) const HONEST: &[(&str, &str)] = &[
    ("rampart-core: customer, order, outgoing, review, step", "a step writes records, whose methods return steps"),
    ("rampart-core: order::pay_to, order::payment, order::rampoff, order::view", "an order's step carries the view of the order"),
    (
        "rampart-core: outgoing::payout, outgoing::pending, outgoing::transfer",
        "a payout that settles late stops what replaces it, which is a payout or a transfer",
    ),
];

/// A module's path below the crate's root; the root itself is empty.
type Module = Vec<String>;

/// One crate's modules with the paths that each of them uses.
#[derive(Default)]
pub(super) struct Modules {
    files: BTreeMap<String, BTreeMap<Module, Vec<Vec<String>>>>,
}

impl Modules {
    /// Takes in a source file of a crate; any other file is passed over.
    pub(super) fn read(&mut self, path: &str, text: &str) {
        let Some((folder, inside)) = path.split_once("/src/") else { return };
        let Some(inside) = inside.strip_suffix(".rs") else { return };
        let mut module: Module = inside.split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            module.pop();
        }
        if module.last().is_some_and(|name| name == "tests") {
            return;
        }
        let name = folder.rsplit('/').next().unwrap_or_default().to_owned();
        let uses = paths_of(&code_of(text));
        self.files.entry(name).or_default().insert(module, uses);
    }

    /// The circles that are not among the honest ones.
    pub(super) fn check(&self, honest: &[(&str, &str)], faults: &mut Vec<String>) {
        let mut honest: BTreeSet<&str> = honest.iter().map(|(circle, _)| *circle).collect();
        for (name, files) in &self.files {
            for circle in circles_of(files) {
                let circle = format!("{name}: {}", circle.join(", "));
                if !honest.remove(circle.as_str()) {
                    faults.push(format!("{circle}: these modules use one another in a circle; one of them holds what belongs below"));
                }
            }
        }
        faults.extend(
            honest.iter().map(|circle| format!("xtask/src/tidy/modules.rs: {circle}: is no circle any more; take it off the list")),
        );
    }
}

/// The circles among modules beside one another, at every level.
fn circles_of(files: &BTreeMap<Module, Vec<Vec<String>>>) -> Vec<Vec<String>> {
    // By parent: which of its children uses which.
    let mut uses: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, paths) in files {
        for path in paths {
            let Some(target) = target_of(files, module, path) else { continue };
            let shared = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
            if let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) {
                uses.entry(module[..shared].to_vec()).or_default().entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (parent, edges) in &uses {
        let reached: BTreeMap<&String, BTreeSet<&String>> = edges.keys().map(|from| (from, reached_from(from, edges))).collect();
        let mut seen = BTreeSet::new();
        for (from, all) in &reached {
            if all.contains(from) && seen.insert(*from) {
                let circle: Vec<&String> =
                    all.iter().copied().filter(|to| reached.get(to).is_some_and(|back| back.contains(from))).collect();
                seen.extend(circle.iter().copied());
                circles.push(circle.into_iter().map(|name| [parent.as_slice(), std::slice::from_ref(name)].concat().join("::")).collect());
            }
        }
    }
    circles
}

fn reached_from<'a>(from: &String, edges: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = edges.get(from).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    reached
}

/// The module that a path written in `module` leads into. A name that a module re-exports leads to where it comes from.
fn target_of(files: &BTreeMap<Module, Vec<Vec<String>>>, module: &Module, path: &[String]) -> Option<Module> {
    let (mut at, rest) = match path.first()?.as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (module.clone(), &path[1..]),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            (module[..module.len().checked_sub(up)?].to_vec(), &path[up..])
        }
        _ => return None,
    };
    for part in rest {
        at.push(part.clone());
        if files.contains_key(&at) {
            continue;
        }
        at.pop();
        let exported = files.get(&at).into_iter().flatten().find(|exported| {
            exported.last() == Some(part)
                && exported.len() > 1
                && exported[0] == "self"
                && files.contains_key(&[at.as_slice(), &exported[1..exported.len() - 1]].concat())
        });
        if let Some(exported) = exported {
            at.extend_from_slice(&exported[1..exported.len() - 1]);
        }
        break;
    }
    Some(at)
}

/// The code of a file without comments, texts and its module of tests.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.split(" // ").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every path that begins at the crate, the module or its parent. What a module takes from its children (`pub use child::Name`) begins at itself.
fn paths_of(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (place, _) in code.match_indices("use ").filter(|(place, _)| code[..*place].chars().next_back().is_none_or(char::is_whitespace)) {
        let tree = code[place + 4..].split(';').next().unwrap_or_default();
        let mut found = Vec::new();
        branches(tree, &[], &mut found);
        for mut path in found {
            if !matches!(path.first().map(String::as_str), Some("crate" | "super" | "self")) {
                path.insert(0, "self".to_owned());
            }
            paths.push(path);
        }
    }
    for start in ["crate::", "super::"] {
        for (place, _) in code.match_indices(start) {
            let path: String = code[place..].chars().take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':')).collect();
            paths.push(path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
        }
    }
    paths
}

/// The paths of a `use` tree.
fn branches(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, Some(group.rsplit_once('}').map_or(group, |(inside, _)| inside))),
        None => (tree, None),
    };
    let mut path = before.to_vec();
    path.extend(
        head.split(" as ")
            .next()
            .unwrap_or_default()
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty() && *part != "self" || before.is_empty() && *part == "self")
            .map(str::to_owned),
    );
    let Some(group) = group else { return found.push(path) };
    let mut depth = 0;
    for branch in group.split(|letter: char| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0 && letter == ','
    }) {
        if !branch.trim().is_empty() {
            branches(branch, &path, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
        let mut modules = Modules::default();
        for (path, text) in files {
            modules.read(path, text);
        }
        let mut faults = Vec::new();
        modules.check(&[], &mut faults);
        faults
    }

    #[test]
    fn a_circle_is_seen_through_groups_and_inline_paths() {
        let faults = faults_of(&[
            ("crates/a/src/lib.rs", "mod one; mod two; mod three;"),
            ("crates/a/src/one.rs", "use crate::{two::{Two, Other}, three as drei};"),
            ("crates/a/src/two.rs", "fn two() -> crate::one::One {}"),
            ("crates/a/src/three.rs", "// use crate::one::One;\nuse std::fmt;"),
        ]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("a: one, two:"), "{faults:?}");
    }

    #[test]
    fn a_re_export_leads_to_its_module() {
        let faults = faults_of(&[
            ("crates/a/src/lib.rs", "mod one; mod two; pub use two::Two;"),
            ("crates/a/src/one.rs", "use crate::Two;"),
            ("crates/a/src/two.rs", "use crate::one::One;"),
        ]);
        assert_eq!(faults.len(), 1, "{faults:?}");
    }

    #[test]
    fn a_module_and_its_parent_are_one_room() {
        let faults = faults_of(&[
            ("crates/a/src/one/mod.rs", "mod part; use part::Part; pub struct One;"),
            ("crates/a/src/one/part.rs", "use super::One;\n#[cfg(test)]\nmod tests { use crate::other; }"),
            ("crates/a/src/other.rs", "use crate::one::One;"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
    }
}
