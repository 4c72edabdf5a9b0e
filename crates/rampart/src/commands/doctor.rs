//! `rampart doctor`: checks the installation for problems.

use std::path::Path;

use rampart_app::operate::doctor::{self, DoctorFinding};

use super::context::CommandContext;
use crate::error::CommandError;

/// Less free disk space is a finding: a database that cannot grow accepts no writes.
const MIN_FREE_BYTES: u64 = 1 << 30;

/// Prints the findings. Fails if one of them is a problem.
pub(crate) async fn run(context: &CommandContext) -> Result<(), CommandError> {
    let mut findings = doctor::examine(&context.installation.app).await?;
    findings.push(disk_space(&context.installation.settings.data));
    // The SQLite database may be in another folder.
    if let Some(folder) = context.installation.app.store.file().and_then(Path::parent)
        && folder != context.installation.settings.data
    {
        findings.push(disk_space(folder));
    }
    context.show_list(&findings, &["check", "ok", "detail"])?;
    if findings.iter().all(|finding| finding.ok) { Ok(()) } else { Err(CommandError::ProblemFound) }
}

/// Checks the free disk space of a folder.
fn disk_space(folder: &Path) -> DoctorFinding {
    let check = format!("there is room in {}", folder.display());
    // The parent of a bare file name is empty and means the current folder.
    let path = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match rustix::fs::statvfs(path) {
        Ok(disk) => verdict(check, disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(error) => DoctorFinding { check, ok: false, detail: format!("free space cannot be determined: {error}") },
    }
}

fn verdict(check: String, free: u64) -> DoctorFinding {
    DoctorFinding { check, ok: free >= MIN_FREE_BYTES, detail: format!("{} MiB free", free >> 20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_a_finding() {
        assert!(verdict(String::new(), MIN_FREE_BYTES).ok);
        let finding = verdict(String::new(), MIN_FREE_BYTES - 1);
        assert!(!finding.ok);
        assert_eq!(finding.detail, "1023 MiB free");
    }

    #[test]
    fn every_folder_can_be_checked() {
        assert!(!disk_space(Path::new("")).detail.contains("cannot"), "the current folder");
        assert!(!disk_space(Path::new("/no/such/folder")).ok);
    }
}
