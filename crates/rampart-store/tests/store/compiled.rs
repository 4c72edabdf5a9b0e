//! The options that SQLite is compiled with.

use sqlx::{Connection, Executor, Row, SqliteConnection};

/// Most SQLite advisories concern features that nothing here uses; advisories/README.md relies on their absence.
#[tokio::test]
async fn what_nobody_uses_is_not_there() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let options = connection.fetch_all("SELECT compile_options FROM pragma_compile_options").await.unwrap();
    let options: Vec<String> = options.iter().map(|row| row.get(0)).collect();
    assert!(options.iter().any(|option| option == "HAVE_FDATASYNC" || option.starts_with("THREADSAFE")), "{options:?}");
    for extension in ["FTS3", "FTS4", "FTS5", "RTREE", "GEOPOLY", "SESSION"] {
        assert!(!options.iter().any(|option| option.starts_with(&format!("ENABLE_{extension}"))), "{extension}: {options:?}");
    }
    for module in ["fts3", "fts4", "fts5", "rtree"] {
        let made = connection.execute(sqlx::AssertSqlSafe(format!("CREATE VIRTUAL TABLE t USING {module}(a, b, c)"))).await;
        assert!(made.unwrap_err().to_string().contains("no such module"), "{module}");
    }
}
