//! The calls of the README work when pasted.

use std::process::{Command, Stdio};

use crate::support::Installation;

#[test]
fn the_first_calls_of_the_readme_work() {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once("RAMPART=http://127.0.0.1:8080").expect("the README shows calls");
    let (calls, _) = rest.split_once("```").unwrap();
    let installation = Installation::sqlite();
    let server = installation.serve();
    let printed = server.printed.join("\n");
    let after = |name: &str| printed.split(name).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned();
    let calls = calls.replacen('…', &after("api_key "), 1).replacen('…', &after("api_secret "), 1);
    // What a person does between the calls: copy the order's identifier, and wait for the webhook.
    let (before, paying) = calls.split_once("# Open its url_payment").unwrap();
    let (order, shape) = before.rsplit_once("curl -s $RAMPART/api/createPayment").unwrap();
    let (paying, looking) = paying.rsplit_once("curl -s $RAMPART/sandbox/inbox").unwrap();
    let script = format!(
        "set -e -o pipefail\nRAMPART=http://{address}{order}PAYMENT=$(curl -s $RAMPART/api/createPayment{shape})\n\
         PAYMENT_ID=$(echo \"$PAYMENT\" | grep -o '\"payment_id\":\"[^\"]*\"' | cut -d'\"' -f4)\n# {paying}\
         for try in $(seq 300); do INBOX=$(curl -s $RAMPART/sandbox/inbox{looking}); case $INBOX in *COINS_SENT*) break;; esac; sleep 0.1; done\n\
         echo \"$INBOX\"\n",
        address = server.address,
        shape = shape.trim_end(),
        paying = paying.replace("PAYMENT_ID", "$PAYMENT_ID"),
        looking = looking.trim_end(),
    );
    let output = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{script}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("\"status\":\"error\"") && said.contains("\"paid\""), "{script}\n{said}");
    assert!(said.contains("\"type\":\"COINS_SENT\"") && said.contains("\"signature\":\"valid\""), "{script}\n{said}");
    server.stop();
}
