//! `rampart validate`, which needs only the binary.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn validate(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampart"));
    command.arg("validate").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // An invalid configuration, which every other command refuses.
    let mut child = command.env("RAMPART__NO__SUCH__SETTING", "1").spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn numbers_are_validated_as_text_and_json() {
    let right = validate(&["id", "--country", "MX", "--type", "CURP", "qaqx800101hdfqqx08"], "");
    assert_eq!(right.status.code(), Some(0));
    let said = text(&right);
    for line in ["valid", "stored as   QAQX800101HDFQQX08", "date        1980-01-01", "birthplace  Ciudad de México"] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    let wrong = validate(&["id", "--country", "España", "--type", "GOVERNMENT_ID", "12345678A", "--json"], "");
    assert_eq!(wrong.status.code(), Some(1));
    let view: Value = serde_json::from_str(&text(&wrong)).unwrap();
    assert_eq!((&view["valid"], &view["faults"][0]["code"]), (&json!(false), &json!("wrong_check_digit")));
    assert_eq!(view["faults"][0]["message"], "control letter should be Z; please check the number");
    let account = validate(&["account", "--country", "CL", "--bank-code", "012", "--account-type", "rut", "44444444"], "");
    assert!(account.status.success() && text(&account).contains("Estado"), "{}", text(&account));
    assert!(validate(&["reference", "RF18 5390 0754 7034"], "").status.success());
}

#[test]
fn results_name_persons_and_warnings() {
    let person = text(&validate(&["id", "--country", "CO", "--type", "NIT", "1012345678-9"], ""));
    for line in ["belongs to  individual", "contains    1012345678"] {
        assert!(person.lines().any(|said| said == line), "{line}: {person}");
    }
    let doubtful = validate(&["id", "--country", "CL", "--type", "RUT", "72041-0"], "");
    assert!(doubtful.status.success() && text(&doubtful).contains("(short_number)"), "{}", text(&doubtful));
    let zero = validate(&["id", "--country", "ES", "--type", "GOVERNMENT_ID", "00000000T"], "");
    assert_eq!((zero.status.code(), text(&zero).contains("(placeholder)")), (Some(1), true), "{}", text(&zero));
}

#[test]
fn standard_input_is_answered_line_by_line() {
    let output = validate(&["account", "--country", "AR", "--stdin"], "0170099212345678901231\n\nx\n");
    let views: Vec<Value> = text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(views.len(), 3, "{views:?}");
    assert_eq!(views[1]["faults"][0]["code"], "empty");
}

#[test]
fn an_overlong_line_and_a_byte_order_mark_stop_nothing() {
    // A number, spaces, and more beyond the read limit: no part of the line may be accepted as the whole.
    let padded = |number: &str| format!("\u{feff}{number}\r\n{number}{}x\n{number}\n", " ".repeat(10_000));
    for (arguments, number) in [
        (&["account", "--country", "AR", "--stdin"][..], "0170099212345678901233"),
        (&["account", "--country", "CL", "--bank-code", "012", "--account-type", "rut", "--stdin"], "44444444"),
        (&["id", "--country", "ES", "--type", "GOVERNMENT_ID", "--stdin"], "12345678Z"),
        (&["id", "--country", "CO", "--type", "NIT", "--stdin"], "900000001-2"),
        (&["reference", "--stdin"], "RF18 5390 0754 7034"),
    ] {
        let output = validate(arguments, &padded(number));
        let views: Vec<Value> = text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let valid: Vec<&Value> = views.iter().map(|view| &view["valid"]).collect();
        assert_eq!(valid, [&json!(true), &json!(false), &json!(true)], "{arguments:?} {views:?}");
        let code = views[1]["faults"][0]["code"].as_str().unwrap();
        assert!(matches!(code, "too_long" | "wrong_shape"), "{code}");
    }
}

#[test]
fn unknown_countries_and_documents_are_usage_errors() {
    for arguments in
        [&["id", "--country", "FR", "--type", "CNI", "1"][..], &["id", "--country", "MX", "--type", "DNI", "1"], &["account", "1"]]
    {
        assert_eq!(validate(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
}
