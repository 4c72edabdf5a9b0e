//! A stop ends the process even if the database or a client does not respond.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Installation, WAIT_TIMEOUT, fresh_postgres};

/// A proxy for PostgreSQL that can stop forwarding while connections stay open.
struct Proxy {
    url: String,
    is_silent: Arc<AtomicBool>,
}

impl Proxy {
    fn new(name: &str) -> Self {
        let url = fresh_postgres(name);
        let (before, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("{before}@{}/{database}", listener.local_addr().unwrap());
        let (is_silent, server) = (Arc::new(AtomicBool::new(false)), server.to_owned());
        let silent = is_silent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                let ways = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
                for (from, to) in ways {
                    let silent = silent.clone();
                    std::thread::spawn(move || forward(from, to, &silent));
                }
            }
        });
        Self { url: proxy, is_silent }
    }

    fn stop_forwarding(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
    }
}

/// Forwards bytes. When silent it still reads, and drops what it reads.
fn forward(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool) {
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
    let proxy = Proxy::new("silent");
    let installation = Installation::sqlite().with("RAMPART__DATABASE__URL", &proxy.url).with("RAMPART__WORKERS__STOP_SECONDS", "2");
    let server = installation.serve();
    assert_eq!(server.get("/readyz").0, 200);
    proxy.stop_forwarding();
    server.stop();

    // Also while the database is still being opened.
    let mut opening = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut opening = opening.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let began = std::time::Instant::now();
    loop {
        // Wait until /proc shows that SIGTERM is caught; before that it would kill the process.
        let status = std::fs::read_to_string(format!("/proc/{}/status", opening.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        if u64::from_str_radix(caught, 16).unwrap() & (1 << 14) != 0 {
            break;
        }
        assert!(began.elapsed() < WAIT_TIMEOUT, "SIGTERM is never caught");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    assert!(std::process::Command::new("kill").args(["-TERM", &opening.id().to_string()]).status().unwrap().success());
    let ended = loop {
        if let Some(status) = opening.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > WAIT_TIMEOUT / 2 {
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
