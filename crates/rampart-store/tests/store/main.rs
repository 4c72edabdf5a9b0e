//! The store on both engines: every test runs on SQLite and on PostgreSQL, each in a database of its own.
//!
//! PostgreSQL is where `RAMPART_TEST_POSTGRES` says (the URL of a superuser). Without it the tests fail: a test that was
//! skipped proves nothing.

/// Stamps each test for both engines.
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            $(#[$meta])*
            fn $name() {
                crate::support::run(crate::support::On::Sqlite, super::$name);
            })+
        }

        mod postgres {
            $(#[test]
            $(#[$meta])*
            fn $name() {
                crate::support::run(crate::support::On::Postgres, super::$name);
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
