use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Configuration, SettingsFault> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Configuration::load_from(&Overrides { data: Some("/nonexistent".into()), ..Overrides::default() }, variables)
}

fn load_file(text: &str) -> Result<Configuration, SettingsFault> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    std::fs::write(&path, text).unwrap();
    let overrides = Overrides { config: Some(path), data: Some(folder.path().into()), ..Overrides::default() };
    Configuration::load_from(&overrides, Vec::new())
        .map_err(|SettingsFault(text)| SettingsFault(text.replace(&folder.path().display().to_string(), "")))
}

#[test]
fn the_built_in_configuration_holds() {
    let configuration = load(&[]).unwrap();
    let catalogue = &configuration.catalogue;
    let argentina = rampart_core::country::Country::ARGENTINA;
    let khipu = catalogue.method(argentina, "khipu").unwrap();
    assert!(khipu.minimum.minor() < 24_000, "the documented 240 ARS must be above the minimum");
    for country in rampart_core::country::Country::served() {
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
        let given = rampart_core::bank_account::Given::number(&account.account);
        rampart_core::bank_account::check(payout.country, given).unwrap_or_else(|fault| panic!("{}: {fault}", account.rail));
    }
}

#[test]
fn variables_reach_every_value_whatever_their_case() {
    let configuration = load(&[
        ("RAMPART__SERVER__LISTEN", "0.0.0.0:1"),
        ("RAMPART__LIMITS__EUR__1__DAY", "7.50"),
        ("RAMPART__METHODS__ESP__CARD__ENABLED", "false"),
        ("RAMPART__RAILS__CL_TRANSFER__HOLDER", "Otro"),
        ("RAMPART__RATE_LIMITS__ENABLED", "false"),
        ("RAMPART__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("RAMPART_TEST_POSTGRES", "not ours"),
    ])
    .unwrap();
    assert_eq!(configuration.settings.server.listen, "0.0.0.0:1");
    assert_eq!(configuration.settings.server.web.trusted_proxies.len(), 2);
    assert!(!configuration.settings.rate_limits.enabled);
    assert!(!configuration.catalogue.method(rampart_core::country::Country::SPAIN, "card").unwrap().enabled);
    assert_eq!(configuration.catalogue.rail_account("cl-transfer".parse().unwrap()).unwrap().holder, "Otro");
    assert_eq!(configuration.tree.origin("limits.EUR.1.day").unwrap().to_string(), "variable RAMPART__LIMITS__EUR__1__DAY");
}

#[test]
fn faults_name_the_key_and_where_it_stands() {
    let rows = [
        ("[server]\nlissten = \"x\"", "there is no setting server.lissten (/my.toml:2); did you mean server.listen?"),
        ("\n[server]\nbody_limit_bytes = \"x\"", "server.body_limit_bytes must be a whole number (/my.toml:3)"),
        ("[methods.ESP.card]\nminimum = \"ten\"", "methods.ESP.card.minimum (/my.toml:2): 'ten' must be a positive decimal number"),
        ("[methods.ESP.bizum]\nfiat = \"EUR\"", "methods.ESP.bizum (/my.toml:2): missing field"),
        ("data = \"x\"", "data cannot be set in /my.toml:1: use --data or RAMPART__DATA"),
        ("mode = \"live\"", "providers.bank (default): is simulated, which mode = \"live\" refuses"),
        ("[server]\nconnections = 0", "server.connections (/my.toml:2): must be above zero"),
        ("[server]\nbody_limit_bytes = 9", "server.body_limit_bytes (/my.toml:2): must be at least 1024"),
        ("[server]\ntrusted_proxies = [\"::ffff:10.0.0.0/8\"]", "server.trusted_proxies"),
        ("[log]\nformat = \"xml\"", "log.format (/my.toml:2): unknown variant `xml`"),
    ];
    for (text, expected) in rows {
        let fault = load_file(text).unwrap_err().to_string();
        assert!(fault.starts_with(expected), "{text}\n{fault}\n{expected}");
    }
    let fault = load(&[("RAMPART__SERVER__PORT", "1")]).unwrap_err().to_string();
    assert!(fault.starts_with("there is no setting server.port (variable RAMPART__SERVER__PORT)"), "{fault}");
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let configuration =
        load_file("[limits.EUR.1.methods.card]\ntransaction = \"5\"\nday = \"6\"\nmonth = \"7\"\nquarter = \"8\"\n").unwrap();
    let limits = configuration.catalogue.limits.iter().filter(|limit| limit.fiat.as_str() == "EUR");
    assert_eq!(limits.count(), 3);
    assert_eq!(configuration.tree.origin("limits.EUR.1.day").unwrap(), &Origin::Default);
}

#[test]
fn passwords_are_not_shown() {
    let shown = |url: &str| redact::without_password(url);
    assert_eq!(shown("postgres://user:secret@host:5432/name"), "postgres://user:[redacted]@host:5432/name");
    assert_eq!(shown("postgres://user:se:c@ret@host/name?sslmode=require"), "postgres://user:[redacted]@host/name?sslmode=require");
    assert_eq!(shown("postgres://user@host/name?password=x"), "postgres://user@host/name?[redacted]");
    assert_eq!(shown("sqlite:./data/rampart.db"), "sqlite:./data/rampart.db");
}
