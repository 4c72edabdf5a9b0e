use std::time::Duration;

use rampart_sandbox::WorldError;

use crate::test_world::{TestWorld, in_time, seconds};

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
