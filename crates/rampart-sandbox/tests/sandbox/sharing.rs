use rampart_core::amount::Amount;
use rampart_core::asset::CoinId;
use rampart_core::id::CustomerId;
use rampart_core::kyc::KycLevel;
use rampart_core::ledger::Account;
use rampart_core::outgoing::{PayoutRoute, TransferSource};
use rampart_core::ports::{CallOutcome, KycDetails, KycSubmission};
use rampart_sandbox::{FaultOutcome, FaultPort};

use crate::setting::{Setting, WALLET, signed, soon, usdc};

fn submission(number: i64) -> KycSubmission {
    KycSubmission {
        reference: format!("check-{number}"),
        customer: CustomerId(number),
        level: KycLevel::Basic,
        details: KycDetails::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worlds_on_one_file_are_one_world() {
    let setting = Setting::playing().await;
    let other = setting.again().await;
    other.start();
    let mut tasks = Vec::new();
    for number in 0..40 {
        let kyc = if number % 2 == 0 { setting.world.kyc() } else { other.kyc() };
        tasks.push(tokio::spawn(async move { kyc.submit(&submission(number)).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), CallOutcome::Accepted(()));
    }
    for world in [&setting.world, &other] {
        let port = world.kyc();
        let mut references = Vec::new();
        let mut cursor = String::new();
        while references.len() < 40 {
            soon(port.news(&cursor)).await;
            let page = port.decisions(&cursor, 100).await.unwrap();
            cursor = page.next;
            references.extend(page.items.into_iter().map(|decision| decision.reference));
        }
        references.sort();
        references.dedup();
        assert_eq!(references.len(), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_world_takes_over_when_the_player_is_gone() {
    let setting = Setting::playing().await;
    let other = setting.again().await;
    other.start();
    let bank = other.bank();
    let rail = "sepa".parse().unwrap();
    let payout = setting.payout(PayoutRoute::Bank(rail), 100, "ES7921000813610123456789");
    setting.world.stop().await;
    bank.pay(&payout).await;
    soon(bank.news(rail, "")).await;
    assert_eq!(bank.statement(rail, "", 10).await.unwrap().items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_blocks_reach_the_other_world() {
    let setting = Setting::still().await;
    let other = setting.again().await;
    let port = other.chain("polygon".parse().unwrap()).unwrap();
    let known = port.head().await.unwrap();
    setting.world.mine("polygon".parse().unwrap(), 1).await.unwrap();
    soon(port.news(&known)).await;
    setting.fault(FaultPort::Chain, FaultOutcome::Refuse).await;
    let known = port.head().await.unwrap();
    setting.world.mine("polygon".parse().unwrap(), 1).await.unwrap();
    // Whoever has seen the later block has seen the fault before it.
    soon(port.news(&known)).await;
    let transfer = signed(&port, WALLET, 1, 0).await;
    assert!(matches!(port.broadcast(&transfer).await, CallOutcome::Refused { .. }));
    assert_eq!(port.broadcast(&transfer).await, CallOutcome::Accepted(()));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let mut setting = Setting::still().await;
    let rail = "sepa".parse().unwrap();
    let payout = setting.payout(PayoutRoute::Bank(rail), 100, "ES7921000813610123456789");
    let accepted = setting.world.bank().pay(&payout).await;
    let port = setting.polygon();
    let transfer = signed(&port, WALLET, 5, 0).await;
    port.broadcast(&transfer).await;
    setting.world.mine("polygon".parse().unwrap(), 4).await.unwrap();
    setting.world.reorganise("polygon".parse().unwrap(), 2, vec![]).await.unwrap();
    setting.world.advance(86_400).await.unwrap();
    let (head, now) = (port.head().await.unwrap(), setting.world.clock().now());
    drop(port);
    // No stop, no close: as when the process is killed.
    setting.world = setting.again().await;
    assert_eq!(setting.world.bank().pay(&payout).await, accepted);
    assert_eq!(setting.polygon().head().await.unwrap(), head);
    assert!(setting.world.clock().now() >= now);
    let balance = setting.polygon().balance(TransferSource::Hot, usdc()).await.unwrap();
    assert_eq!(balance, Amount::from_minor(999_999_995));
    // A day has passed: what waited happens at once.
    setting.world.start();
    soon(setting.world.bank().news(rail, "")).await;
}

#[tokio::test]
async fn opening_balances_are_what_the_world_holds() {
    let setting = Setting::still().await;
    let opening = setting.world.opening_balances();
    assert_eq!(opening.len(), 5);
    for balance in opening {
        let held = match (balance.account, balance.asset) {
            (Account::Bank(rail), _) => setting.world.bank_balance(rail).await.unwrap(),
            (Account::ChainHot(chain), rampart_core::asset::Asset::Coin(CoinId { symbol, .. })) => {
                let port = setting.world.chain(chain).unwrap();
                port.balance(TransferSource::Hot, CoinId { symbol, chain }).await.unwrap()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(held, balance.amount);
    }
}
