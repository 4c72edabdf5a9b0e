//! `rampart doctor`: looks for what is wrong with this installation.

use rampart_app::operate;

use super::office::Office;
use crate::failure::Failure;

/// Looks, and prints what it found.
///
/// # Errors
/// When something is wrong.
pub(crate) async fn run(office: &Office) -> Result<(), Failure> {
    let findings = operate::doctor::examine(&office.installation.app).await?;
    office.show_list(&findings, &["check", "ok", "detail"])?;
    if findings.iter().all(|finding| finding.ok) { Ok(()) } else { Err(Failure::ProblemFound) }
}
