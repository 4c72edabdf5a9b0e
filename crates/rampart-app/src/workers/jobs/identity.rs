//! Handing identity forms to the provider. What it decides comes as a fact.

use std::time::Duration;

use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::job::{Job, JobKind};
use rampart_core::kyc::{KycCheck, KycStatus, KycVerdict};
use rampart_core::ports::{CallOutcome, KycDetails, KycSubmission, LookupResult};
use rampart_core::step::Step;
use rampart_core::text;

use super::{Done, in_time};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::leases::{self, Held};
use crate::workers::settle::settle;

const FIRST_QUESTION_AFTER: Duration = Duration::from_secs(1);

async fn load(app: &App, job: &Job) -> AppResult<Customer> {
    let id: i64 = leases::subject(job)?;
    let id = CustomerId(id);
    app.store().customer(id).await?.ok_or_else(|| AppError::defect(format!("there is no customer {id}")))
}

/// The check that waits for the provider, if one does.
fn waiting(customer: &Customer) -> Option<&KycCheck> {
    customer.kyc.check.as_ref().filter(|check| check.status == KycStatus::Processing)
}

fn details(customer: &Customer) -> KycDetails {
    let profile = &customer.profile;
    let handed_in = customer.kyc.check.as_ref().and_then(|check| check.document.as_ref());
    let identification = handed_in.or(customer.identification.as_ref());
    KycDetails {
        name: profile.full_name(),
        date_of_birth: profile.date_of_birth.reveal().to_owned(),
        country: customer.country.alpha3().to_owned(),
        document: identification.map(|given| given.document.as_str().to_owned()).unwrap_or_default(),
        number: identification.map(|given| given.normalized.reveal().to_owned()).unwrap_or_default(),
        occupation: profile.professional_activity.reveal().to_owned(),
        source_of_funds: profile.source_of_funds.reveal().to_owned(),
    }
}

pub(super) async fn submit(app: &App, held: &Held) -> AppResult<Done> {
    let customer = load(app, &held.job).await?;
    let Some(check) = waiting(&customer) else { return dropped(app, held).await };
    if held.interrupted {
        return ask_later(app, held).await;
    }
    let submission =
        KycSubmission { reference: check.reference.clone(), customer: customer.id, level: check.level, details: details(&customer) };
    match in_time(app, app.ports().kyc.submit(&submission)).await {
        Some(CallOutcome::Accepted(())) => dropped(app, held).await,
        Some(CallOutcome::Refused { reason }) => refused(app, held, &submission.reference, &reason).await,
        Some(CallOutcome::NotSent { reason }) => Ok(Done::Again(reason)),
        Some(CallOutcome::Unknown { .. }) | None => ask_later(app, held).await,
    }
}

pub(super) async fn check(app: &App, held: &Held) -> AppResult<Done> {
    let customer = load(app, &held.job).await?;
    let Some(check) = waiting(&customer) else { return dropped(app, held).await };
    match in_time(app, app.ports().kyc.find(&check.reference)).await {
        Some(Ok(LookupResult::Found(()))) => dropped(app, held).await,
        Some(Ok(LookupResult::NotYet)) => Ok(Done::Again("the provider does not know it yet".to_owned())),
        Some(Ok(LookupResult::NeverWill)) => replace(app, held, JobKind::SubmitKyc, Duration::ZERO).await,
        Some(Err(unavailable)) => Ok(Done::Again(unavailable.to_string())),
        None => Ok(Done::Again("it did not answer in time".to_owned())),
    }
}

async fn dropped(app: &App, held: &Held) -> AppResult<Done> {
    leases::drop_job(app, held).await?;
    Ok(Done::Finished)
}

async fn ask_later(app: &App, held: &Held) -> AppResult<Done> {
    replace(app, held, JobKind::CheckKyc, FIRST_QUESTION_AFTER).await
}

/// This job ends, and another about the same customer begins.
async fn replace(app: &App, held: &Held, kind: JobKind, after: Duration) -> AppResult<Done> {
    settle(app, Some(held.fence()), || async move {
        let mint = app.mint();
        let mut step = Step::new();
        step.write(Job { due_at: mint.now.after(after), ..Job::due_now(&mint, kind, &held.job.subject) });
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

/// The provider will not look at the form: the customer is told why and may correct it.
async fn refused(app: &App, held: &Held, reference: &str, reason: &str) -> AppResult<Done> {
    settle(app, Some(held.fence()), || async move {
        let customer = load(app, &held.job).await?;
        let mut step = match waiting(&customer).filter(|check| check.reference == reference) {
            Some(check) => {
                let (reference, level, reasons) = (reference.to_owned(), check.level, vec![text::reason(reason)]);
                let verdict = KycVerdict { reference, level, status: KycStatus::Fail, reasons, may_retry: true };
                customer.kyc_decided(verdict, &app.mint(), &app.config().public_url)
            }
            None => Step::new(),
        };
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}
