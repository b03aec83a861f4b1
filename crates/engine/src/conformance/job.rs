//! The jobs of the suite, and a script that is all of them. Never run here: a harness puts the script where its engine's jobs run.

/// A job that behaves in a known way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Writes `out 1`, `out 2`… to standard output and `err 1`, `err 2`… to standard error, then exits with 0.
    Print {
        /// How many lines to each.
        lines: u32,
    },
    /// Exits with the code and writes nothing.
    Exit {
        /// The code.
        code: u8,
    },
    /// Sends itself the signal.
    Signal {
        /// POSIX signal number, one that ends a process.
        signal: u8,
    },
    /// Writes `ready`, and when it is asked to stop (SIGTERM) writes `cleaned up` and exits with 7. Has five seconds for it.
    CleanUpOnStop,
    /// Writes `ready` and ignores being asked to stop. Has one second until it is killed.
    IgnoreStop,
    /// Writes `ready` and goes on for ever. Its deadline is after one second, and it has one second to clean up.
    PassDeadline,
    /// A script that the allow-list knows and the place where it should run does not have.
    Missing,
}

/// A shell script that is every job but the missing one, called with [`Job::words`]. For an engine's own tests it also runs shell text.
pub const JOB_SCRIPT: &str = r#"#!/bin/sh
case "$1" in
print) i=1; while [ "$i" -le "$2" ]; do echo "out $i"; echo "err $i" >&2; i=$((i + 1)); done ;;
exit) exit "$2" ;;
signal) kill -"$2" $$; while :; do sleep 1; done ;;
clean-up) trap 'echo cleaned up; exit 7' TERM; echo ready; while :; do sleep 0.05; done ;;
ignore) trap '' TERM; echo ready; while :; do sleep 0.05; done ;;
for-ever) echo ready; while :; do sleep 1000; done ;;
sh) eval "$2" ;;
esac
"#;

impl Job {
    /// What [`JOB_SCRIPT`] is called with.
    pub fn words(self) -> Vec<String> {
        let (name, number) = match self {
            Self::Print { lines } => ("print", Some(lines)),
            Self::Exit { code } => ("exit", Some(code.into())),
            Self::Signal { signal } => ("signal", Some(signal.into())),
            Self::CleanUpOnStop => ("clean-up", None),
            Self::IgnoreStop => ("ignore", None),
            Self::PassDeadline => ("for-ever", None),
            Self::Missing => return Vec::new(),
        };
        let number = number.map(|number: u32| number.to_string());
        [Some(name.to_owned()), number].into_iter().flatten().collect()
    }
}
