//! A database per test.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// The engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestEngine {
    Sqlite,
    /// PostgreSQL, on the server that `RAMPART_TEST_POSTGRES` names.
    Postgres,
}

/// An initially empty database, dropped with this value however the test ends.
#[derive(Debug)]
pub struct TestDatabase {
    pub url: String,
    on_server: Option<(String, String)>,
}

fn server() -> String {
    std::env::var("RAMPART_TEST_POSTGRES")
        .expect("RAMPART_TEST_POSTGRES names a PostgreSQL server's superuser; scripts/with-postgres sets it")
}

/// Runs a statement with `psql`: only the store links a database driver.
fn run(server: &str, statement: &str) -> bool {
    let status = Command::new("psql").args(["--no-psqlrc", "--quiet", "--dbname", server, "--command", statement]).status();
    status.is_ok_and(|status| status.success())
}

/// The server's URL with another database name.
fn with_database_name(server: &str, name: &str) -> String {
    let (base, options) = server.split_once('?').map_or((server, String::new()), |(base, options)| (base, format!("?{options}")));
    let host = base.find("://").map_or(0, |at| at + 3);
    let base = base[host..].find('/').map_or(base, |at| &base[..host + at]);
    format!("{base}/{name}{options}")
}

impl TestDatabase {
    /// Creates an empty database. A SQLite file lies in `folder`.
    #[must_use]
    pub fn new(engine: TestEngine, folder: &TempDir) -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        if engine == TestEngine::Sqlite {
            return Self { url: format!("sqlite:{}", folder.path().join("rampart.db").display()), on_server: None };
        }
        let server = server();
        let name = format!("rampart_app_{}_{}", std::process::id(), CREATED.fetch_add(1, Ordering::Relaxed));
        assert!(run(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")), "the server did not create a database");
        Self { url: with_database_name(&server, &name), on_server: Some((server, name)) }
    }
}

impl TestDatabase {
    /// Runs a statement directly on the database, with a client outside the store. For data that this version did not write, or
    /// cannot read.
    pub fn tamper(&self, statement: &str) {
        let is_done = match self.url.strip_prefix("sqlite:") {
            None => run(&self.url, statement),
            Some(file) => {
                let script = "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); file.execute(sys.argv[2]); file.commit()";
                Command::new("python3").args(["-c", script, file, statement]).status().is_ok_and(|status| status.success())
            }
        };
        assert!(is_done, "{statement}");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.on_server {
            run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
