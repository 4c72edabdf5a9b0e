//! Copies an installation from one engine to the other and back.

use std::sync::Arc;

use rampart_core::time::Timestamp;
use rampart_store::{InstallationRecord, Store};

use crate::examples::fill;
use crate::support::{Fixture, TestEngine, run};

#[test]
fn a_copy_there_and_back_is_the_same() {
    run(TestEngine::Sqlite, |fixture: Arc<Fixture>| async move {
        let origin = fixture.store().await;
        fill(&fixture, &origin, 150).await;
        let there = Store::open(&fixture.another(TestEngine::Postgres).await, fixture.options()).await.unwrap();
        let back = Store::open(&fixture.another(TestEngine::Sqlite).await, fixture.options()).await.unwrap();
        let copied = origin.copy_to(&there).await.unwrap();
        assert!(copied.report.holds(), "{:?}", copied.report.findings);
        for (table, rows) in &copied.tables {
            assert!(*rows > 0, "the test has no row in {table}");
        }
        let mut tables: Vec<&str> = copied.tables.iter().map(|(table, _)| *table).collect();
        tables.sort_unstable();
        let all = fixture.texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'migrations' ORDER BY name", 0).await;
        assert_eq!(tables, all);
        assert_eq!(there.copy_to(&back).await.unwrap(), copied);
        assert_eq!(back.verify().await.unwrap(), origin.verify().await.unwrap());
        for table in tables {
            // The origin counts its own batches meanwhile.
            let rows = async |store: &Store| {
                let mut rows = fixture.rows_of(store, table);
                rows.retain(|row| !row.starts_with("batches|"));
                rows
            };
            assert_eq!(rows(&origin).await, rows(&back).await, "{table}");
        }
        // A target that is not empty is left alone.
        assert!(origin.copy_to(&back).await.is_err());
        // Number series continue where the origin stood.
        assert_eq!(back.reserve_numbers("customers", 1).await.unwrap(), 11..12);
    });
}

on_both_engines!(the_first_to_install_decides);

async fn the_first_to_install_decides(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    assert_eq!(store.installation().await.unwrap(), None);
    let installation =
        |id: &str| InstallationRecord { id: id.into(), key_fingerprint: "print".into(), created_at: Timestamp::from_micros(5) };
    assert_eq!(store.install(&installation("first")).await.unwrap(), installation("first"));
    assert_eq!(store.install(&installation("second")).await.unwrap(), installation("first"));
    assert_eq!(store.installation().await.unwrap(), Some(installation("first")));
}
