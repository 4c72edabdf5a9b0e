//! A database of an earlier version: `serve` and `db migrate` bring it up to date, all other commands refuse it unchanged.

use std::process::Command;

use crate::support::{ENGINES, Installation, fresh_postgres};

const NEWEST_MIGRATION: &str = "0012_failing_jobs";
const UNDO_NEWEST_MIGRATION: [&str; 3] =
    ["DROP INDEX jobs_failing", "ALTER TABLE jobs DROP COLUMN failing", "DELETE FROM migrations WHERE name = '0012_failing_jobs'"];

fn sql(installation: &Installation, statement: &str) -> String {
    let url = installation.database();
    let output = match url.strip_prefix("sqlite:") {
        Some(file) => {
            let script = "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); rows = file.execute(sys.argv[2]).fetchall(); \
                          file.commit(); print('\\n'.join(row[0] for row in rows))";
            Command::new("python3").args(["-c", script, file, statement]).output()
        }
        None => Command::new("psql").args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement, &url]).output(),
    };
    let output = output.unwrap();
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn undo_newest_migration(installation: &Installation) {
    UNDO_NEWEST_MIGRATION.iter().for_each(|statement| drop(sql(installation, statement)));
}

fn is_up_to_date(installation: &Installation) -> bool {
    sql(installation, "SELECT name FROM migrations ORDER BY name").lines().any(|name| name == NEWEST_MIGRATION)
}

#[test]
fn only_serving_and_migrating_change_the_schema() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "earlier");
        installation.run(&["db", "migrate"]);
        installation.run(&["partner", "create", "--name", "acme"]);
        undo_newest_migration(&installation);
        let database = installation.database();
        let empty = format!("sqlite:{}", installation.path().join("copy.db").display());
        for command in [
            &["partner", "list"][..],
            &["partner", "create", "--name", "other"],
            &["review", "list"],
            &["payout", "list"],
            &["webhook", "parked"],
            &["treasury", "show"],
            &["audit", "list"],
            &["doctor"],
            &["ledger", "verify"],
            &["keys", "list"],
            &["job", "list"],
            &["db", "status"],
            &["db", "copy", "--from", &database, "--to", &empty],
            &["db", "copy", "--from", &empty, "--to", &database],
        ] {
            let said = installation.refused(1, command);
            assert!(
                said.contains("an earlier version") && said.contains(NEWEST_MIGRATION) && said.contains("rampart db migrate"),
                "{command:?}: {said}"
            );
            assert!(!is_up_to_date(&installation), "{command:?}");
        }
        assert_eq!(installation.json(&["db", "migrate"])["up_to_date"], true);
        assert!(is_up_to_date(&installation));
        assert_eq!(installation.json(&["partner", "list"]).as_array().unwrap().len(), 1, "nothing was made meanwhile");
        undo_newest_migration(&installation);
        let server = installation.serve();
        assert!(is_up_to_date(&installation), "serving migrates too");
        // The schema is not changed while another process, perhaps of an earlier version, serves.
        undo_newest_migration(&installation);
        for command in [&["db", "migrate"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let said = installation.refused(1, command);
            assert!(said.contains("another process serves from") && said.contains("Stop every process"), "{engine:?} {command:?}: {said}");
            assert!(!is_up_to_date(&installation));
        }
        server.kill();
    }
}

#[test]
fn a_new_database_is_made_by_whichever_command_comes_first() {
    let installation = Installation::sqlite();
    installation.run(&["partner", "create", "--name", "acme"]);
    assert!(is_up_to_date(&installation));
    let there = fresh_postgres("earlier_copy");
    installation.run(&["db", "copy", "--from", &installation.database(), "--to", &there]);
}
