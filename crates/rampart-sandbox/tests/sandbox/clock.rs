use std::time::Duration;

use rampart_core::ledger::Account;
use rampart_sandbox::{World, WorldConfig, WorldError};

use crate::test_world::{TestWorld, config, in_time, polygon, seconds};

#[tokio::test]
async fn business_time_only_goes_forward_and_wakes_sleepers() {
    let test = TestWorld::paused().await;
    let clock = test.world.clock();
    let start = clock.now();
    let sleeper = clock.sleep_until(start.after(Duration::from_secs(3_000)));
    let now = test.world.advance(3_600).await.unwrap();
    assert!((3_600..3_630).contains(&seconds(start, now)));
    in_time(sleeper).await;
    assert!(matches!(test.world.advance(u64::MAX).await, Err(WorldError::Impossible(_))));
    let mut last = clock.now();
    for _ in 0..1_000 {
        let now = clock.now();
        assert!(now >= last);
        last = now;
    }
}

#[tokio::test]
async fn other_holders_of_the_file_follow() {
    let test = TestWorld::paused().await;
    let other = test.reopen().await;
    let start = other.clock().now();
    let sleeper = other.clock().sleep_until(start.after(Duration::from_secs(86_000)));
    test.world.advance(86_400).await.unwrap();
    in_time(sleeper).await;
    assert!(seconds(start, other.clock().now()) >= 86_400);
}

#[tokio::test]
async fn beside_a_real_chain_nothing_of_it_is_simulated_and_time_is_the_machines() {
    let real = || config().beside_real_chains(vec![polygon()]);
    let test = TestWorld::with(real()).await;
    assert_eq!(test.world.chains(), ["bitcoin".parse().unwrap()]);
    assert!(test.world.opening_balances().iter().all(|balance| balance.account != Account::ChainHot(polygon())));
    let refused = test.world.mine(polygon(), 1).await.unwrap_err();
    assert_eq!(refused.to_string(), "polygon is a real chain: its own nodes make its blocks and transactions");
    let refused = test.world.advance(1).await.unwrap_err();
    assert_eq!(refused.to_string(), "polygon is a real chain, so business time is the machine's and cannot be moved");
    assert!(test.world.advance(0).await.is_ok(), "it still says what time it is");
    let prices = test.world.prices().prices().await.unwrap();
    assert!(prices.iter().any(|price| price.symbol.as_str() == "USDC"), "its coins have a market all the same");
    assert!(test.world.mine("bitcoin".parse().unwrap(), 1).await.is_ok());
}

#[tokio::test]
async fn a_chain_that_was_simulated_does_not_become_real() {
    let test = TestWorld::paused().await;
    let path = test.folder.path().join("sandbox.db");
    let real = || config().beside_real_chains(vec![polygon()]);
    let refused = World::open(&path, real()).await.err().unwrap().to_string();
    assert!(refused.contains("has simulated it before") && refused.contains("a data folder of its own"), "{refused}");
    let moved = TestWorld::with(WorldConfig { chains: Vec::new(), ..config() }).await;
    moved.world.advance(60).await.unwrap();
    let refused = World::open(moved.folder.path().join("sandbox.db"), real()).await.err().unwrap().to_string();
    assert!(refused.contains("the clock of this world was moved"), "{refused}");
}
