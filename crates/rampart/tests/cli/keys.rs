//! Rotation of the installation's key with the real binary, while it serves.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{ENGINES, Engine, Installation, Server, WAIT_TIMEOUT, authenticate};

const REASON: [&str; 2] = ["--reason", "test"];

fn path_of(url: &Value) -> String {
    format!("/kyc{}", url.as_str().unwrap().split_once("/kyc").unwrap().1)
}

fn until_refused(server: &Server) {
    let began = Instant::now();
    while server.get("/api/events").0 != 401 {
        assert!(began.elapsed() < WAIT_TIMEOUT, "the token is still good");
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
}

#[test]
fn the_key_is_changed_while_it_serves() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "keys");
        let file = installation.data().join("installation.key");
        let mut server = installation.serve();
        let partner = installation.partner(&mut server, "keys");
        let registration = json!({ "name": "Ana", "last_name": "Prueba", "email": "ana@example.com", "country_code": "ESP" });
        let form = path_of(&server.data("POST", "/api/registerUser", Some(&registration))["kyc_form_url"]);
        let old = installation.json(&["keys", "show"])["fingerprint"].as_str().unwrap().to_owned();
        let old_file = std::fs::read(&file).unwrap();

        // Every node gets the new key.
        let new = installation.json(&["keys", "add"])["fingerprint"].as_str().unwrap().to_owned();
        assert_ne!(new, old);
        let token = std::mem::take(&mut server.token);
        if matches!(engine, Engine::Sqlite) {
            server.stop();
            server = installation.serve();
        } else {
            let first = std::mem::replace(&mut server, installation.serve());
            first.stop();
        }
        server.token = token;
        assert_eq!(server.get("/api/events").0, 200);

        // The new key becomes the newest, and what the old one sealed is resealed.
        let refused = installation.refused(2, &["keys", "use", &new]);
        assert!(refused.contains("--reason"), "{refused}");
        let lines = installation.json(&[&["keys", "use", &new][..], &REASON].concat());
        let roles = |lines: &Value| -> Vec<(String, String)> {
            let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
            lines.as_array().unwrap().iter().map(|line| (text(line, "fingerprint"), text(line, "role"))).collect()
        };
        let expected = |first: &str, second: &str| vec![(old.clone(), first.to_owned()), (new.clone(), second.to_owned())];
        assert_eq!(roles(&lines), expected("readable", "newest"));
        let both = std::fs::read(&file).unwrap();
        std::fs::write(&file, &old_file).unwrap();
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["partner", "list"]] {
            let said = installation.refused(1, command);
            assert!(said.contains(&new) && said.contains("not in the key file"), "{said}");
        }
        std::fs::write(&file, both).unwrap();
        let early = installation.refused(1, &[&["keys", "retire", &old][..], &REASON].concat());
        assert!(early.contains("keys reseal"), "{early}");
        // The new partner and the demo partner.
        let resealed = [&["key", "reseal"][..], &REASON].concat();
        assert_eq!(installation.json(&resealed)["partners"], 2);
        assert_eq!(installation.json(&resealed)["partners"], 0);
        let early = installation.refused(1, &[&["keys", "retire", &old][..], &REASON].concat());
        assert!(early.contains("are good until"), "{early}");
        assert_eq!(server.get("/api/events").0, 200, "what the old key signed is good meanwhile");

        // The old key is retired: the serving process no longer accepts it.
        let lines = installation.json(&[&["keys", "retire", &old, "--now"][..], &REASON].concat());
        assert_eq!(roles(&lines), expected("retired", "newest"));
        assert_eq!(installation.json(&["keys", "show"]), json!({ "file": file, "fingerprint": new }));
        until_refused(&server);
        for _ in 0..2 {
            server.token = String::new();
            assert_eq!(server.get(&form).0, 200, "the link still works");
            server.token = authenticate(&server, &partner)["data"]["token"].as_str().expect("a token").to_owned();
            assert_eq!(server.get("/api/events").0, 200);
            server.stop();
            server = installation.serve();
        }
        server.stop();
        let audited = installation.run(&["audit", "list"]);
        for action in ["keys.use", "keys.reseal", "keys.retire"] {
            assert!(audited.contains(action), "{audited}");
        }
        installation.run(&["doctor"]);
    }
}
