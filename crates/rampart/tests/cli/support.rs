//! Runs the real binary, and a minimal HTTP client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// An installation in a temporary folder.
pub(crate) struct Installation {
    folder: TempDir,
    database: Option<String>,
    variables: Vec<(String, String)>,
}

/// Runs one statement on the test server of PostgreSQL.
pub(crate) fn psql(statement: &str) {
    let server = test_server();
    let output = Command::new("psql").args(["--no-psqlrc", "--quiet", "--command", statement, &server]).output().expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn test_server() -> String {
    std::env::var("RAMPART_TEST_POSTGRES").expect("RAMPART_TEST_POSTGRES must be set: run this under scripts/with-postgres")
}

/// The URL of an empty database of PostgreSQL.
pub(crate) fn fresh_postgres(name: &str) -> String {
    let name = format!("cli_{name}_{}", std::process::id());
    psql(&format!("drop database if exists {name} with (force)"));
    psql(&format!("create database {name}"));
    let server = test_server();
    let (base, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}")
}

impl Installation {
    pub(crate) fn new(engine: Engine, name: &str) -> Self {
        let database = matches!(engine, Engine::Postgres).then(|| fresh_postgres(name));
        Self { folder: tempfile::tempdir().unwrap(), database, variables: Vec::new() }
    }

    pub(crate) fn sqlite() -> Self {
        Self::new(Engine::Sqlite, "")
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> String {
        self.database.clone().unwrap_or_else(|| format!("sqlite:{}", self.data().join("rampart.db").display()))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rampart"));
        command.args(arguments).arg("--data").arg(self.data());
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RAMPART__")) {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed. Returns its standard output.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}\n{printed}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        printed
    }

    /// Runs a command that must succeed with `--json`.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {printed}"))
    }

    /// Runs a command that must fail with this exit code. Returns its standard error.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}\n{said}", String::from_utf8_lossy(&output.stdout));
        said
    }

    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
        // XFSZ is ignored, so that a write beyond the file size limit fails instead of killing the process. The soft limit of
        // open files is low, as systems set it.
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap "" XFSZ; ulimit -S -n 1024; exec "$@""#, "sh"]);
        let serve = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.arg(serve.get_program()).args(serve.get_args());
        for (name, value) in serve.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let log = lines_of(child.stderr.take().unwrap());
        let mut server = Server { child, address: String::new(), operators: None, printed: Vec::new(), lines, log, token: String::new() };
        while let Ok(line) = server.lines.recv_timeout(WAIT_TIMEOUT) {
            server.printed.push(line.clone());
            if let Some((_, address)) = line.split_once("metrics on http://") {
                server.operators = address.split('/').next().map(str::to_owned);
            }
            if let Some((_, address)) = line.split_once("listening on http://") {
                address.clone_into(&mut server.address);
                return server;
            }
        }
        server.child.kill().unwrap();
        let log: Vec<String> = server.log.iter().collect();
        panic!("it does not listen:\n{}\n{}", server.printed.join("\n"), log.join("\n"));
    }

    /// Creates a partner; the server continues with its token.
    #[track_caller]
    pub(crate) fn partner(&self, server: &mut Server, name: &str) -> Value {
        let partner = self.json(&["partner", "create", "--name", name]);
        server.token = String::new();
        server.token = authenticate(server, &partner)["data"]["token"].as_str().expect("a token").to_owned();
        partner
    }
}

pub(crate) fn authenticate(server: &Server, partner: &Value) -> Value {
    let body = serde_json::json!({ "api_key": partner["api_key"], "api_secret": partner["api_secret"] });
    server.post("/api/authenticate", &body).1
}

fn lines_of(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    // Reads to the end: a process blocks when its pipe is full.
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// The head has header names in lower case. The body is JSON, or a string if it is not JSON.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// A header line with its name in lower case.
fn with_lower_name(line: &str) -> String {
    line.split_once(':').map_or_else(|| line.to_ascii_lowercase(), |(name, value)| format!("{}:{value}", name.to_ascii_lowercase()))
}

/// Sends a request with exactly these headers besides `host` and `connection`. The body is sent verbatim, even if the headers
/// contradict it.
#[track_caller]
pub(crate) fn send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WAIT_TIMEOUT)).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    // Errors are ignored: the server may answer and close before it has read everything.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"));
    let body = serde_json::from_str(body).unwrap_or(Value::String(body.to_owned()));
    Answer { status, head: head.split('\n').map(with_lower_name).collect::<Vec<_>>().join("\n"), body }
}

/// A serving process. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// Address of the metrics, if they have a separate listener.
    pub(crate) operators: Option<String>,
    pub(crate) printed: Vec<String>,
    lines: Receiver<String>,
    log: Receiver<String>,
    /// Sent with every call; none if empty.
    pub(crate) token: String,
}

impl Server {
    /// Sends SIGTERM, expects exit code 0, and returns the remaining output.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.terminate();
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < WAIT_TIMEOUT, "it does not stop");
            std::thread::park_timeout(POLL_INTERVAL);
        };
        assert!(status.success(), "{status}\n{}", self.log.iter().collect::<Vec<_>>().join("\n"));
        self.lines.iter().collect()
    }

    /// Limits the size of its files (bytes or `unlimited`), to simulate a full disk.
    pub(crate) fn limit_files(&self, max_bytes: &str) {
        let limit = ["--pid", &self.child.id().to_string(), &format!("--fsize={max_bytes}:")];
        assert!(Command::new("prlimit").args(limit).status().unwrap().success());
    }

    /// The soft and hard limit of open files.
    pub(crate) fn open_files(&self) -> (String, String) {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        let mut numbers = line.split_whitespace().map(str::to_owned);
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, Some(body))
    }

    /// A call that must succeed. Returns `data`.
    #[track_caller]
    pub(crate) fn data(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, mut answer) = self.call(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer["data"].take()
    }

    /// Waits until a condition is true.
    #[track_caller]
    pub(crate) fn eventually(&self, condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < WAIT_TIMEOUT, "the condition never became true: {}", self.get("/readyz").1);
            std::thread::park_timeout(POLL_INTERVAL);
        }
    }

    /// Repeats a GET call until `done`. Returns `data`.
    #[track_caller]
    pub(crate) fn until(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let data = self.data("GET", path, None);
            if done(&data) {
                return data;
            }
            assert!(began.elapsed() < WAIT_TIMEOUT, "{path}: {data}");
            std::thread::park_timeout(POLL_INTERVAL);
        }
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut headers: Vec<(&str, &str)> = Vec::new();
        if !self.token.is_empty() {
            headers.push(("auth", &self.token));
        }
        let length = body.len().to_string();
        if !body.is_empty() {
            headers.extend([("content-type", "application/json"), ("content-length", &length)]);
        }
        let answer = self.send(method, path, &headers, body.as_bytes());
        (answer.status, answer.body)
    }

    /// GET on the separate listener of the metrics.
    #[track_caller]
    pub(crate) fn get_as_operator(&self, path: &str) -> (u16, Value) {
        let address = self.operators.as_deref().expect("server.metrics_listen");
        let answer = send(address, "GET", path, &[], b"");
        (answer.status, answer.body)
    }

    /// [`send`] to this server.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send(&self.address, method, path, headers, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
