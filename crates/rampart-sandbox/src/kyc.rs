//! The identity provider. It decides by triggers within a second, or as requested by hand.

use std::sync::Arc;
use std::time::Duration;

use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::ports::{CallOutcome, FactPage, KycDecision, KycPort, KycSubmission, LookupResult, PortFuture, Unavailable};
use sqlx::Row;

use crate::database::{Batch, SandboxDatabase, StreamLine, cursor};
use crate::error::WorldError;
use crate::faults::FaultPort;
use crate::schedule::ScheduledAction;
use crate::trigger::{self, TriggerOutcome};
use crate::world::World;

/// Business time from a form to its decision.
const DECISION_DELAY: Duration = Duration::from_millis(300);
/// The same, for the trigger [`TriggerOutcome::KycSlow`].
const SLOW_DECISION_DELAY: Duration = Duration::from_secs(30);

pub(crate) struct SimulatedKyc {
    pub(crate) database: Arc<SandboxDatabase>,
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
        let work = async {
            let (plan, after) = plan(submission);
            let (reference, customer, level) = (submission.reference.clone(), submission.customer.0, submission.level.number());
            self.database
                .write(move |batch| {
                    Box::pin(async move {
                        let made = sqlx::query(
                            "INSERT INTO submissions (reference, customer, level, plan, state, made_at) VALUES (?1, ?2, ?3, ?4, 'open', ?5) \
                             ON CONFLICT (reference) DO NOTHING",
                        )
                        .bind(&reference)
                        .bind(customer)
                        .bind(level)
                        .bind(serde_json::to_string(&plan)?)
                        .bind(batch.now.micros())
                        .execute(&mut batch.connection)
                        .await?;
                        if made.rows_affected() > 0 {
                            batch.schedule(batch.now.after(after), &ScheduledAction::Decide { reference })?;
                        }
                        Ok(CallOutcome::Accepted(()))
                    })
                })
                .await
        };
        Box::pin(self.database.act(FaultPort::Kyc, work))
    }

    fn find<'a>(&'a self, reference: &'a str) -> PortFuture<'a, Result<LookupResult<()>, Unavailable>> {
        let read = async move {
            let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM submissions WHERE reference = ?1")
                .bind(reference)
                .fetch_optional(&self.database.readers)
                .await?;
            Ok(found.map_or(LookupResult::NeverWill, |_| LookupResult::Found(())))
        };
        Box::pin(self.database.ask(FaultPort::Kyc, read))
    }

    fn decisions<'a>(&'a self, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<KycDecision>, Unavailable>> {
        Box::pin(async move {
            let after = cursor(after)?;
            let read = async {
                let (lines, has_more) = self.database.page("kyc", after, limit).await?;
                let next = lines.last().map_or(after, |line| line.0);
                let items = lines.iter().map(|(seq, body)| decision(*seq, body)).collect::<Result<_, _>>()?;
                Ok(FactPage { items, next: next.to_string(), has_more })
            };
            self.database.ask(FaultPort::Kyc, read).await
        })
    }

    fn news<'a>(&'a self, after: &'a str) -> PortFuture<'a, ()> {
        Box::pin(self.database.news("kyc", after))
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

async fn append_decision(batch: &mut Batch, entry: &DecisionEntry) -> Result<(), WorldError> {
    let line = StreamLine { stream: "kyc".to_owned(), topic: None, body: serde_json::to_string(entry)? };
    batch.append(line).await.map(|_| ())
}

/// Makes the planned decision about a form, unless it was decided by hand before.
pub(crate) async fn decide_by_plan(batch: &mut Batch, reference: &str) -> Result<(), WorldError> {
    let row =
        sqlx::query("UPDATE submissions SET state = 'decided' WHERE reference = ?1 AND state = 'open' RETURNING customer, level, plan")
            .bind(reference)
            .fetch_optional(&mut batch.connection)
            .await?;
    let Some(row) = row else { return Ok(()) };
    let plan: KycPlan = serde_json::from_str(row.try_get(2)?)?;
    let entry = DecisionEntry { reference: reference.to_owned(), customer: CustomerId(row.try_get(0)?), level: row.try_get(1)?, plan };
    append_decision(batch, &entry).await
}

impl World {
    /// Makes a decision by hand: for the customer's last form, else for the engine's last check, else unsolicited. Returns
    /// the reference and level it is for.
    pub async fn decide_kyc(&self, decision: ManualDecision) -> Result<(String, KycLevel), WorldError> {
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    let row = sqlx::query(
                        "SELECT reference, level FROM submissions WHERE customer = ?1 AND (?2 IS NULL OR level = ?2) ORDER BY made_at DESC LIMIT 1",
                    )
                    .bind(decision.customer.0)
                    .bind(decision.level.map(KycLevel::number))
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    let submitted = match row {
                        Some(row) => {
                            let (reference, level): (String, u8) = (row.try_get(0)?, row.try_get(1)?);
                            KycLevel::from_number(level).map(|level| (reference, level))
                        }
                        None => None,
                    };
                    let known = decision.known_check.filter(|(_, level)| decision.level.is_none_or(|wanted| wanted == *level));
                    let (reference, level) = submitted.or(known).unwrap_or_else(|| {
                        let level = decision.level.unwrap_or(KycLevel::Basic);
                        (format!("unasked-{}-{}", decision.customer, level.number()), level)
                    });
                    sqlx::query("UPDATE submissions SET state = 'decided' WHERE reference = ?1").bind(&reference).execute(&mut batch.connection).await?;
                    let plan = KycPlan { status: decision.status, reasons: decision.reasons, may_retry: decision.may_retry };
                    let entry = DecisionEntry { reference: reference.clone(), customer: decision.customer, level: level.number(), plan };
                    append_decision(batch, &entry).await?;
                    Ok((reference, level))
                })
            })
            .await
    }
}
