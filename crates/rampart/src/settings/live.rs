//! What mode = "live" refuses: simulated providers, and settings for sandboxes and load tests.

use rampart_app::{Mode, check_public_url};
use rampart_core::catalogue::{Catalogue, Method, MethodKind};
use rampart_core::order::pay_to;

use super::tree::{SettingOrigin, Tree};
use super::types::{ProcessSettings, Provider};

/// Unpaid open orders of one customer.
const MAX_CUSTOMER_ORDERS: u64 = 100;
/// Unpaid open orders of one partner.
const MAX_PARTNER_ORDERS: u64 = 100_000;
/// Value of the unpaid orders of one customer, as a multiple of the method's maximum.
const MAX_CUSTOMER_VALUE_MULTIPLES: u64 = 100;
/// The same for one partner.
const MAX_PARTNER_VALUE_MULTIPLES: u64 = 100_000;
/// Of one partner or one address. The burst may be twice as large.
const MAX_CALLS_PER_SECOND: u64 = 10_000;
/// Wait before money or coins go to a destination that was given on a hosted page.
const MIN_DESTINATION_DELAY_SECONDS: u64 = 3_600;
/// Lifetime of a link to an identity page.
const MAX_IDENTITY_LINK_DAYS: u64 = 366;
/// Of one address. The burst may be ten times as large.
const MAX_AUTHENTICATIONS_PER_SECOND: u64 = 100;

/// The keys that live mode refuses, each with the reason. Empty in a sandbox.
pub(super) fn refused(settings: &ProcessSettings, catalogue: &Catalogue, tree: &Tree) -> Vec<(String, String)> {
    if settings.mode != Mode::Live {
        return Vec::new();
    }
    let simulated = settings.providers.each().into_iter().filter(|(_, provider)| *provider == Provider::Sandbox).map(|(port, _)| {
        let reason = "is simulated, which mode = \"live\" refuses; no real adapter for it is built in yet";
        (format!("providers.{port}"), reason.to_owned())
    });
    simulated.chain(weak(settings, catalogue)).chain(payment_instructions(catalogue, tree)).collect()
}

/// Account details that customers need for a transfer and that are missing or still those of the sandbox.
fn payment_instructions(catalogue: &Catalogue, tree: &Tree) -> Vec<(String, String)> {
    const DETAILS: [&str; 6] = ["account", "holder", "bic", "bank", "tax_id", "email"];
    let mut found = Vec::new();
    for ours in &catalogue.rail_accounts {
        let pays = |method: &&Method| {
            let (MethodKind::Concept(rail) | MethodKind::VirtualAccount(rail)) = method.kind else { return false };
            method.enabled && rail == ours.rail
        };
        let Some(method) = catalogue.methods.iter().find(pays) else { continue };
        let key = |name: &str| format!("rails.{}.{name}", ours.rail);
        let is_default = |name: &&str| matches!(tree.origin(&key(name)), Some(SettingOrigin::Default));
        let reason = "is the value of the sandbox; set your own, or \"\" if you have none";
        found.extend(DETAILS.iter().filter(|name| is_default(name)).map(|name| (key(name), reason.to_owned())));
        found.extend(pay_to::missing(ours, method.country).into_iter().map(|(name, why)| (key(name), why)));
    }
    found
}

/// Settings that are too weak for live mode.
fn weak(settings: &ProcessSettings, catalogue: &Catalogue) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Err(reason) = check_public_url(settings.server.public_url.trim_end_matches('/'), true) {
        found.push(("server.public_url".to_owned(), reason));
    }
    let limits = &settings.rate_limits;
    if !limits.enabled {
        found.push((
            "rate_limits.enabled".to_owned(),
            "must be true in live mode: without rate limits one caller can block all others".to_owned(),
        ));
    }
    if settings.pages.destination_delay_seconds < MIN_DESTINATION_DELAY_SECONDS {
        let reason = format!("must be at least {MIN_DESTINATION_DELAY_SECONDS} in live mode: a partner needs time to object");
        found.push(("pages.destination_delay_seconds".to_owned(), reason));
    }
    let (caps, calls, authentications) = (&catalogue.open_caps, MAX_CALLS_PER_SECOND, MAX_AUTHENTICATIONS_PER_SECOND);
    let maxima = [
        ("rate_limits.partner_per_second", u64::from(limits.partner_per_second), calls),
        ("rate_limits.partner_burst", u64::from(limits.partner_burst), 2 * calls),
        ("rate_limits.ip_per_second", u64::from(limits.ip_per_second), calls),
        ("rate_limits.ip_burst", u64::from(limits.ip_burst), 2 * calls),
        ("rate_limits.authenticate_per_second", u64::from(limits.authenticate_per_second), authentications),
        ("rate_limits.authenticate_burst", u64::from(limits.authenticate_burst), 10 * authentications),
        ("keys.identity_link_days", u64::from(settings.keys.identity_link_days), MAX_IDENTITY_LINK_DAYS),
        ("open_caps.customer_orders", u64::from(caps.customer_orders), MAX_CUSTOMER_ORDERS),
        ("open_caps.partner_orders", u64::from(caps.partner_orders), MAX_PARTNER_ORDERS),
        ("open_caps.customer_value_multiple", u64::from(caps.customer_value_multiple), MAX_CUSTOMER_VALUE_MULTIPLES),
        ("open_caps.partner_value_multiple", u64::from(caps.partner_value_multiple), MAX_PARTNER_VALUE_MULTIPLES),
    ];
    let too_high = maxima.into_iter().filter(|(_, value, max)| value > max);
    found.extend(too_high.map(|(key, value, max)| (key.to_owned(), format!("must be at most {max} in live mode, not {value}"))));
    found
}
