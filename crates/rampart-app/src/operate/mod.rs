//! What operators can do.
