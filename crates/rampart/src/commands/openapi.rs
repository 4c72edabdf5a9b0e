//! `rampart openapi`: the description of the partner API, without starting anything.

use crate::failure::Failure;
use crate::output;

/// Prints the description.
///
/// # Errors
/// None so far.
pub(crate) fn run() -> Result<(), Failure> {
    output::line(rampart_web::openapi(vec![rampart_sandbox::openapi()]).trim_end());
    Ok(())
}
