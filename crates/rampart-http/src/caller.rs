//! Who calls.

use std::sync::Arc;

use rampart_core::partner::Partner;

/// The partner of a valid token.
#[derive(Debug, Clone)]
pub struct AuthenticatedPartner {
    pub partner: Arc<Partner>,
    /// The token epoch that the token was issued in. A new epoch revokes older tokens.
    pub epoch: i64,
}
