//! The identity provider. It decides by triggers within a second, or as requested by hand.

use std::sync::Arc;
use std::time::Duration;

use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::ports::{CallOutcome, FactPage, KycDecision, KycPort, KycSubmission, LookupResult, PortFuture, Unavailable};

use crate::error::WorldError;
use crate::file::{Action, FaultPort, SandboxFile, Transaction, schedule};
use crate::trigger::{self, TriggerOutcome};

/// Business time from a form to its decision.
const DECISION_DELAY: Duration = Duration::from_millis(300);
/// The same, for the trigger [`TriggerOutcome::KycSlow`].
const SLOW_DECISION_DELAY: Duration = Duration::from_secs(30);

/// The stream of decisions in the journal.
const STREAM: &str = "kyc";

/// The port of the identity provider.
pub(crate) struct SimulatedKyc {
    pub(crate) file: Arc<SandboxFile>,
}

/// A decision, planned or made. Stored as JSON.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct KycPlan {
    status: KycStatus,
    reasons: Vec<String>,
    may_retry: bool,
}

/// A decision in the journal. Its event identifier is derived from its sequence number.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct DecisionEntry {
    reference: String,
    customer: CustomerId,
    level: u8,
    #[serde(flatten)]
    plan: KycPlan,
}

/// A decision requested by hand.
#[derive(Debug, Clone)]
pub struct ManualDecision {
    pub customer: CustomerId,
    /// `None`: the level of the customer's last form.
    pub level: Option<KycLevel>,
    /// Reference and level of the engine's last check, used if the provider has no form of this customer.
    pub known_check: Option<(String, KycLevel)>,
    pub status: KycStatus,
    pub reasons: Vec<String>,
    /// Whether a rejected customer may try again.
    pub may_retry: bool,
}

fn plan(submission: &KycSubmission) -> (KycPlan, Duration) {
    let triggered = trigger::by_identity(&submission.details.number, &submission.details.name);
    let failed = |reason: &str, may_retry| KycPlan { status: KycStatus::Fail, reasons: vec![reason.to_owned()], may_retry };
    let approved = KycPlan { status: KycStatus::Valid, reasons: Vec::new(), may_retry: false };
    let after = if triggered == Some(TriggerOutcome::KycSlow) { SLOW_DECISION_DELAY } else { DECISION_DELAY };
    let plan = match triggered {
        Some(TriggerOutcome::KycReject) => failed("The document could not be verified.", false),
        Some(TriggerOutcome::KycRetry) => failed("The picture of the document is not legible.", true),
        Some(TriggerOutcome::KycProcessing) => KycPlan { status: KycStatus::Processing, ..approved },
        Some(TriggerOutcome::KycReinforcedReject) if submission.level == KycLevel::Reinforced => {
            failed("The source of funds could not be verified.", false)
        }
        _ => approved,
    };
    (plan, after)
}

impl KycPort for SimulatedKyc {
    fn submit<'a>(&'a self, submission: &'a KycSubmission) -> PortFuture<'a, CallOutcome<()>> {
        Box::pin(self.file.act(FaultPort::Kyc, move |tx| {
            let (plan, after) = plan(submission);
            let reference = submission.reference.clone();
            let made = tx.execute(
                "INSERT INTO submissions (reference, customer, level, plan, state, made_at) VALUES (?1, ?2, ?3, ?4, 'open', ?5) \
                 ON CONFLICT (reference) DO NOTHING",
                (&reference, submission.customer.0, submission.level.number(), serde_json::to_string(&plan)?, tx.now.micros()),
            )?;
            if made > 0 {
                schedule(tx, tx.now.after(after), &Action::Decide { reference })?;
            }
            Ok(CallOutcome::Accepted(()))
        }))
    }

    fn find<'a>(&'a self, reference: &'a str) -> PortFuture<'a, Result<LookupResult<()>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Kyc, move |tx| {
            let found: Option<i64> = tx.value("SELECT 1 FROM submissions WHERE reference = ?1", [reference])?;
            Ok(found.map_or(LookupResult::NeverWill, |_| LookupResult::Found(())))
        }))
    }

    fn decisions<'a>(&'a self, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<KycDecision>, Unavailable>> {
        Box::pin(self.file.facts(FaultPort::Kyc, STREAM, after, limit, |_, seq, body| decision(seq, body)))
    }

    fn news<'a>(&'a self, after: &'a str) -> PortFuture<'a, ()> {
        Box::pin(self.file.news(STREAM, after))
    }
}

fn decision(seq: i64, body: &str) -> Result<KycDecision, WorldError> {
    let entry: DecisionEntry = serde_json::from_str(body)?;
    let level = KycLevel::from_number(entry.level).ok_or_else(|| WorldError::Unreadable(format!("level {}", entry.level)))?;
    Ok(KycDecision {
        event: format!("kyc-{seq:010}"),
        reference: entry.reference,
        customer: entry.customer,
        level,
        status: entry.plan.status,
        reasons: entry.plan.reasons,
        may_retry: entry.plan.may_retry,
    })
}

/// Makes the planned decision about a form, unless it was decided by hand before.
pub(crate) fn decide_by_plan(tx: &mut Transaction<'_>, reference: String) -> Result<(), WorldError> {
    const DECIDE: &str = "UPDATE submissions SET state = 'decided' WHERE reference = ?1 AND state = 'open' RETURNING customer, level, plan";
    let decided = tx.row(DECIDE, [&reference], |row| {
        let plan: String = row.get(2)?;
        Ok((CustomerId(row.get(0)?), row.get(1)?, serde_json::from_str(&plan)?))
    })?;
    let Some((customer, level, plan)) = decided else { return Ok(()) };
    tx.append(STREAM, None, &DecisionEntry { reference, customer, level, plan }).map(|_| ())
}

impl SimulatedKyc {
    /// Makes a decision by hand: for the customer's last form, else for the engine's last check, else unsolicited. Returns
    /// the reference and level it is for.
    pub(crate) fn decide(&self, decision: ManualDecision) -> Result<(String, KycLevel), WorldError> {
        const LAST_FORM: &str =
            "SELECT reference, level FROM submissions WHERE customer = ?1 AND (?2 IS NULL OR level = ?2) ORDER BY made_at DESC LIMIT 1";
        self.file.write(|tx| {
            let submitted = tx.row(LAST_FORM, (decision.customer.0, decision.level.map(KycLevel::number)), |row| {
                let reference: String = row.get(0)?;
                Ok(KycLevel::from_number(row.get(1)?).map(|level| (reference, level)))
            })?;
            let known = decision.known_check.filter(|(_, level)| decision.level.is_none_or(|wanted| wanted == *level));
            let (reference, level) = submitted.flatten().or(known).unwrap_or_else(|| {
                let level = decision.level.unwrap_or(KycLevel::Basic);
                (format!("unasked-{}-{}", decision.customer, level.number()), level)
            });
            tx.execute("UPDATE submissions SET state = 'decided' WHERE reference = ?1", [&reference])?;
            let plan = KycPlan { status: decision.status, reasons: decision.reasons, may_retry: decision.may_retry };
            let entry = DecisionEntry { reference: reference.clone(), customer: decision.customer, level: level.number(), plan };
            tx.append(STREAM, None, &entry)?;
            Ok((reference, level))
        })
    }
}
