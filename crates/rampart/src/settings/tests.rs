use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Configuration, SettingsError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Configuration::load_from(&Overrides { data: Some("/nonexistent".into()), ..Overrides::default() }, variables)
}

fn load_file(text: &str) -> Result<Configuration, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    std::fs::write(&path, text).unwrap();
    let overrides = Overrides { config: Some(path), data: Some(folder.path().into()), ..Overrides::default() };
    Configuration::load_from(&overrides, Vec::new())
        .map_err(|SettingsError(text)| SettingsError(text.replace(&folder.path().display().to_string(), "")))
}

#[test]
fn the_built_in_configuration_is_valid() {
    let configuration = load(&[]).unwrap();
    let catalogue = &configuration.catalogue;
    let argentina = rampart_core::identity::country::Country::ARGENTINA;
    let khipu = catalogue.method(argentina, "khipu").unwrap();
    assert!(khipu.minimum.minor() < 24_000, "the documented 240 ARS must be above the minimum");
    for country in rampart_core::identity::country::Country::served() {
        assert!(catalogue.payout_rail(country).is_some(), "{country} has no payout rail");
        assert!(catalogue.methods.iter().any(|method| method.country == country), "{country} has no payment method");
    }
    let url = configuration.database_url().unwrap();
    assert_eq!(url, "sqlite:/nonexistent/rampart.db");
}

#[test]
fn our_own_accounts_are_well_formed() {
    let catalogue = load(&[]).unwrap().catalogue;
    for payout in &catalogue.payout_rails {
        let account = catalogue.rail_account(payout.rail).unwrap();
        let given = rampart_core::identity::bank_account::BankAccountInput::number(&account.account);
        rampart_core::identity::bank_account::check(payout.country, given).unwrap_or_else(|fault| panic!("{}: {fault}", account.rail));
    }
}

#[test]
fn variables_reach_every_value_whatever_their_case() {
    let configuration = load(&[
        ("RAMPART__SERVER__LISTEN", "0.0.0.0:1"),
        ("RAMPART__LIMITS__EUR__1__DAY", "7.50"),
        ("RAMPART__METHODS__ESP__CARD__ENABLED", "false"),
        ("RAMPART__RAILS__CL_TRANSFER__HOLDER", "Otro"),
        ("RAMPART__RAILS__SPEI__PAYABLE_STEP", "0.10"),
        ("RAMPART__RATE_LIMITS__ENABLED", "false"),
        ("RAMPART__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("RAMPART_TEST_POSTGRES", "not ours"),
    ])
    .unwrap();
    assert_eq!(configuration.settings.server.listen, "0.0.0.0:1");
    assert_eq!(configuration.settings.server.web.trusted_proxies.len(), 2);
    assert!(!configuration.settings.rate_limits.enabled);
    assert!(!configuration.catalogue.method(rampart_core::identity::country::Country::SPAIN, "card").unwrap().enabled);
    assert_eq!(configuration.catalogue.rail_account("cl-transfer".parse().unwrap()).unwrap().holder, "Otro");
    assert_eq!(configuration.catalogue.payable_step("spei".parse().unwrap()).minor(), 10);
    assert_eq!(configuration.tree.origin("limits.EUR.1.day").unwrap().to_string(), "variable RAMPART__LIMITS__EUR__1__DAY");
}

#[test]
fn faults_name_the_key_and_where_it_stands() {
    let rows = [
        ("[server]\nlissten = \"x\"", "there is no setting server.lissten (/my.toml:2); did you mean server.listen?"),
        ("\n[server]\nbody_limit_bytes = \"x\"", "server.body_limit_bytes must be a whole number (/my.toml:3)"),
        ("[methods.ESP.card]\nminimum = \"ten\"", "methods.ESP.card.minimum (/my.toml:2): 'ten' must be a positive decimal number"),
        ("[methods.ESP.bizum]\nfiat = \"EUR\"", "methods.ESP.bizum (/my.toml:2): missing field"),
        (
            "[methods.COL.PSE]\nminimum = \"10000.50\"",
            "methods.COL.PSE (/my.toml:2): the minimum and the maximum must be multiples of payable_step",
        ),
        ("[rails.sepa]\npayable_step = \"0\"", "rails.sepa.payable_step (/my.toml:2): it must be above zero"),
        (
            "[methods.COL.BREB]\npayable_step = \"1.00\"",
            "methods.COL.BREB.payable_step (/my.toml:2): a transfer method has the payable_step of its rail",
        ),
        ("data = \"x\"", "data cannot be set in /my.toml:1: use --data or RAMPART__DATA"),
        ("mode = \"live\"", "providers.bank (default): is simulated, which mode = \"live\" refuses"),
        (
            "[server]\npublic_url = \"https://ops:secret@ramp.example.com\"",
            "server.public_url (/my.toml:2): public_url must not have a user name",
        ),
        ("[server]\npublic_url = \"https://ramp.example.com/?a\"", "server.public_url (/my.toml:2): public_url must not have"),
        ("[server]\nconnections = 0", "server.connections (/my.toml:2): must be above zero"),
        ("[server]\nbody_limit_bytes = 9", "server.body_limit_bytes (/my.toml:2): must be at least 1024"),
        ("[server]\ntrusted_proxies = [\"::ffff:10.0.0.0/8\"]", "server (/my.toml:2): must be an address or a network such as 10.0.0.0/8"),
        (
            "[server]\nconnections = 9000000000000000000",
            "server.connections (/my.toml:2): must be at most 1048576, not 9000000000000000000",
        ),
        (
            "[server]\nheader_limit_bytes = 9000000000000000000",
            "server.header_limit_bytes (/my.toml:2): must be at most 1048576, not 9000000000000000000",
        ),
        ("[database]\nqueue = 9000000000000000000", "database.queue (/my.toml:2): must be at most 1048576, not 9000000000000000000"),
        (
            "[workers]\nlease_seconds = 9000000000000000000",
            "workers.lease_seconds (/my.toml:2): must be at most 315360000, not 9000000000000000000",
        ),
        ("[webhooks]\nlive_ports = [443, \"x\"]", "webhooks.live_ports must be a list of whole numbers (/my.toml:2)"),
        ("[log]\nformat = \"xml\"", "log.format (/my.toml:2): unknown variant `xml`"),
    ];
    for (text, expected) in rows {
        let fault = load_file(text).unwrap_err().to_string();
        assert!(fault.starts_with(expected), "{text}\n{fault}\n{expected}");
    }
    let fault = load(&[("RAMPART__SERVER__PORT", "1")]).unwrap_err().to_string();
    assert!(fault.starts_with("there is no setting server.port (variable RAMPART__SERVER__PORT)"), "{fault}");
}

/// A configuration that is ready for live mode, except for the adapters, which are not built in yet.
const FIT_FOR_LIVE: &str = r#"
[server]
public_url = "https://ramp.example.com"
[rate_limits]
partner_per_second = 1000
partner_burst = 2000
ip_per_second = 1000
ip_burst = 2000
[open_caps]
customer_orders = 5
partner_orders = 2000
customer_value_multiple = 3
partner_value_multiple = 1000
[rails.sepa]
account = "ES9121000418450200051332"
bic = ""
bank = ""
holder = "Acme SL"
tax_id = ""
email = ""
[rails.cl-transfer]
account = "123456789"
bank_code = "037"
account_type = "corriente"
holder = "Acme SpA"
tax_id = "76.000.000-0"
email = ""
[rails.spei]
account = "646180000000000025"
holder = "Acme SA de CV"
tax_id = ""
email = ""
[rails.breb]
account = "@ACME"
holder = "Acme SAS"
tax_id = ""
email = ""
[rails.cce]
account = "00219300000000000118"
bank = ""
holder = "Acme SAC"
tax_id = ""
email = ""
[rails.cvu]
account = "0000003110000000000014"
bank = ""
holder = "Acme SA"
tax_id = ""
email = ""
"#;

#[test]
fn live_mode_names_every_setting_that_it_refuses() {
    let of = |text: String| load_file(&text).unwrap_err().to_string();
    let all = of("mode = \"live\"\n[rate_limits]\nenabled = false\n[server]\npublic_url = \"http://ramp.example.com\"\n".to_owned());
    for line in [
        "providers.bank (default): is simulated",
        "providers.prices (default): is simulated",
        "server.public_url (/my.toml:5): public_url must begin with https://",
        "rate_limits.enabled (/my.toml:3): must be true in live mode",
        "rate_limits.partner_burst (default): must be at most 20000 in live mode, not 200000",
        "rate_limits.ip_per_second (default): must be at most 10000 in live mode, not 100000",
        "open_caps.customer_orders (default): must be at most 100 in live mode, not 10000",
        "open_caps.partner_value_multiple (default): must be at most 100000 in live mode, not 2000000",
        "rails.sepa.account (default): is the value of the sandbox",
        "rails.cl-transfer.tax_id (default): is the value of the sandbox",
    ] {
        assert!(all.lines().any(|found| found.starts_with(line)), "{line}\n{all}");
    }
    let fit = of(format!("mode = \"live\"\n{FIT_FOR_LIVE}"));
    assert!(fit.lines().all(|line| line.starts_with("providers.")), "{fit}");
    assert_eq!(fit.lines().count(), 6, "{fit}");
    let own = load_file(FIT_FOR_LIVE).unwrap();
    let chile = own.catalogue.rail_account("cl-transfer".parse().unwrap()).unwrap();
    assert_eq!(chile.account, "037/corriente/123456789", "set part by part, shown as documented");
    // What the banks of payers ask for and no setting provides.
    for (there, instead, missed) in [
        ("tax_id = \"76.000.000-0\"", "tax_id = \"\"", "rails.cl-transfer.tax_id (/my.toml:"),
        ("\"ES9121000418450200051332\"", "\"ES9299990002950000000001\"", "rails.sepa.bank (/my.toml:"),
        ("\"@ACME\"", "\"ACME\"", "rails.breb.account (/my.toml:"),
    ] {
        let lacking = FIT_FOR_LIVE.replace(there, instead);
        let all = of(format!("mode = \"live\"\n{lacking}"));
        assert!(all.lines().any(|found| found.starts_with(missed)), "{missed}\n{all}");
        assert_eq!(all.lines().count(), 7, "{all}");
    }
    for (text, reason) in [
        ("[rails.cl-transfer]\nbank_code = \"037\"\naccount_type = \"C\"", "says bank and type of account already"),
        ("[rails.cl-transfer]\naccount = \"123456789\"\nbank_code = \"037\"", "rails.cl-transfer.account_type"),
    ] {
        assert!(of(text.to_owned()).contains(reason), "{}", of(text.to_owned()));
    }
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let configuration =
        load_file("[limits.EUR.1.methods.card]\ntransaction = \"5\"\nday = \"6\"\nmonth = \"7\"\nquarter = \"8\"\n").unwrap();
    let limits = configuration.catalogue.limits.iter().filter(|limit| limit.fiat.as_str() == "EUR");
    assert_eq!(limits.count(), 3);
    assert_eq!(configuration.tree.origin("limits.EUR.1.day").unwrap(), &SettingOrigin::Default);
}

#[test]
fn passwords_are_not_shown() {
    let shown = |url: &str| redact::without_password(url);
    assert_eq!(shown("postgres://user:secret@host:5432/name"), "postgres://host:5432/name");
    assert_eq!(shown("postgres://user:se:c@ret@host/name?sslmode=require"), "postgres://host/name");
    assert_eq!(shown("postgres://user@host/name?password=secret&sslpassword=secret"), "postgres://host/name");
    assert_eq!(shown("postgresql:///name?host=/run/postgresql&user=u"), "postgresql:///name");
    assert_eq!(shown("sqlite:./data/rampart.db"), "sqlite:./data/rampart.db");
    assert_eq!(shown(""), "");
    // Everything that could be part of a password.
    for url in [
        "postgres://user:sec/ret@host/name",
        "postgres://user:12/secret@host/name",
        "postgres://user:12#secret@host/name",
        "postgres://user:12?secret@host/name",
        "postgres://host/name?password=x@secret",
        "postgres://[secret",
        "postgres:user:secret@host/name",
        "host=x password=secret",
        "mysql://user:secret@host/name",
    ] {
        assert!(shown(url).ends_with("[redacted]") && !shown(url).contains("12"), "{url}: {}", shown(url));
    }
}

#[test]
fn a_file_that_is_not_toml_is_reported_by_its_line_and_not_shown() {
    for (text, line) in [
        ("[database]\nurl = \"postgres://u:hunter2@h/n\n", 2),
        ("[database]\nurl = postgres://u:hunter2@h/n\n", 2),
        ("\n\n[database]\nurl = 'postgres://u:hunter2@h/n' hunter2\n", 4),
        ("[database]\nurl = \"postgres://u:hunter2\\q@h/n\"\n", 2),
        ("[database]\nurl = \"a\"\nurl = \"hunter2\"\n", 3),
    ] {
        let fault = load_file(text).unwrap_err().to_string();
        assert!(fault.starts_with(&format!("/my.toml:{line} is not TOML: ")), "{fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
    let fault = load_file("[database]\nreaders = \"hunter2\"\n").unwrap_err().to_string();
    assert!(!fault.contains("hunter2"), "{fault}");
}

#[test]
fn variables_that_would_be_settings_if_spelled_right_are_faults() {
    for (name, meant) in [
        ("RAMPART_MODE", "RAMPART__MODE"),
        ("RAMPART_SERVER_LISTEN", "RAMPART__SERVER__LISTEN"),
        ("RAMPART_SERVER__LISTEN", "RAMPART__SERVER__LISTEN"),
        ("RAMPART_RATE_LIMITS_ENABLED", "RAMPART__RATE_LIMITS__ENABLED"),
        ("RAMPART_LIMITS_EUR_1_DAY", "RAMPART__LIMITS__EUR__1__DAY"),
        ("RAMPART_LIMITS_EUR_7_DAY", "RAMPART__LIMITS__EUR__7__DAY"),
        ("RAMPART_RAILS_NEW_ONE_HOLDER", "RAMPART__RAILS__NEW_ONE__HOLDER"),
        ("RAMPART_PUBLIC_URL", "RAMPART__SERVER__PUBLIC_URL"),
        ("RAMPART_LISTEN", "RAMPART__SERVER__LISTEN"),
        ("rampart_trusted_proxies", "RAMPART__SERVER__TRUSTED_PROXIES"),
        ("RAMPART_FORMAT", "RAMPART__LOG__FORMAT"),
        ("rampart_mode", "RAMPART__MODE"),
        ("rampart__mode", "RAMPART__MODE"),
        ("Rampart__Server__Listen", "RAMPART__SERVER__LISTEN"),
        ("rampart__no_such_thing", "RAMPART__NO_SUCH_THING"),
        ("rampart_config", "RAMPART_CONFIG"),
    ] {
        let fault = load(&[(name, "live")]).unwrap_err().to_string();
        assert_eq!(fault, format!("the variable {name} sets nothing; did you mean {meant}?"));
    }
    // Variables of the tests, and those that a cluster sets for a service called rampart.
    let others = [
        "RAMPART_TEST_POSTGRES",
        "RAMPART_SIMULATION_SEED",
        "RAMPART_SERVICE_HOST",
        "RAMPART_PORT",
        "RAMPART_PORT_8080_TCP",
        "RAMPARTS_MODE",
    ];
    for name in others {
        load(&[(name, "x")]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
    let said = load(&[("RAMPART_CONCURRENCY", "8")]).unwrap_err().to_string();
    assert!(["SERVER", "WEBHOOKS", "WORKERS"].iter().all(|section| said.contains(&format!("RAMPART__{section}__CONCURRENCY"))), "{said}");
    let named = load(&[("RAMPART_CONFIG", "/nonexistent/my.toml")]).unwrap_err().to_string();
    assert!(named.starts_with("/nonexistent/my.toml cannot be read"), "{named}");
}

#[test]
fn files_that_never_end_are_refused() {
    let endless = Overrides { config: Some("/dev/zero".into()), data: Some("/nonexistent".into()), ..Overrides::default() };
    let fault = Configuration::load_from(&endless, Vec::new()).unwrap_err().to_string();
    assert!(fault.contains("/dev/zero cannot be read: it has more than"), "{fault}");
    let fault = load(&[("RAMPART__DATABASE__URL_FILE", "/dev/zero")]).unwrap().database_url().unwrap_err().to_string();
    assert!(fault.starts_with("database.url_file: /dev/zero cannot be read: it has more than"), "{fault}");
}

#[test]
fn what_is_no_text_is_not_ignored_where_it_was_meant_for_us() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let pair = |name: &[u8], value: &[u8]| (OsString::from_vec(name.to_vec()), OsString::from_vec(value.to_vec()));
    for (name, value) in [(&b"RAMPART__MODE"[..], &b"live\xff"[..]), (b"rampart__mode", b"\xff"), (b"RAMPART__MODE\xff", b"live")] {
        let fault = environment::texts([pair(b"PATH", b"/bin"), pair(name, value)].into_iter()).unwrap_err().to_string();
        assert!(fault.ends_with("is not text (UTF-8)") && !fault.contains("live"), "{fault}");
    }
    let kept = environment::texts([pair(b"PATH", b"/bin"), pair(b"LS_COLORS", b"\xff"), pair(b"\xff", b"x")].into_iter()).unwrap();
    assert_eq!(kept, [("PATH".to_owned(), "/bin".to_owned())]);
}

#[test]
fn lists_of_numbers_can_be_written_in_variables() {
    for (text, ports) in
        [("443,8443", &[443, 8_443][..]), (" 443 , 8443 ", &[443, 8_443]), ("[443, 8443]", &[443, 8_443]), ("", &[]), ("[]", &[])]
    {
        let configuration = load(&[("RAMPART__WEBHOOKS__LIVE_PORTS", text)]).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!(configuration.settings.webhooks.live_ports, ports, "{text}");
    }
    for text in ["443,https", "[443, \"x\"]", "443;8443"] {
        let fault = load(&[("RAMPART__WEBHOOKS__LIVE_PORTS", text)]).unwrap_err().to_string();
        assert!(fault.starts_with("webhooks.live_ports must be a list of whole numbers (variable"), "{text}: {fault}");
    }
}
