//! The transition table, for the documentation and its snapshot.
