//! A database of its own for every test.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestEngine {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL, on the server that `RAMPART_TEST_POSTGRES` names.
    Postgres,
}

/// An empty database, removed when this is dropped, however the test ends.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its URL.
    pub url: String,
    on_server: Option<(String, String)>,
}

fn server() -> String {
    std::env::var("RAMPART_TEST_POSTGRES")
        .expect("RAMPART_TEST_POSTGRES names a PostgreSQL server's superuser; scripts/with-postgres sets it")
}

/// Runs a statement with the server's own client, because only the store speaks to databases.
fn run(server: &str, statement: &str) -> bool {
    let status = Command::new("psql").args(["--no-psqlrc", "--quiet", "--dbname", server, "--command", statement]).status();
    status.is_ok_and(|status| status.success())
}

/// The server's URL with another database's name.
fn named(server: &str, name: &str) -> String {
    let (base, options) = server.split_once('?').map_or((server, String::new()), |(base, options)| (base, format!("?{options}")));
    let host = base.find("://").map_or(0, |at| at + 3);
    let base = base[host..].find('/').map_or(base, |at| &base[..host + at]);
    format!("{base}/{name}{options}")
}

impl TestDatabase {
    /// Makes an empty database; an embedded one lies in `folder`.
    ///
    /// # Panics
    /// When the server does not make one.
    #[must_use]
    pub fn new(engine: TestEngine, folder: &TempDir) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        if engine == TestEngine::Sqlite {
            return Self { url: format!("sqlite:{}", folder.path().join("rampart.db").display()), on_server: None };
        }
        let server = server();
        let name = format!("rampart_app_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        assert!(run(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")), "the server makes no database");
        Self { url: named(&server, &name), on_server: Some((server, name)) }
    }
}

impl TestDatabase {
    /// Runs a statement behind the store's back, with the engine's own client: what an installation must survive when
    /// somebody, or a later version, has written what this one cannot read.
    ///
    /// # Panics
    /// When the client cannot run it.
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
