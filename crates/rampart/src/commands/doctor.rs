//! `rampart doctor`: looks for what is wrong with this installation.

use std::path::Path;

use rampart_app::operate::doctor::{self, DoctorFinding};

use super::office::Office;
use crate::failure::Failure;

/// Less than this many bytes free where the data lies is a finding: a database that cannot grow takes nothing any more.
const LEAST_FREE: u64 = 1 << 30;

/// Looks, and prints what it found.
///
/// # Errors
/// When something is wrong.
pub(crate) async fn run(office: &Office) -> Result<(), Failure> {
    let mut findings = doctor::examine(&office.installation.app).await?;
    findings.push(room(&office.installation.settings.data));
    // A SQLite file may lie elsewhere.
    if let Some(folder) = office.installation.app.store().file().and_then(Path::parent)
        && folder != office.installation.settings.data
    {
        findings.push(room(folder));
    }
    office.show_list(&findings, &["check", "ok", "detail"])?;
    if findings.iter().all(|finding| finding.ok) { Ok(()) } else { Err(Failure::ProblemFound) }
}

/// Whether the disk of a folder has room.
fn room(folder: &Path) -> DoctorFinding {
    let check = format!("there is room in {}", folder.display());
    // A bare file name lies in the present folder.
    let asked = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match rustix::fs::statvfs(asked) {
        Ok(disk) => verdict(check, disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(error) => DoctorFinding { check, ok: false, detail: format!("it cannot be asked for: {error}") },
    }
}

fn verdict(check: String, free: u64) -> DoctorFinding {
    DoctorFinding { check, ok: free >= LEAST_FREE, detail: format!("{} MiB free", free >> 20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_a_finding() {
        assert!(verdict(String::new(), LEAST_FREE).ok);
        let little = verdict(String::new(), LEAST_FREE - 1);
        assert!(!little.ok);
        assert_eq!(little.detail, "1023 MiB free");
    }

    #[test]
    fn every_folder_can_be_asked() {
        assert!(!room(Path::new("")).detail.contains("cannot"), "the present folder");
        assert!(!room(Path::new("/no/such/folder")).ok);
    }
}
