use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::ports::{CallOutcome, KycDecision, KycDetails, KycSubmission, LookupResult, ScreeningResult, ScreeningSubject};
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort, FaultRule, ManualDecision};

use crate::test_world::{TestWorld, in_time};

fn submission(customer: i64, level: KycLevel, number: &str, name: &str) -> KycSubmission {
    let details = KycDetails { name: name.to_owned(), number: number.to_owned(), ..KycDetails::default() };
    KycSubmission { reference: format!("check-{customer}-{}", level.number()), customer: CustomerId(customer), level, details }
}

async fn decisions(test: &TestWorld, count: usize) -> Vec<KycDecision> {
    let port = test.world.kyc();
    let mut decisions = Vec::new();
    let mut cursor = String::new();
    while decisions.len() < count {
        in_time(port.news(&cursor)).await;
        let page = port.decisions(&cursor, 100).await.unwrap();
        cursor = page.next;
        decisions.extend(page.items);
    }
    decisions
}

#[tokio::test]
async fn inputs_decide_identity_checks() {
    let test = TestWorld::running().await;
    let port = test.world.kyc();
    let cases = [
        (submission(1, KycLevel::Basic, "12345678Z", "Ana Ruiz"), KycStatus::Valid, false),
        (submission(2, KycLevel::Basic, "06660001Y", "Ana Ruiz"), KycStatus::Fail, false),
        (submission(3, KycLevel::Basic, "06.660.003-B", "Ana Ruiz"), KycStatus::Fail, true),
        (submission(4, KycLevel::Basic, "1", "Ana Pendiente"), KycStatus::Processing, false),
        (submission(5, KycLevel::Basic, "06660004N", "Ana Ruiz"), KycStatus::Valid, false),
        (submission(6, KycLevel::Reinforced, "06660004N", "Ana Ruiz"), KycStatus::Fail, false),
        (submission(7, KycLevel::Basic, "1", "Ana Rechazado"), KycStatus::Fail, false),
    ];
    for (submission, _, _) in &cases {
        assert_eq!(port.submit(submission).await, CallOutcome::Accepted(()));
        assert_eq!(port.submit(submission).await, CallOutcome::Accepted(()));
    }
    let decisions = decisions(&test, cases.len()).await;
    assert_eq!(decisions.len(), cases.len());
    for (submission, status, may_retry) in cases {
        let decision = decisions.iter().find(|decision| decision.reference == submission.reference).unwrap();
        assert_eq!((decision.status, decision.may_retry), (status, may_retry), "{}", submission.reference);
        assert_eq!(decision.reasons.is_empty(), status != KycStatus::Fail);
    }
    assert_eq!(port.find("check-1-1").await.unwrap(), LookupResult::Found(()));
    assert_eq!(port.find("check-9-1").await.unwrap(), LookupResult::NeverWill);
}

#[tokio::test]
async fn people_decide_identity_checks() {
    let test = TestWorld::paused().await;
    let port = test.world.kyc();
    port.submit(&submission(1, KycLevel::Basic, "1", "Ana")).await;
    let decision = |customer, level| ManualDecision {
        customer: CustomerId(customer),
        level,
        known_check: None,
        status: KycStatus::Fail,
        reasons: vec!["blurred".to_owned()],
        may_retry: false,
    };
    assert_eq!(test.world.decide_kyc(decision(1, None)).await.unwrap(), ("check-1-1".to_owned(), KycLevel::Basic));
    let (unasked, level) = test.world.decide_kyc(decision(2, Some(KycLevel::Reinforced))).await.unwrap();
    assert_eq!(level, KycLevel::Reinforced);
    // A check that was decided by hand is not decided again.
    test.world.start();
    port.submit(&submission(3, KycLevel::Basic, "1", "Ana")).await;
    let references: Vec<_> = decisions(&test, 3).await.into_iter().map(|decision| decision.reference).collect();
    assert_eq!(references, ["check-1-1".to_owned(), unasked, "check-3-1".to_owned()]);
}

#[tokio::test]
async fn screening_follows_its_list() {
    let test = TestWorld::paused().await;
    let port = test.world.screening();
    let name = |name: &str| ScreeningSubject { names: vec![name.to_owned()], ..ScreeningSubject::default() };
    let wallet = |wallet: &str| ScreeningSubject { wallets: vec![wallet.to_owned()], ..ScreeningSubject::default() };
    assert_eq!(port.screen(&name("Ana Ruiz")).await.unwrap(), ScreeningResult::Clear);
    assert!(matches!(port.screen(&name("Juan Sancionado")).await.unwrap(), ScreeningResult::Hit { .. }));
    assert!(matches!(port.screen(&wallet("0x6660001666000166600016660001666000166600")).await.unwrap(), ScreeningResult::Hit { .. }));
    test.world.list_for_screening("ruiz, ANA", true).await.unwrap();
    assert!(matches!(port.screen(&name("Ana Ruiz")).await.unwrap(), ScreeningResult::Hit { .. }));
    test.world.list_for_screening("Ana Ruiz", false).await.unwrap();
    assert_eq!(port.screen(&name("Ana Ruiz")).await.unwrap(), ScreeningResult::Clear);
    // Different spellings of a name match the same entry.
    test.world.list_for_screening("Wałęski, Lech", true).await.unwrap();
    for written in ["LECH WALESKI", "Lech Wałe\u{328}ski"] {
        assert!(matches!(port.screen(&name(written)).await.unwrap(), ScreeningResult::Hit { .. }), "{written}");
    }
    assert!(test.world.list_for_screening(" - ", true).await.is_err());
    test.fault(FaultPort::Screening, FaultOutcome::Fail).await;
    assert!(port.screen(&name("Ana Ruiz")).await.is_err());
    assert!(port.screen(&name("Ana Ruiz")).await.is_ok());
}

#[tokio::test]
async fn questions_fail_and_answers_are_late_on_demand() {
    let test = TestWorld::paused().await;
    let bank = test.world.bank();
    let rail = "sepa".parse().unwrap();
    let rule = FaultRule { port: FaultPort::Bank, calls: FaultCalls::Questions, outcome: FaultOutcome::Fail, count: 2, delay_seconds: 0 };
    test.world.add_fault(rule.clone()).await.unwrap();
    assert!(bank.statement(rail, "", 10).await.is_err());
    assert!(bank.statement(rail, "", 10).await.is_err());
    assert!(bank.statement(rail, "", 10).await.is_ok());
    let late = FaultRule { outcome: FaultOutcome::Delay, count: 1, delay_seconds: 600, ..rule };
    test.world.add_fault(late).await.unwrap();
    let (answer, _) = tokio::join!(in_time(bank.statement(rail, "", 10)), async {
        // The call must have used up its fault before the clock moves.
        while !test.world.faults().is_empty() {
            tokio::task::yield_now().await;
        }
        test.world.advance(601).await.unwrap();
    });
    assert!(answer.is_ok());
}

#[tokio::test]
async fn prices_can_be_set_and_silenced() {
    let test = TestWorld::paused().await;
    let port = test.world.prices();
    let (symbol, currency) = ("USDC".parse().unwrap(), "EUR".parse().unwrap());
    let price = async |wanted: rampart_core::money::asset::Currency| {
        let prices = port.prices().await.unwrap();
        prices.into_iter().find(|price| price.symbol == symbol && price.currency == wanted).unwrap()
    };
    assert_eq!(port.prices().await.unwrap().len(), 6);
    let market = price(currency).await;
    test.world.set_price(symbol, currency, Some("1.25".parse().unwrap())).await.unwrap();
    assert_eq!(price(currency).await.rate, "1.25".parse().unwrap());
    test.world.set_price(symbol, currency, None).await.unwrap();
    assert!(price(currency).await.rate.distance_basis_points(market.rate) < 20);
    test.world.silence_prices(true).await.unwrap();
    assert!(port.prices().await.is_err());
    test.world.silence_prices(false).await.unwrap();
    in_time(port.news(market.observed_at)).await;
    assert!(test.world.set_price("DOGE".parse().unwrap(), currency, None).await.is_err());
}
