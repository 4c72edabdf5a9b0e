//! `rampart openapi`: prints the description of the partner API. It needs no installation.

use crate::error::CommandError;
use crate::output;

pub(crate) fn run() -> Result<(), CommandError> {
    output::line(rampart_web::openapi(vec![rampart_sandbox::openapi()]).trim_end());
    Ok(())
}
