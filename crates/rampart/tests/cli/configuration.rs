//! Configuration: the origin of values, and the messages for wrong ones.

use crate::support::Installation;

#[test]
fn every_value_has_its_origin() {
    let installation = Installation::sqlite().with("RAMPART__LOG__LEVEL", "debug");
    std::fs::create_dir_all(installation.data()).unwrap();
    std::fs::write(installation.data().join("rampart.toml"), "# ours\n[limits.EUR.1]\nday = \"42\"\n").unwrap();
    let lines = installation.json(&["config"]);
    let origin = |key: &str| {
        let line = lines.as_array().unwrap().iter().find(|line| line["key"] == key).unwrap();
        line["origin"].as_str().unwrap().to_owned()
    };
    assert_eq!(origin("server.listen"), "default");
    assert_eq!(origin("log.level"), "variable RAMPART__LOG__LEVEL");
    assert_eq!(origin("data"), "option --data");
    assert!(origin("limits.EUR.1.day").ends_with("rampart.toml:3"), "{}", origin("limits.EUR.1.day"));
    let changed = installation.run(&["config", "--changed"]);
    assert!(changed.contains("limits.EUR.1.day = \"42\"") && !changed.contains("server.listen"), "{changed}");
    assert!(!installation.data().join("installation.key").exists(), "asking for the configuration makes nothing");
}

#[test]
fn unknown_keys_are_usage_errors_that_name_key_and_origin() {
    let said = Installation::sqlite().with("RAMPART__SERVER__LISTENS", "x").refused(2, &["config"]);
    assert!(said.contains("there is no setting server.listens (variable RAMPART__SERVER__LISTENS); did you mean server.listen?"), "{said}");
    let installation = Installation::sqlite();
    let file = installation.path().join("my.toml");
    std::fs::write(&file, "\n\n[webhook]\ntimeout = 3\n").unwrap();
    let said = installation.refused(2, &["partner", "list", "--config", file.to_str().unwrap()]);
    assert!(said.contains("there is no setting webhook.timeout (") && said.contains("my.toml:4)"), "{said}");
}

#[test]
fn secrets_are_not_printed() {
    let installation = Installation::sqlite().with("RAMPART__DATABASE__URL", "postgres://ramp:very-secret@db/ramp?sslpassword=very-secret");
    let printed = installation.run(&["config"]);
    assert!(printed.contains("\"postgres://db/ramp\"") && !printed.contains("very-secret"), "{printed}");
    // Also when the database is unreachable, the URL is invalid, or the driver does not know a parameter.
    for url in [
        "postgres://ramp:very-secret@127.0.0.1:1/ramp?sslpassword=very-secret&very-secret=1",
        "postgres://ramp@127.0.0.1:1/ramp?password=very-secret&connect_timeout=1",
        "postgres://ramp:1/very-secret@127.0.0.1/ramp",
        "postgres://ramp:very/secret@127.0.0.1/ramp",
        "postgres://ramp:1#very-secret@127.0.0.1/ramp",
        "postgres://ramp:very-secret@127.0.0.1/ramp?sslmode=very-secret",
    ] {
        let installation = Installation::sqlite().with("RAMPART__DATABASE__URL", url).with("RAMPART__LOG__LEVEL", "trace");
        for arguments in [&["db", "status"][..], &["partner", "list"], &["db", "copy", "--from", url, "--to", "sqlite:x"]] {
            let output = installation.output(arguments);
            let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!output.status.success() && !said.is_empty(), "{url}");
            assert!(!said.contains("very-secret") && !said.contains("very/secret"), "{url}: {said}");
        }
    }
}

#[test]
fn a_copys_databases_can_be_named_in_files() {
    let installation = Installation::sqlite();
    installation.run(&["partner", "create", "--name", "kept"]);
    let (from, to) = (installation.path().join("from"), installation.path().join("to"));
    let copy = format!("sqlite:{}", installation.path().join("copy.db").display());
    std::fs::write(&from, format!("{}\n", installation.database())).unwrap();
    std::fs::write(&to, &copy).unwrap();
    let files = ["--from-file", from.to_str().unwrap(), "--to-file", to.to_str().unwrap()];
    installation.run(&[&["db", "copy"][..], &files].concat());
    let copied = installation.json(&["db", "status", "--database", &copy]);
    assert_eq!((&copied["mode"], &copied["engine"]), (&"sandbox".into(), &"SQLite".into()));
    installation.refused(2, &["db", "copy", "--to", &copy]);
    installation.refused(2, &["db", "copy", "--from", "sqlite:a", "--from-file", "b", "--to", &copy]);
    let said = installation.refused(2, &["db", "copy", "--from-file", "/dev/zero", "--to", &copy]);
    assert!(said.contains("it has more than"), "{said}");
}

#[test]
fn a_misspelled_variable_is_a_usage_error() {
    let said = Installation::sqlite().with("RAMPART_MODE", "live").refused(2, &["serve"]);
    assert!(said.contains("RAMPART_MODE sets nothing; did you mean RAMPART__MODE?"), "{said}");
}

#[test]
fn live_mode_says_which_adapter_is_missing() {
    let said = Installation::sqlite().with("RAMPART__MODE", "live").refused(2, &["serve"]);
    assert!(said.contains("providers.bank") && said.contains("simulated"), "{said}");
}

#[test]
fn wrong_use_is_exit_code_2() {
    let installation = Installation::sqlite();
    installation.refused(2, &["no-such-command"]);
    installation.refused(2, &["partner", "create"]);
    installation.refused(2, &["order", "hold", "not-an-id"]);
}

#[test]
fn the_description_needs_no_installation() {
    let installation = Installation::sqlite();
    let printed = installation.run(&["openapi"]);
    let description: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    assert!(description["paths"].get("/api/createPayment").is_some());
    assert!(!installation.data().exists());
    assert_eq!(printed, installation.run(&["openapi"]));
}
