//! A stop ends the process, whatever the outside does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Installation, PATIENCE, fresh_postgres};

/// Stands between a process and PostgreSQL, and can fall silent: connections stay open, and nothing passes any more.
struct Between {
    url: String,
    is_silent: Arc<AtomicBool>,
}

impl Between {
    fn new(name: &str) -> Self {
        let url = fresh_postgres(name);
        let (before, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let between = format!("{before}@{}/{database}", listener.local_addr().unwrap());
        let (is_silent, server) = (Arc::new(AtomicBool::new(false)), server.to_owned());
        let silent = is_silent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                let ways = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
                for (from, to) in ways {
                    let silent = silent.clone();
                    std::thread::spawn(move || pass(from, to, &silent));
                }
            }
        });
        Self { url: between, is_silent }
    }

    fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
    }
}

/// Passes on what is read. In silence it is read all the same, and kept back.
fn pass(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool) {
    let mut bytes = [0; 16 * 1_024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if !silent.load(Ordering::SeqCst) && to.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
    if !silent.load(Ordering::SeqCst) {
        let _ = to.shutdown(std::net::Shutdown::Both);
    }
}

#[test]
fn a_database_that_has_fallen_silent_keeps_no_process() {
    let between = Between::new("silent");
    let installation = Installation::sqlite().with("RAMPART__DATABASE__URL", &between.url).with("RAMPART__WORKERS__STOP_SECONDS", "2");
    let server = installation.serve();
    assert_eq!(server.get("/readyz").0, 200);
    between.fall_silent();
    server.stop();

    // Nor one that is still opening it.
    let mut opening = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut opening = opening.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let began = std::time::Instant::now();
    loop {
        // Signals have their meaning once it says so in /proc: before, SIGTERM would end it by itself.
        let status = std::fs::read_to_string(format!("/proc/{}/status", opening.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        if u64::from_str_radix(caught, 16).unwrap() & (1 << 14) != 0 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "it does not begin");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    assert!(std::process::Command::new("kill").args(["-TERM", &opening.id().to_string()]).status().unwrap().success());
    let ended = loop {
        if let Some(status) = opening.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE / 2 {
            opening.kill().unwrap();
            panic!("it does not stop while it opens the database");
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    };
    assert!(ended.success(), "{ended}");
}

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_allowed() {
    let installation = Installation::sqlite();
    let server = installation.serve();
    let (soft, hard) = server.open_files();
    assert_eq!(soft, hard);
    server.stop();
}
