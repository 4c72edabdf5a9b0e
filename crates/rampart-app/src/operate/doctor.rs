//! Diagnosis of an installation.

use std::collections::BTreeSet;
use std::time::Duration;

use rampart_core::catalogue::MethodKind;
use rampart_core::order::pay_to;
use rampart_core::ports::Unavailable;
use rampart_core::step::job::JobKind;
use rampart_core::time::Timestamp;
use serde::Serialize;

use crate::app::App;
use crate::error::AppResult;
use crate::workers::sending::unsigned::CANNOT_SIGN;

const ADAPTER_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest difference between business and real time that counts as agreement.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Jobs that a check reads.
const MAX_JOB_ROWS: u32 = 1_000;

/// The result of one check.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorFinding {
    pub check: String,
    pub ok: bool,
    pub detail: String,
}

fn finding(check: impl Into<String>, result: Result<String, String>) -> DoctorFinding {
    let (ok, detail) = match result {
        Ok(detail) => (true, detail),
        Err(detail) => (false, detail),
    };
    DoctorFinding { check: check.into(), ok, detail }
}

/// Runs all checks. A check that cannot run is a failed check.
pub async fn examine(app: &App) -> AppResult<Vec<DoctorFinding>> {
    let mut findings = vec![readable(app).await, writable(app).await, key(app).await, needs(app).await];
    findings.extend(ledger(app).await);
    findings.extend(adapters(app).await);
    findings.extend(cursors(app).await);
    findings.extend(waiting(app).await);
    findings.push(transfers(app));
    findings.push(stopped(app).await);
    findings.push(unsigned(app).await);
    findings.push(failing(app).await);
    findings.push(clocks(app));
    Ok(findings)
}

async fn readable(app: &App) -> DoctorFinding {
    let result = app.store.ping().await.map_err(|error| error.to_string());
    finding("the database answers", result.map(|()| format!("{:?}, schema up to date", app.store.engine())))
}

async fn writable(app: &App) -> DoctorFinding {
    let result = app.store.reserve_numbers("doctor", 1).await;
    finding("the database can be written", result.map(|_| "yes".to_owned()).map_err(|error| error.to_string()))
}

async fn key(app: &App) -> DoctorFinding {
    let result = match app.store.installation_keys().await {
        Err(error) => Err(error.to_string()),
        Ok(known) => app.keys.follow(&known).map(|()| app.keys.identity().to_string()).map_err(|error| error.to_string()),
    };
    finding("this node has the newest key of the database", result)
}

async fn needs(app: &App) -> DoctorFinding {
    let result = match crate::operate::required_configuration::missing(app).await {
        Err(error) => Err(error.to_string()),
        Ok(missing) if missing.is_empty() => Ok("yes".to_owned()),
        Ok(missing) => Err(missing.into_iter().collect::<Vec<_>>().join("; ")),
    };
    finding("the configuration has all that open orders and balances need", result)
}

/// Whether the configured accounts have all details that a customer needs for a transfer.
fn transfers(app: &App) -> DoctorFinding {
    let catalogue = &app.catalogue;
    let mut missing = BTreeSet::new();
    for method in catalogue.methods.iter().filter(|method| method.enabled) {
        let (MethodKind::Concept(rail) | MethodKind::VirtualAccount(rail)) = method.kind else { continue };
        let ours = catalogue.rail_account(rail).into_iter();
        missing.extend(ours.flat_map(|ours| pay_to::missing(ours, method.country)).map(|(key, why)| format!("rails.{rail}.{key} {why}")));
    }
    let result = if missing.is_empty() { Ok("yes".to_owned()) } else { Err(missing.into_iter().collect::<Vec<_>>().join("; ")) };
    finding("the transfer instructions are complete", result)
}

async fn ledger(app: &App) -> Vec<DoctorFinding> {
    let (consistent, configured) = match crate::ledger_check::verify(app).await {
        Err(error) => (Err(error.to_string()), Err(error.to_string())),
        Ok(report) => {
            let counted = format!("{} entries, {} balances, {} orders", report.entries, report.balances, report.orders);
            let faults = format!("{} faults; see `rampart ledger verify`", report.findings.len());
            let warnings = report.warnings.iter().map(|warning| format!("{}: {}", warning.subject, warning.fault));
            let warnings = warnings.collect::<Vec<_>>().join("; ");
            (if report.holds() { Ok(counted) } else { Err(faults) }, if warnings.is_empty() { Ok("yes".to_owned()) } else { Err(warnings) })
        }
    };
    vec![finding("the ledger is consistent", consistent), finding("the ledger's accounts are those of the configuration", configured)]
}

async fn answer<T>(call: impl Future<Output = Result<T, Unavailable>>) -> Result<T, String> {
    match tokio::time::timeout(ADAPTER_TIMEOUT, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(unavailable)) => Err(unavailable.0),
        Err(_) => Err(format!("no answer within {} s", ADAPTER_TIMEOUT.as_secs())),
    }
}

/// Calls without side effects, safe at any time.
async fn adapters(app: &App) -> Vec<DoctorFinding> {
    let ports = &app.ports;
    let mut findings = Vec::new();
    for bank in &ports.banks {
        for rail in bank.rails() {
            let result = answer(bank.statement(rail, "", 1)).await;
            findings.push(finding(format!("the bank of {rail} answers"), result.map(|_| "yes".to_owned())));
        }
    }
    for port in &ports.processors {
        for processor in port.processors() {
            let result = answer(port.events(processor, "", 1)).await;
            findings.push(finding(format!("the processor {processor} answers"), result.map(|_| "yes".to_owned())));
        }
    }
    for chain in &ports.chains {
        let result = answer(chain.reader.tip()).await;
        findings
            .push(finding(format!("the chain {} answers", chain.reader.chain()), result.map(|tip| format!("block {}", tip.newest.height))));
    }
    let identity = answer(ports.kyc.decisions("", 1)).await;
    findings.push(finding("the identity provider answers", identity.map(|_| "yes".to_owned())));
    let prices = answer(ports.prices.prices()).await;
    findings.push(finding(
        "there are prices",
        prices.and_then(|prices| if prices.is_empty() { Err("none".to_owned()) } else { Ok(prices.len().to_string()) }),
    ));
    findings
}

async fn cursors(app: &App) -> Vec<DoctorFinding> {
    let names = crate::workers::cursors(app);
    let now = app.real.now();
    let stuck_after = app.config.workers.stuck_after();
    match app.store.cursors_by_name(&names).await {
        Err(error) => vec![finding("the cursors move", Err(error.to_string()))],
        Ok(cursors) => {
            let stalled = cursors.iter().filter(|cursor| cursor.moved_at.until(now) > stuck_after);
            let stalled: Vec<String> =
                stalled.map(|cursor| format!("{} for {} s", cursor.id, cursor.moved_at.until(now).as_secs())).collect();
            let result = match stalled.is_empty() {
                true => Ok(format!("{} of {}", cursors.len(), names.len())),
                false => Err(format!("stalled (is a server running?): {}", stalled.join(", "))),
            };
            vec![finding("the cursors move", result)]
        }
    }
}

async fn waiting(app: &App) -> Vec<DoctorFinding> {
    match app.store.order_counts().await {
        Err(error) => vec![finding("nothing waits too long", Err(error.to_string()))],
        Ok(counts) => {
            let none = |what: &str, number: i64, command: &str| match number {
                0 => finding(format!("no {what}"), Ok("none".to_owned())),
                number => finding(format!("no {what}"), Err(format!("{number}; see `rampart {command}`"))),
            };
            vec![
                none("parked deliveries", counts.deliveries_parked, "webhook parked"),
                none("disabled subscriptions", counts.subscriptions_disabled, "webhook disabled"),
                none("items that wait for a person", counts.reviews_waiting, "review list"),
            ]
        }
    }
}

async fn stopped(app: &App) -> DoctorFinding {
    let result = match app.store.stops().await {
        Err(error) => Err(error.to_string()),
        Ok(stops) if stops.is_empty() => Ok("it is not".to_owned()),
        Ok(stops) => Err(stops.iter().map(|item| format!("{}: {}", item.id, item.reason)).collect::<Vec<_>>().join("; ")),
    };
    finding("sending is not stopped", result)
}

/// Transfers that cannot be signed are put aside, so that only their own orders wait.
async fn unsigned(app: &App) -> DoctorFinding {
    const MAX_LISTED_JOBS: usize = 20;
    let end = Timestamp::from_micros(i64::MAX);
    let result = match app.store.jobs_due(JobKind::SendTransfer, end, end, MAX_JOB_ROWS).await {
        Err(error) => Err(error.to_string()),
        Ok(jobs) => {
            let aside = jobs.iter().filter(|job| job.last_error.as_ref().is_some_and(|error| error.starts_with(CANNOT_SIGN)));
            let aside: Vec<String> =
                aside.map(|job| format!("{} ({})", job.subject, job.last_error.as_deref().unwrap_or_default())).collect();
            match aside.is_empty() {
                true => Ok("yes".to_owned()),
                false => {
                    Err(format!("{} cannot: {}", aside.len(), aside.iter().take(MAX_LISTED_JOBS).cloned().collect::<Vec<_>>().join(", ")))
                }
            }
        }
    };
    finding("transfers can be signed", result)
}

/// Failing jobs have no list of their own, and nothing else need be wrong.
async fn failing(app: &App) -> DoctorFinding {
    const MAX_LISTED_JOBS: usize = 5;
    let result = match super::jobs::failing(app, None, MAX_JOB_ROWS).await {
        Err(error) => Err(error.to_string()),
        Ok(jobs) if jobs.is_empty() => Ok("none".to_owned()),
        Ok(jobs) => {
            let shown = jobs.iter().take(MAX_LISTED_JOBS).map(|job| {
                let error = job.last_error.as_deref().unwrap_or("it ended without a result");
                format!("{} {} {} times: {error}", job.kind, job.subject, job.attempts)
            });
            Err(format!("{}; see `rampart job list`: {}", jobs.len(), shown.collect::<Vec<_>>().join("; ")))
        }
    };
    finding("no work fails again and again", result)
}

fn clocks(app: &App) -> DoctorFinding {
    let (business, real) = (app.business.now(), app.real.now());
    let skew = real.until(business).max(business.until(real));
    let result = match (skew > MAX_CLOCK_SKEW, app.config.is_live()) {
        (true, true) => Err(format!("business time differs from real time by {} s", skew.as_secs())),
        (true, false) => Ok(format!("business time was moved by {} s", skew.as_secs())),
        (false, _) => Ok(real.to_string()),
    };
    finding("the clocks agree", result)
}
