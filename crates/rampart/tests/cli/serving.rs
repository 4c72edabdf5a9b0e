//! Serving: one process per SQLite file, the right key only, and an orderly stop.

use std::io::Write;

use rampart_app::{SystemClock, SystemRandomness};
use rampart_core::step::job::JobKind;
use rampart_core::time::Timestamp;
use rampart_store::{Store, StoreOptions};
use serde_json::json;

use crate::support::{ENGINES, Engine, Installation, Server, fresh_postgres, psql};

/// A Spanish customer whose identity is verified at the reinforced level.
pub(crate) fn verified_customer(server: &Server) -> i64 {
    let registration = json!({
        "name": "Carmen", "last_name": "Prueba", "email": "carmen@example.com", "country": "Spain", "country_code": "ESP",
        "city": "Madrid", "address": "Calle Mayor 1", "zipcode": "28013", "dob": "1986-05-03", "phone": "+34600000000",
        "iban": "ES9121000418450200051332", "identification_type": "GOVERNMENT_ID", "identification_number": "12345678Z",
    });
    let id = server.data("POST", "/api/registerUser", Some(&registration))["id"].as_i64().unwrap();
    server.data("POST", &format!("/sandbox/kyc/{id}"), Some(&json!({ "decision": "approve", "level": 2 })));
    server.until(&format!("/api/kyc/check?user_id={id}"), |data| data["kyc_valid"] == true);
    id
}

pub(crate) fn payment(server: &Server, external_id: &str) -> String {
    let customer = verified_customer(server);
    let order = json!({
        "user_id": customer, "external_id": external_id, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 100,
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55",
    });
    server.data("POST", "/api/createPayment", Some(&order))["payment_id"].as_str().unwrap().to_owned()
}

#[test]
fn it_answers_says_so_once_and_stops_in_order() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "answers");
        let server = installation.serve();
        assert_eq!(server.get("/healthz").0, 200);
        assert_eq!(server.get("/openapi.json").0, 200);
        let printed = server.printed.clone();
        let rest = server.stop();
        let said = printed.iter().chain(&rest).filter(|line| line.contains("listening on http://")).count();
        assert_eq!(said, 1, "{engine:?}");
    }
}

#[test]
fn a_processor_that_declines_says_so_on_its_page() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    installation.partner(&mut server, "declined");
    let order = json!({
        "user_id": verified_customer(&server), "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": "66.66",
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55",
    });
    let url = server.data("POST", "/api/createPayment", Some(&order))["url_payment"].as_str().unwrap().to_owned();
    let page = url.split_once(&server.address).unwrap().1;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "10")];
    let answer = server.send("POST", page, &headers, b"action=pay");
    assert_eq!(answer.status, 303, "{}", answer.body);
    let next = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
    assert!(next.contains("declined=1"), "{next}");
    let shown = server.send("GET", &next, &[], b"").body;
    assert!(shown.as_str().unwrap().contains("value=\"pay\""), "{shown}");
    server.stop();
}

#[test]
fn a_second_serve_on_one_file_is_refused() {
    let installation = Installation::sqlite();
    let server = installation.serve();
    let said = installation.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("another process serves from"), "{said}");
    assert_eq!(server.get("/healthz").0, 200);
    server.stop();
    installation.serve().stop();
}

#[test]
fn several_processes_serve_from_one_postgresql() {
    let installation = Installation::new(Engine::Postgres, "several");
    let mut one = installation.serve();
    let mut other = installation.serve();
    let partner = installation.partner(&mut one, "several");
    installation.partner(&mut other, "another");
    let customer = verified_customer(&one);
    // The token of one node is valid on every other.
    other.token.clone_from(&one.token);
    assert_eq!(other.data("GET", &format!("/api/kyc/check?user_id={customer}"), None)["kyc_valid"], true);
    assert!(partner["id"].is_string());
    one.stop();
    assert_eq!(other.get("/healthz").0, 200);
    other.stop();
}

#[test]
fn another_key_is_refused() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "key");
        let fingerprint = || installation.json(&["keys", "show"])["fingerprint"].as_str().unwrap().to_owned();
        installation.run(&["partner", "list"]);
        let first = fingerprint();
        let key = installation.data().join("installation.key");
        std::fs::rename(&key, installation.path().join("kept")).unwrap();
        installation.run(&["keys", "create"]);
        assert_ne!(fingerprint(), first);
        let said = installation.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(said.contains("key is not the one this database was made with"), "{said}");
        std::fs::rename(installation.path().join("kept"), &key).unwrap();
        installation.serve().stop();
    }
}

#[test]
fn readiness_says_that_nothing_can_be_written_and_recovers_by_itself() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "full").with("RAMPART__SERVER__METRICS_LISTEN", "127.0.0.1:0");
        let mut server = installation.serve();
        installation.partner(&mut server, "full");
        assert_eq!(server.get("/readyz").0, 200);
        let database = installation.database();
        let name = database.rsplit('/').next().unwrap();
        let writable = |may: bool| match engine {
            Engine::Sqlite => server.limit_files(if may { "unlimited" } else { "4096" }),
            Engine::Postgres => {
                psql(&format!("alter database {name} set default_transaction_read_only = {}", if may { "off" } else { "on" }));
                psql(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"));
            }
        };
        writable(false);
        let registration = json!({ "name": "Ana", "last_name": "Prueba", "email": "ana@example.com", "country_code": "ESP" });
        assert_eq!(server.post("/api/registerUser", &registration).0, 503, "{engine:?}");
        server.eventually(|| server.get("/readyz").0 == 503);
        assert_eq!(server.get("/readyz").1["reasons"], json!([]), "the public answer has no reasons");
        let (status, answer) = server.get_as_operator("/readyz");
        assert_eq!(status, 503, "{engine:?}");
        assert!(answer["reasons"].to_string().contains("nothing has been written for"), "{answer}");
        assert_eq!(server.get("/healthz").0, 200);
        writable(true);
        // There is no other write: the readiness check itself tries one.
        server.eventually(|| server.get("/readyz").0 == 200);
        assert!(server.post("/api/registerUser", &registration).0 < 300, "{engine:?}");
        server.stop();
        installation.run(&["ledger", "verify"]);
    }
}

/// Clients that do not read, or send half a request, delay neither the end of the process nor the next start.
#[test]
fn a_stop_waits_for_nobody_outside() {
    let installation = Installation::sqlite().with("RAMPART__SERVER__STOP_MILLISECONDS", "300");
    let server = installation.serve();
    let mut clients = Vec::new();
    for asked in [
        "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200),
        "POST /api/quote HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{".into(),
    ] {
        let mut client = std::net::TcpStream::connect(&server.address).unwrap();
        client.write_all(asked.as_bytes()).unwrap();
        clients.push(client);
    }
    // The requests have arrived before the server is stopped.
    assert_eq!(server.get("/healthz").0, 200);
    server.stop();
    installation.serve().stop();
}

#[test]
fn metrics_are_where_the_settings_say() {
    let installation = Installation::sqlite();
    let server = installation.serve();
    assert!(server.printed.iter().any(|line| line.starts_with("no metrics")), "{:?}", server.printed);
    assert_eq!(server.get("/metrics").0, 404);
    server.stop();

    let file = installation.path().join("token");
    let installation = installation.with("RAMPART__SERVER__METRICS_TOKEN_FILE", file.to_str().unwrap());
    installation.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
    for weak in ["", "too-short", "with a blank in the middle of it", &"cut-in-silence".repeat(300)] {
        std::fs::write(&file, weak).unwrap();
        let said = installation.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(said.contains("server.metrics_token_file") && !said.contains("too-short"), "{said}");
    }
    std::fs::write(&file, "a-token-of-the-operators\n").unwrap();
    let server = installation.serve();
    assert!(server.printed.iter().any(|line| line.starts_with("metrics at /metrics, with the token")), "{:?}", server.printed);
    for (header, status) in [(None, 401), (Some("Bearer wrong"), 401), (Some("Bearer a-token-of-the-operators"), 200)] {
        let headers: Vec<(&str, &str)> = header.map(|value| ("authorization", value)).into_iter().collect();
        let answer = server.send("GET", "/metrics", &headers, b"");
        assert_eq!(answer.status, status, "{header:?}");
        assert_eq!(answer.body.to_string().contains("rampart_payments_open"), status == 200, "{header:?}");
    }
    server.stop();

    let installation = installation.with("RAMPART__SERVER__METRICS_LISTEN", "127.0.0.1:0");
    let server = installation.serve();
    assert!(server.printed.iter().any(|line| line.contains("/metrics, without a token")), "{:?}", server.printed);
    assert_eq!(server.send("GET", "/metrics", &[("authorization", "Bearer a-token-of-the-operators")], b"").status, 404);
    let (status, text) = server.get_as_operator("/metrics");
    assert!(status == 200 && text.to_string().contains("rampart_database_up 1"), "{text}");
    assert!(text.to_string().contains("rampart_sandbox_processor_seconds_total 0."), "{text}");
    assert_eq!((server.get_as_operator("/readyz").0, server.get_as_operator("/api/quote").0), (200, 404));
    server.stop();
}

#[test]
fn a_lost_key_is_not_made_anew() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "lost_key");
        installation.run(&["partner", "list"]);
        let (key, kept) = (installation.data().join("installation.key"), installation.path().join("kept"));
        std::fs::rename(&key, &kept).unwrap();
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["partner", "list"]] {
            let said = installation.refused(1, command);
            assert!(said.contains("put the file back") && said.contains(key.to_str().unwrap()), "{said}");
            assert!(!key.exists(), "{engine:?} {command:?}");
        }
        std::fs::rename(&kept, &key).unwrap();
        installation.serve().stop();
    }
}

/// A database restored from a backup is noticed: nothing is sent until an operator resolves it. The database of a killed process
/// is not mistaken for one.
#[test]
fn a_restored_database_sends_nothing_until_an_operator_resolves_it() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "restored");
        let mut server = installation.serve();
        let partner = installation.partner(&mut server, "restored");
        let id = payment(&server, "restored-1");
        server.stop();
        let backup = Backup::of(&installation, engine);
        // Continues, and is killed.
        let mut server = installation.serve();
        server.token = crate::support::authenticate(&server, &partner)["data"]["token"].as_str().unwrap().to_owned();
        server.data("POST", &format!("/sandbox/payments/{id}/pay"), Some(&json!({})));
        server.until(&format!("/api/payment/{id}"), |data| data["status"] == "coins_sent");
        server.kill();
        let server = installation.serve();
        assert_eq!(stops(&installation), Vec::<String>::new(), "{engine:?}: a kill");
        server.stop();

        backup.restore(&installation);
        let mut server = installation.serve();
        server.token = crate::support::authenticate(&server, &partner)["data"]["token"].as_str().unwrap().to_owned();
        // The world reports the payment again, and without the stop the ramp would send the coins a second time.
        server.until(&format!("/api/payment/{id}"), |data| data["status"] == "payment_received");
        let stops = stops(&installation);
        let [item] = &stops[..] else { panic!("{engine:?}: {stops:?}") };
        assert_eq!(server.get("/readyz").0, 200);
        installation.refused(1, &["doctor"]);
        installation.refused(2, &["review", "resolve", item, "go-on"]);
        installation.run(&["review", "resolve", item, "go-on", "--reason", "compared with bank and chains"]);
        assert!(installation.run(&["audit", "list"]).contains("review.go_on"));
        assert_eq!(self::stops(&installation).len(), 0, "{engine:?}");
        server.stop();
        installation.serve().stop();
        assert_eq!(self::stops(&installation).iter().filter(|id| *id == item).count(), 0, "{engine:?}: it stays resolved");
    }
}

/// Open review items that stop all sending.
fn stops(installation: &Installation) -> Vec<String> {
    let items = installation.json(&["review", "list"])["items"].as_array().unwrap().clone();
    let stops = items.iter().filter(|item| item["kind"] == "stopped" && item["source"] == "everything");
    stops.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// A backup of the database.
enum Backup {
    Sqlite(std::path::PathBuf),
    Postgres(String),
}

impl Backup {
    fn of(installation: &Installation, engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let copy = installation.path().join("backup");
                std::fs::create_dir(&copy).unwrap();
                copy_database(&installation.data(), &copy);
                Self::Sqlite(copy)
            }
            Engine::Postgres => {
                let name = installation.database().rsplit('/').next().unwrap().to_owned();
                psql(&format!("drop database if exists {name}_copy with (force)"));
                psql(&format!("create database {name}_copy template {name}"));
                Self::Postgres(name)
            }
        }
    }

    fn restore(&self, installation: &Installation) {
        match self {
            Self::Sqlite(copy) => {
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(installation.data().join(format!("rampart.db{ending}")));
                }
                copy_database(copy, &installation.data());
            }
            Self::Postgres(name) => {
                psql(&format!("drop database {name} with (force)"));
                psql(&format!("create database {name} template {name}_copy"));
                psql(&format!("drop database {name}_copy with (force)"));
            }
        }
    }
}

fn copy_database(from: &std::path::Path, to: &std::path::Path) {
    for file in ["rampart.db", "rampart.db-wal"] {
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

/// A disabled method accepts no new orders. Its processor is still polled for open ones.
#[test]
fn a_method_that_is_switched_off_serves_its_open_orders() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    let partner = installation.partner(&mut server, "off");
    let id = payment(&server, "off-1");
    server.stop();
    let installation = installation.with("RAMPART__METHODS__ESP__CARD__ENABLED", "false");
    let mut server = installation.serve();
    server.token = crate::support::authenticate(&server, &partner)["data"]["token"].as_str().unwrap().to_owned();
    let offered = server.data("GET", "/api/paymentMethods?country=ESP", None);
    assert!(offered.as_array().unwrap().iter().all(|method| method["payment_type"] != "card"), "{offered}");
    server.data("POST", &format!("/sandbox/payments/{id}/pay"), Some(&json!({})));
    server.until(&format!("/api/payment/{id}"), |data| data["status"] == "coins_sent");
    server.stop();
    installation.run(&["ledger", "verify"]);
}

#[test]
fn a_stop_finishes_the_work_at_hand_and_leaves_no_lease() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "lease");
        let mut server = installation.serve();
        installation.partner(&mut server, "lease");
        let id = payment(&server, "lease-1");
        let slow = json!({ "port": "chain", "outcome": "delay", "count": 1, "delay_seconds": 1 });
        server.data("POST", "/sandbox/faults", Some(&slow));
        server.data("POST", &format!("/sandbox/payments/{id}/pay"), Some(&json!({})));
        server.until(&format!("/api/payment/{id}"), |data| data["status"] != "started");
        server.stop();
        no_lease(&installation);
        let mut server = installation.serve();
        installation.partner(&mut server, "other");
        assert_eq!(server.get(&format!("/api/payment/{id}")).0, 404, "another partner's");
        server.stop();
        installation.run(&["ledger", "verify"]);
    }
}

/// Asserts that no job or delivery is leased: what is due without leases is due now.
fn no_lease(installation: &Installation) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = StoreOptions::new(std::sync::Arc::new(SystemClock), std::sync::Arc::new(SystemRandomness));
        let store = Store::open(&installation.database(), options).await.unwrap();
        let (never, always) = (Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
        for kind in JobKind::ALL {
            let now_free = store.jobs_due(kind, always, never, 1_000).await.unwrap().len();
            assert_eq!(now_free, store.jobs_due(kind, always, always, 1_000).await.unwrap().len(), "{kind:?}");
        }
        let with_free = store.receivers_due(None, always, never, 1_000).await.unwrap();
        let with_due = store.receivers_due(None, always, always, 1_000).await.unwrap();
        assert_eq!(with_free, with_due);
        for (receiver, _) in with_due.receivers {
            let now_free = store.deliveries_due_to(receiver, always, never, 1_000).await.unwrap().len();
            assert_eq!(now_free, store.deliveries_due_to(receiver, always, always, 1_000).await.unwrap().len());
        }
        store.close().await;
    });
}

#[test]
fn an_installation_moves_between_engines() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    let partner = installation.partner(&mut server, "moves");
    let id = payment(&server, "moves-1");
    let from = installation.database();
    let there = fresh_postgres("moves");
    let said = installation.refused(1, &["db", "copy", "--from", &from, "--to", &there]);
    assert!(said.contains("another process serves from"), "{said}");
    server.stop();
    let copied = installation.json(&["db", "copy", "--from", &from, "--to", &there]);
    assert_eq!(copied["verified"], true);
    let back = format!("sqlite:{}", installation.path().join("back.db").display());
    assert_eq!(installation.json(&["db", "copy", "--from", &there, "--to", &back])["tables"], copied["tables"]);
    installation.refused(1, &["db", "copy", "--from", &from, "--to", &back]);
    // A database that is served from is not copied, on PostgreSQL either.
    let serving = Installation::new(Engine::Postgres, "served");
    let (one, other) = (serving.serve(), serving.serve());
    let nowhere = format!("sqlite:{}", installation.path().join("nowhere.db").display());
    let said = serving.refused(1, &["db", "copy", "--from", &serving.database(), "--to", &nowhere]);
    assert!(said.contains("another process serves from"), "{said}");
    one.stop();
    serving.refused(1, &["db", "copy", "--from", &serving.database(), "--to", &nowhere]);
    other.stop();
    assert_eq!(serving.json(&["db", "copy", "--from", &serving.database(), "--to", &nowhere])["verified"], true);
    let mut command = installation.command(&["ledger", "verify"]);
    assert!(command.args(["--database", &back]).output().unwrap().status.success());
    // The same key opens it, and the same partner finds its payment.
    let moved = installation.with("RAMPART__DATABASE__URL", &there);
    let mut server = moved.serve();
    server.token = crate::support::authenticate(&server, &partner)["data"]["token"].as_str().unwrap().to_owned();
    assert_eq!(server.data("GET", &format!("/api/payment/{id}"), None)["status"], "started");
    server.stop();
}
