//! Scenarios: tests that start a complete ramp and end with a recomputed ledger.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::app::TestApp;

const SCENARIO_TIMEOUT: Duration = Duration::from_secs(150);

/// Runs a scenario on the ramp that `start` creates, and verifies the ledger afterwards.
pub fn scenario<S, T>(start: S, test: impl FnOnce(Arc<TestApp>) -> T)
where
    S: Future<Output = TestApp>,
    T: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let whole = async {
        let app = Arc::new(start.await);
        test(app.clone()).await;
        app.finish().await;
    };
    let ended = runtime.block_on(async { tokio::time::timeout(SCENARIO_TIMEOUT, whole).await });
    runtime.shutdown_timeout(Duration::from_secs(2));
    assert!(ended.is_ok(), "the scenario did not end within {SCENARIO_TIMEOUT:?}");
}

/// Makes a test on both engines of every named scenario, a function of `Arc<TestApp>`, by what starts its ramp.
#[macro_export]
macro_rules! on_both_engines {
    ($($start:path => $($name:ident),+ $(,)?);+ $(;)?) => {
        mod sqlite {
            $($(#[test]
            fn $name() {
                $crate::scenario($start($crate::TestEngine::Sqlite), super::$name);
            })+)+
        }
        mod postgres {
            $($(#[test]
            fn $name() {
                $crate::scenario($start($crate::TestEngine::Postgres), super::$name);
            })+)+
        }
    };
}
