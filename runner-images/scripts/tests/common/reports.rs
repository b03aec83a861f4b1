//! A file in place of the pipe on which the runner takes reports.

use std::path::Path;
use std::process::Command;

use crate::script::Script;

impl Script<'_> {
    /// Lets it hand its reports over to a file.
    pub(crate) fn reporting_to(self, file: &Path) -> Self {
        let mut process = Command::new("/bin/sh");
        process
            .args(["-c", "exec 7> \"$1\"; shift; exec \"$@\"", "sh"])
            .arg(file);
        self.through(process).env("DEPLOY_RUNNER_REPORTS_FD", "7")
    }
}
