//! The real binary as a process that is started, killed and restarted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::workspace;

/// Time until the server listens.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Time until the server has exited after SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A binary with its data folder, database and settings.
#[derive(Debug, Clone)]
pub(crate) struct TestInstallation {
    pub(crate) binary: PathBuf,
    pub(crate) data: PathBuf,
    /// `None` is the default database in the data folder.
    pub(crate) database: Option<String>,
    pub(crate) settings: Vec<(&'static str, String)>,
    /// A program that runs the binary, with its arguments; empty for none.
    pub(crate) wrapper: Vec<String>,
}

impl TestInstallation {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.wrapper.split_first() {
            None => Command::new(&self.binary),
            Some((wrapper, first)) => {
                let mut command = Command::new(wrapper);
                command.args(first).arg(&self.binary);
                command
            }
        };
        command.args(arguments).arg("--data").arg(&self.data);
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command and returns its standard output.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(arguments).output().map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(printed);
        }
        Err(format!("rampart {}: {}\n{printed}{}", arguments.join(" "), output.status, String::from_utf8_lossy(&output.stderr)))
    }

    /// Creates a partner; returns its key and secret.
    pub(crate) fn create_partner(&self, name: &str) -> Result<(String, String), String> {
        let printed = self.run(&["partner", "create", "--name", name, "--json"])?;
        let answer: Value = serde_json::from_str(printed.trim()).map_err(|error| format!("partner create --json: {error}: {printed}"))?;
        let text =
            |field: &str| answer[field].as_str().map(str::to_owned).ok_or_else(|| format!("partner create --json: no {field}: {printed}"));
        Ok((text("api_key")?, text("api_secret")?))
    }

    /// Starts the server and waits until it listens.
    pub(crate) async fn serve(&self, listen: &str, log: &Path) -> Result<ServerProcess, String> {
        let began = Instant::now();
        let log_file =
            std::fs::File::options().create(true).append(true).open(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = self.command(&["serve", "--listen", listen]);
        command.stdout(Stdio::piped()).stderr(log_file);
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = tokio::time::timeout(START_TIMEOUT, async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    return Some(address.trim().trim_end_matches('/').to_owned());
                }
            }
            None
        })
        .await;
        let Ok(Some(address)) = address else {
            return Err(format!("the server did not begin to listen; its log is {}", log.display()));
        };
        let started_in = began.elapsed();
        // Read to the end: the server blocks when the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(ServerProcess { child, address, started_in })
    }
}

/// A serving process. Killed when dropped.
pub(crate) struct ServerProcess {
    child: Child,
    /// As `host:port`.
    pub(crate) address: String,
    /// Time from the start of the process until it listened.
    pub(crate) started_in: Duration,
}

impl ServerProcess {
    /// Sends SIGKILL and waits for the end.
    pub(crate) async fn kill(mut self) -> Result<(), String> {
        self.child.kill().await.map_err(|error| format!("cannot kill the server: {error}"))
    }

    /// Sends SIGTERM and waits for a successful exit.
    pub(crate) async fn stop(mut self) -> Result<(), String> {
        let id = self.child.id().ok_or("the server has exited by itself")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().map_err(|error| format!("kill: {error}"))?;
        match tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the server exited with {status}")),
            Ok(Err(error)) => Err(format!("cannot wait for the server: {error}")),
            Err(_) => Err(format!("the server did not stop within {} seconds", STOP_TIMEOUT.as_secs())),
        }
    }

    /// Whether the process has exited by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

/// The processor time of a process, from `/proc/<id>/stat` in ticks of 10 ms (`proc(5)`).
pub(crate) fn processor_time(process_id: u32) -> Option<Duration> {
    // User and system time.
    sum_of_fields(&process_id.to_string(), [14, 15])
}

/// The processor time of every process that this one has started and awaited, with those that they awaited.
pub(crate) fn awaited_processor_time() -> Option<Duration> {
    sum_of_fields("self", [16, 17])
}

fn sum_of_fields(process: &str, numbers: [usize; 2]) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, which may contain anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: Vec<u64> = numbers.iter().map(|number| fields.get(number - 3)?.parse().ok()).collect::<Option<_>>()?;
    Some(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

/// The binary to use: the given one, or that of the workspace after a build.
pub(crate) fn binary(given: Option<PathBuf>, release: bool) -> Result<PathBuf, String> {
    if let Some(path) = given {
        return path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    }
    let root = workspace::root()?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.current_dir(&root).args(["build", "--package", "rampart"]);
    if release {
        build.arg("--release");
    }
    let status = build.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the build of the binary failed".to_owned());
    }
    Ok(workspace::target(&root).join(if release { "release" } else { "debug" }).join("rampart"))
}

/// An empty folder for this run, below the target folder.
pub(crate) fn scratch(name: &str) -> Result<PathBuf, String> {
    let folder = workspace::target(&workspace::root()?).join("xtask").join(format!("{name}-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Runs one statement with psql.
pub(crate) fn psql(url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement, url])
        .output()
        .map_err(|error| format!("psql: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Creates an empty database on the PostgreSQL test server; returns its URL.
pub(crate) fn fresh_database(name: &str) -> Result<String, String> {
    let server = std::env::var("RAMPART_TEST_POSTGRES")
        .map_err(|_| "RAMPART_TEST_POSTGRES is not set: run this under scripts/with-postgres".to_owned())?;
    let name = format!("{name}_{}", std::process::id());
    psql(&server, &format!("drop database if exists {name}"))?;
    psql(&server, &format!("create database {name}"))?;
    let (base, _) = server.rsplit_once('/').ok_or("RAMPART_TEST_POSTGRES names no database")?;
    Ok(format!("{base}/{name}"))
}
