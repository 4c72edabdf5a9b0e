//! Foreign texts are printed escaped, and commands refuse unprintable arguments.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::serving::payment;
use crate::support::Installation;

/// Right-to-left override, a line break, clearing the screen, an 8-bit control character, and invisible characters.
const HOSTILE: &str = "ac\u{202e}me\nINFO all is well\u{1b}[2J\u{9b}2J\u{200b}\u{e0041}";

const ESCAPED: &str = "ac\\u{202e}me\\nINFO all is well\\u{1b}[2J\\u{9b}2J\\u{200b}\\u{e0041}";

/// Asserts that a text has no unprintable characters but line breaks.
#[track_caller]
fn assert_printable(text: &str) {
    let hidden: Vec<char> =
        text.chars().filter(|letter| *letter != '\n' && HOSTILE.contains(*letter) && !letter.is_ascii_graphic()).collect();
    assert!(hidden.iter().all(|letter| *letter == ' '), "{hidden:?} in {text:?}");
}

/// Changes stored data to what an earlier version may have stored.
fn tamper(installation: &Installation, statement: &str, value: &str) {
    let script = "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); file.execute(sys.argv[2], [sys.argv[3]]); file.commit()";
    let file = installation.data().join("rampart.db");
    let status = Command::new("python3").args(["-c", script]).arg(file).args([statement, value]).status().unwrap();
    assert!(status.success(), "{statement}");
}

#[test]
fn stored_texts_are_printed_escaped() {
    let installation = Installation::sqlite();
    let partner = installation.json(&["partner", "create", "--name", "acme", "--actor", "somebody"]);
    let quoted = json!(HOSTILE).to_string();
    let inside = quoted.trim_matches('"');
    tamper(&installation, "UPDATE partners SET data = replace(data, 'acme', ?)", inside);
    tamper(&installation, "UPDATE audit SET data = replace(replace(data, 'somebody', ?1), 'created', ?1)", inside);
    for command in [&["partner", "list"][..], &["audit", "list"]] {
        let printed = installation.run(command);
        assert_printable(&printed);
        assert!(printed.contains(ESCAPED), "{printed}");
        let as_json = installation.output(&[command, &["--json"]].concat());
        let as_json = String::from_utf8(as_json.stdout).unwrap();
        assert_printable(&as_json);
        assert_eq!(as_json.lines().count(), 1, "{as_json}");
        let rows: Value = serde_json::from_str(&as_json).unwrap();
        let line = &rows[0];
        assert!([&line["name"], &line["actor"]].contains(&&json!(HOSTILE)), "the very text: {rows}");
    }
    // The partner is still found by its name, and can be renamed.
    let id = partner["id"].as_str().unwrap();
    assert_printable(&installation.run(&["partner", "set", HOSTILE, "--http-errors", "documented"]));
    installation.run(&["partner", "set", id, "--name", "Acme"]);
    assert!(installation.run(&["partner", "list"]).contains("Acme"));
}

#[test]
fn commands_take_only_what_can_be_read_later() {
    let installation = Installation::sqlite();
    let named = installation.json(&["partner", "create", "--name", "O'Brien & D’Angelo Ñandú Jose\u{301} علی\u{200c}رضا"]);
    let id = named["id"].as_str().unwrap();
    for (letter, said) in [
        ("\u{200b}", "invisible character U+200B"),
        ("\u{202e}", "invisible character U+202E"),
        ("\u{2067}", "invisible character U+2067"),
        ("\u{feff}", "invisible character U+FEFF"),
        ("\u{ad}", "invisible character U+00AD"),
        ("\u{e0041}", "invisible character U+E0041"),
        ("\u{e000}", "invisible character U+E000"),
        ("\n", "control characters"),
        ("\u{1b}", "control characters"),
        ("\u{9b}", "control characters"),
    ] {
        let text = format!("a{letter}b");
        let refused = installation.refused(1, &["partner", "create", "--name", &text]);
        assert!(refused.contains(said), "{refused}");
        let refused = installation.refused(1, &["partner", "set", id, "--name", &text]);
        assert!(refused.contains(said), "{refused}");
        for option in ["--actor", "--reason"] {
            let refused = installation.refused(2, &["partner", "disable", id, option, &text]);
            assert!(refused.contains(option) && refused.contains(said), "{refused}");
        }
    }
    let long = "x".repeat(1_001);
    assert!(installation.refused(2, &["partner", "disable", id, "--reason", &long]).contains("1000 characters"));
    assert!(installation.refused(2, &["partner", "disable", id, "--actor", &long]).contains("100 characters"));
    let listed = installation.json(&["partner", "list"]);
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["enabled"]), (Some(1), &json!(true)), "nothing was changed: {listed}");
}

#[test]
fn error_messages_contain_no_control_characters() {
    let installation = Installation::sqlite();
    for arguments in [
        &["partner", "disable", HOSTILE, "--reason", "a test"][..],
        &["validate", "account", "--country", HOSTILE, "1"],
        &["order", "show", HOSTILE],
        &[HOSTILE],
        &["review", "list", "--after", HOSTILE],
    ] {
        let output = installation.output(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_printable(&said);
        assert!(said.contains("\\u{202e}"), "{said}");
    }
}

#[test]
fn numbers_from_standard_input_are_answered_in_printable_characters() {
    let installation = Installation::sqlite();
    let mut command = installation.command(&["validate", "account", "--country", "ESP", "--stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), "ES91\u{202e}2100\nES91\u{9b}\n".as_bytes()).unwrap();
    drop(child.stdin.take());
    let printed = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert_printable(&printed);
    assert_eq!(printed.lines().count(), 2, "{printed}");
}

#[test]
fn what_a_provider_writes_is_kept_and_printed_plainly() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    installation.partner(&mut server, "acme");
    let payment = payment(&server, "order-1");
    server.data("POST", &format!("/sandbox/payments/{payment}/pay"), Some(&json!({ "holder": "Some\u{2067}body\u{200b}" })));
    server.until(&format!("/api/payment/{payment}"), |data| data["status"] != "started");
    server.data("POST", &format!("/sandbox/payments/{payment}/chargeback"), Some(&json!({ "reason": "f\u{202e}raud\u{feff}" })));
    server.until(&format!("/api/payment/{payment}"), |data| data["reversal"] == "chargeback");
    let shown = installation.run(&["order", "show", &payment]);
    assert_printable(&shown);
    let listed = installation.run(&["review", "list", "--all"]);
    assert_printable(&listed);
    assert!(format!("{shown}{listed}").contains("f\\u{202e}raud\\u{feff}"), "{shown}\n{listed}");
    server.stop();
}
