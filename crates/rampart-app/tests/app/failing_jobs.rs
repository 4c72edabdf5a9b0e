//! Jobs that keep failing are reported, and an operator can have them tried at once.

use std::sync::Arc;

use rampart_app::operate::{doctor, jobs, metrics, orders};
use rampart_core::step::job::Job;
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::{TestApp, on_both_engines, sell};

use crate::workers_buying::{ana, operator};

on_both_engines!(rampart_testkit::TestApp::start => a_payout_that_cannot_be_handed_over);

async fn verdict(test: &TestApp) -> (bool, String) {
    let found = doctor::examine(&test.app).await.unwrap();
    found.into_iter().find(|found| found.check == "no work fails again and again").map(|found| (found.ok, found.detail)).unwrap()
}

async fn a_payout_that_cannot_be_handed_over(test: Arc<TestApp>) {
    test.fault(FaultPort::Bank, FaultCalls::Actions, FaultOutcome::Fail, Job::FAILING_AFTER_ATTEMPTS).await;
    let customer = ana(&test).await;
    let id = test.sold(&sell(customer, "50")).await;
    test.deposit(id).await;
    for attempt in 1..=Job::FAILING_AFTER_ATTEMPTS {
        let payout = test
            .eventually("it was tried", || async {
                let payout = test.app.store.payouts_of_order(id).await.unwrap().first()?.id;
                let known = test.app.store.jobs_of_subject(&payout.to_string()).await.unwrap();
                known.iter().any(|job| job.attempts == attempt && job.leased_until.is_none()).then_some(payout)
            })
            .await;
        let listed = jobs::failing(&test.app, None, 10).await.unwrap();
        if attempt < Job::FAILING_AFTER_ATTEMPTS {
            assert!(listed.is_empty(), "a single failure is not listed: {listed:?}");
            assert!(verdict(&test).await.0);
            test.advance(60).await;
            continue;
        }
        let [line] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!((line.kind, line.attempts), ("send_payout", attempt));
        assert_eq!((line.subject.clone(), line.order.clone()), (payout.to_string(), Some(id.to_string())));
        assert!(line.last_error.is_some() && line.failing_since < line.next_attempt_at, "{line:?}");
        assert!(jobs::failing(&test.app, Some(line.id.parse().unwrap()), 10).await.unwrap().is_empty(), "it is paged");
        let (ok, detail) = verdict(&test).await;
        assert!(!ok && detail.contains(&payout.to_string()), "{detail}");
        // By a process without a cached result.
        let rendered = metrics::render(&test.with_settings(|_| ()).await).await.unwrap();
        assert!(rendered.contains("rampart_jobs_failing 1\n"), "{rendered}");
        // The bank answers again. Business time stands still, so that only the operator has the job retried.
        jobs::retry(&test.app, &operator(), line.id.parse().unwrap()).await.unwrap();
        test.rampoff_becomes(id, "finished").await;
        assert!(jobs::failing(&test.app, None, 10).await.unwrap().is_empty());
        assert!(verdict(&test).await.0);
        assert!(jobs::retry(&test.app, &operator(), line.id.parse().unwrap()).await.is_err(), "it was done");
        assert!(orders::show(&test.app, id).await.unwrap().audit.iter().any(|line| line.action == "job.retry"));
    }
}
