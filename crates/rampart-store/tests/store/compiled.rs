//! The options that SQLite is compiled with.

use rusqlite::Connection;

/// Most SQLite advisories concern features that nothing here uses; advisories/README.md relies on their absence.
#[test]
fn what_nobody_uses_is_not_there() {
    let connection = Connection::open_in_memory().unwrap();
    let mut options = connection.prepare("SELECT compile_options FROM pragma_compile_options").unwrap();
    let options: Vec<String> = options.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(options.iter().any(|option| option == "HAVE_FDATASYNC" || option.starts_with("THREADSAFE")), "{options:?}");
    for extension in ["FTS3", "FTS4", "FTS5", "RTREE", "GEOPOLY", "SESSION"] {
        assert!(!options.iter().any(|option| option.starts_with(&format!("ENABLE_{extension}"))), "{extension}: {options:?}");
    }
    for module in ["fts3", "fts4", "fts5", "rtree"] {
        let made = connection.execute_batch(&format!("CREATE VIRTUAL TABLE t USING {module}(a, b, c)"));
        assert!(made.unwrap_err().to_string().contains("no such module"), "{module}");
    }
}
