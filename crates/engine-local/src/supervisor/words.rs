//! The words that process 1 gets. The same on every engine.

use gatekeeper::compiled::Entrypoint;

use super::Job;

/// The words behind the program's own name.
pub(super) fn words(job: &Job) -> Vec<String> {
    let script = std::iter::once(&job.request.script).chain(&job.request.args).cloned();
    match job.decision.entrypoint {
        Entrypoint::Image => script.collect(),
        Entrypoint::DeployRunner => {
            let mut words = vec![
                "--timeout".to_owned(),
                job.decision.timeout_seconds.to_string(),
                "--stop-timeout".to_owned(),
                job.decision.stop_timeout_seconds.to_string(),
            ];
            for name in job.decision.environment.keys() {
                words.extend(["--env".to_owned(), name.clone()]);
            }
            for name in job.decision.secrets.keys() {
                words.extend(["--secret".to_owned(), name.clone()]);
            }
            words.push("--".to_owned());
            words.extend(script);
            words
        }
    }
}
