//! Tests of the store on both engines: every test runs on SQLite and on PostgreSQL, each in its own database.
//!
//! `RAMPART_TEST_POSTGRES` is the URL of a PostgreSQL superuser. Without it the tests fail: a skipped test proves nothing.

/// Runs each test on both engines.
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            $(#[$meta])*
            fn $name() {
                crate::support::run(crate::support::TestEngine::Sqlite, super::$name);
            })+
        }

        mod postgres {
            $(#[test]
            $(#[$meta])*
            fn $name() {
                crate::support::run(crate::support::TestEngine::Postgres, super::$name);
            })+
        }
    };
}

mod commits;
mod compiled;
mod concurrency;
mod copies;
mod examples;
mod faults;
mod floors;
mod lists;
mod queues;
mod schema;
mod support;
mod verification;
