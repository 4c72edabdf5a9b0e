//! What mode = "live" refuses: simulated providers, and settings that are made for sandboxes and load tests.

use rampart_app::{Mode, check_public_url};
use rampart_core::catalogue::{Catalogue, Method, MethodKind};
use rampart_core::pay_to;

use super::tree::{Origin, Tree};
use super::types::{Provider, Settings};

/// The most orders of one customer that may be open and unpaid.
const CUSTOMER_ORDERS: u64 = 100;
/// The most orders of one partner that may be open and unpaid.
const PARTNER_ORDERS: u64 = 100_000;
/// The most that the unpaid orders of one customer may be worth, as a multiple of the method's maximum.
const CUSTOMER_VALUE_MULTIPLE: u64 = 100;
/// The same of one partner.
const PARTNER_VALUE_MULTIPLE: u64 = 100_000;
/// The most calls that a partner or an address may have a second, and twice as many at once.
const CALLS_PER_SECOND: u64 = 10_000;
/// The least that a destination which a page gave waits, in seconds.
const SHORTEST_DELAY: u64 = 3_600;
/// The longest that a link to an identity page lasts, in days.
const LONGEST_LINK_DAYS: u64 = 366;
/// The most attempts to authenticate that an address may have a second, and ten times as many at once.
const AUTHENTICATIONS_PER_SECOND: u64 = 100;

/// Everything that live mode refuses of a configuration: the key and the reason. Nothing in a sandbox.
pub(super) fn refused(settings: &Settings, catalogue: &Catalogue, tree: &Tree) -> Vec<(String, String)> {
    if settings.mode != Mode::Live {
        return Vec::new();
    }
    let simulated = settings.providers.each().into_iter().filter(|(_, provider)| *provider == Provider::Sandbox).map(|(port, _)| {
        let reason = "is simulated, which mode = \"live\" refuses; no real adapter for it is built in yet";
        (format!("providers.{port}"), reason.to_owned())
    });
    simulated.chain(weak(settings, catalogue)).chain(untold(catalogue, tree)).collect()
}

/// What customers who pay by transfer would not be told, or told of an account that is nobody's.
fn untold(catalogue: &Catalogue, tree: &Tree) -> Vec<(String, String)> {
    const TOLD: [&str; 6] = ["account", "holder", "bic", "bank", "tax_id", "email"];
    let mut found = Vec::new();
    for ours in &catalogue.rail_accounts {
        let pays = |method: &&Method| {
            let (MethodKind::Concept(rail) | MethodKind::VirtualAccount(rail)) = method.kind else { return false };
            method.enabled && rail == ours.rail
        };
        let Some(method) = catalogue.methods.iter().find(pays) else { continue };
        let key = |name: &str| format!("rails.{}.{name}", ours.rail);
        let is_default = |name: &&str| matches!(tree.origin(&key(name)), Some(Origin::Default));
        let reason = "is the sandbox's, which is nobody's; give your own, or \"\" where you have none";
        found.extend(TOLD.iter().filter(|name| is_default(name)).map(|name| (key(name), reason.to_owned())));
        found.extend(pay_to::missing(ours, method.country).into_iter().map(|(name, why)| (key(name), why)));
    }
    found
}

/// Settings that protect nobody.
fn weak(settings: &Settings, catalogue: &Catalogue) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Err(reason) = check_public_url(settings.server.public_url.trim_end_matches('/'), true) {
        found.push(("server.public_url".to_owned(), reason));
    }
    let limits = &settings.rate_limits;
    if !limits.enabled {
        found.push((
            "rate_limits.enabled".to_owned(),
            "must be true in live mode: without limits one caller can stop all others".to_owned(),
        ));
    }
    if settings.pages.destination_delay_seconds < SHORTEST_DELAY {
        let reason = format!("must be at least {SHORTEST_DELAY} in live mode: a partner needs time to object");
        found.push(("pages.destination_delay_seconds".to_owned(), reason));
    }
    let (caps, calls, authentications) = (&catalogue.open_caps, CALLS_PER_SECOND, AUTHENTICATIONS_PER_SECOND);
    let ceilings = [
        ("rate_limits.partner_per_second", u64::from(limits.partner_per_second), calls),
        ("rate_limits.partner_burst", u64::from(limits.partner_burst), 2 * calls),
        ("rate_limits.ip_per_second", u64::from(limits.ip_per_second), calls),
        ("rate_limits.ip_burst", u64::from(limits.ip_burst), 2 * calls),
        ("rate_limits.authenticate_per_second", u64::from(limits.authenticate_per_second), authentications),
        ("rate_limits.authenticate_burst", u64::from(limits.authenticate_burst), 10 * authentications),
        ("keys.identity_link_days", u64::from(settings.keys.identity_link_days), LONGEST_LINK_DAYS),
        ("open_caps.customer_orders", u64::from(caps.customer_orders), CUSTOMER_ORDERS),
        ("open_caps.partner_orders", u64::from(caps.partner_orders), PARTNER_ORDERS),
        ("open_caps.customer_value_multiple", u64::from(caps.customer_value_multiple), CUSTOMER_VALUE_MULTIPLE),
        ("open_caps.partner_value_multiple", u64::from(caps.partner_value_multiple), PARTNER_VALUE_MULTIPLE),
    ];
    let too_high = ceilings.into_iter().filter(|(_, value, most)| value > most);
    found.extend(too_high.map(|(key, value, most)| (key.to_owned(), format!("{value} is too much; at most {most} in live mode"))));
    found
}
