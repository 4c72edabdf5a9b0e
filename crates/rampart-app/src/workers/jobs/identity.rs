//! Submits identity forms to the provider. Its decision arrives as a fact.

use std::time::Duration;

use rampart_core::customer::Customer;
use rampart_core::customer::kyc::{KycCheck, KycStatus, KycVerdict};
use rampart_core::id::CustomerId;
use rampart_core::ports::{CallOutcome, KycDetails, KycSubmission, LookupResult};
use rampart_core::step::Step;
use rampart_core::step::job::{Job, JobKind};
use rampart_core::text;

use super::{JobOutcome, finish};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::leases::{self, LeasedJob};
use crate::workers::timeouts::in_time;

const FIRST_LOOKUP_DELAY: Duration = Duration::from_secs(1);

async fn load(app: &App, job: &Job) -> AppResult<Customer> {
    let id: i64 = leases::subject(job)?;
    let id = CustomerId(id);
    app.store.customer(id).await?.ok_or_else(|| AppError::defect(format!("there is no customer {id}")))
}

/// The customer's check that the provider has to decide, if any.
fn waiting(customer: &Customer) -> Option<&KycCheck> {
    customer.kyc.check.as_ref().filter(|check| check.status == KycStatus::Processing)
}

fn details(customer: &Customer) -> KycDetails {
    let profile = &customer.profile;
    let submitted = customer.kyc.check.as_ref().and_then(|check| check.document.as_ref());
    let identification = submitted.or(customer.identification.as_ref());
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

pub(super) async fn submit(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let customer = load(app, &leased.job).await?;
    let Some(check) = waiting(&customer) else { return remove_job(app, leased).await };
    if leased.interrupted {
        return look_up_later(app, leased).await;
    }
    let submission =
        KycSubmission { reference: check.reference.clone(), customer: customer.id, level: check.level, details: details(&customer) };
    match in_time(app, app.ports.kyc.submit(&submission)).await {
        Some(CallOutcome::Accepted(())) => remove_job(app, leased).await,
        Some(CallOutcome::Refused { reason }) => refused(app, leased, &submission.reference, &reason).await,
        Some(CallOutcome::NotSent { reason }) => Ok(JobOutcome::Retry(reason)),
        Some(CallOutcome::Unknown { .. }) | None => look_up_later(app, leased).await,
    }
}

pub(super) async fn check(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let customer = load(app, &leased.job).await?;
    let Some(check) = waiting(&customer) else { return remove_job(app, leased).await };
    match in_time(app, app.ports.kyc.find(&check.reference)).await {
        Some(Ok(LookupResult::Found(()))) => remove_job(app, leased).await,
        Some(Ok(LookupResult::NotYet)) => Ok(JobOutcome::Retry("the provider does not know it yet".to_owned())),
        Some(Ok(LookupResult::NeverWill)) => replace(app, leased, JobKind::SubmitKyc, Duration::ZERO).await,
        Some(Err(unavailable)) => Ok(JobOutcome::Retry(unavailable.to_string())),
        None => Ok(JobOutcome::Retry("it did not answer in time".to_owned())),
    }
}

async fn remove_job(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    leases::remove_job(app, leased).await?;
    Ok(JobOutcome::Finished)
}

async fn look_up_later(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    replace(app, leased, JobKind::CheckKyc, FIRST_LOOKUP_DELAY).await
}

/// Replaces this job by one of another kind for the same customer.
async fn replace(app: &App, leased: &LeasedJob, kind: JobKind, after: Duration) -> AppResult<JobOutcome> {
    finish(app, leased, |_| async move {
        let mint = app.mint();
        let mut step = Step::new();
        step.write(Job { due_at: mint.now.after(after), ..Job::due_now(&mint, kind, &leased.job.subject) });
        Ok(step)
    })
    .await
}

/// The provider refused the form: the customer sees the reason and may correct the form.
async fn refused(app: &App, leased: &LeasedJob, reference: &str, reason: &str) -> AppResult<JobOutcome> {
    finish(app, leased, |_| async move {
        let customer = load(app, &leased.job).await?;
        let step = match waiting(&customer).filter(|check| check.reference == reference) {
            Some(check) => {
                let (reference, level, reasons) = (reference.to_owned(), check.level, vec![text::reason(reason)]);
                let verdict = KycVerdict { reference, level, status: KycStatus::Fail, reasons, may_retry: true };
                customer.kyc_decided(verdict, &app.mint(), &app.config.public_url)
            }
            None => Step::new(),
        };
        Ok(step)
    })
    .await
}
