//! The first start: what it prints can be pasted.

use std::process::{Command, Stdio};

use crate::support::Installation;

#[test]
fn the_printed_calls_work_when_pasted_one_after_another() {
    let installation = Installation::sqlite();
    let server = installation.serve();
    let printed = server.printed.join("\n");
    let (_, script) = printed.split_once("# 1.").expect("something to paste");
    let script = format!("set -o pipefail\n# 1.{}", script.split("All calls:").next().unwrap());
    let output = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{script}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("\"status\":\"error\""), "{said}");
    assert!(said.contains("\"status\":\"coins_sent\""), "{said}");
    assert!(said.contains("PAY_IN") && said.contains("COINS_SENT"), "{said}");
    server.stop();
    let again = installation.serve();
    assert!(!again.printed.iter().any(|line| line.contains("api_secret")), "the secret is shown only once");
    again.stop();
    assert_eq!(installation.json(&["partner", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn the_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let installation = Installation::sqlite();
    installation.run(&["partner", "list"]);
    let mode = std::fs::metadata(installation.data().join("installation.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
