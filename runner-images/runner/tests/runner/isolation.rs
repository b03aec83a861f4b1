//! What a job gets from the runner, and what it can never reach. THREATS rows 12 and 14.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;

use nix::sys::signal::Signal;
use protocol::frame::Cause;

use crate::support::Runner;

#[test]
fn row_12_the_environment_holds_the_fixed_minimum_and_the_declared_names_only() {
    let runner = Runner::without_script()
        .own("TF_CLI_ARGS_apply", "-lock=false")
        .own("GIT_SSH_COMMAND", "evil")
        .own("LD_LIBRARY_PATH", "/evil")
        .own("TF_REATTACH_PROVIDERS", "{}")
        .own("DECLARED", "yes")
        .option("--env=DECLARED")
        .secret("TOKEN", "hunter22");
    fs::copy("/usr/bin/env", runner.scripts().join("job")).unwrap();
    let finished = runner.run(&[]);
    finished.ended(0, &Cause::Exited);
    let stdout = finished.stdout();
    let mut variables: Vec<_> = stdout.lines().collect();
    variables.sort_unstable();
    // Which descriptor takes reports is for the runner to say.
    let reports = variables.remove(1);
    assert!(reports.starts_with("DEPLOY_RUNNER_REPORTS_FD="), "{reports}");
    let expected = [
        "DECLARED=yes",
        "EDITOR=false",
        "HOME=/home/job",
        "LANG=C.UTF-8",
        "PAGER=cat",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TMPDIR=/tmp",
        "TOKEN=***",
    ];
    assert_eq!(variables, expected);
}

#[test]
fn row_14_arguments_reach_the_script_as_a_list_that_no_shell_has_seen() {
    let arguments = [
        "; touch a",
        "$(touch b)",
        "`touch c`",
        "&& touch d",
        "",
        "two words",
        "x\ny",
        "*",
        "--",
        "-h",
    ];
    let finished = Runner::of("for word; do printf '<%s>' \"$word\"; done").run(&arguments);
    finished.ended(0, &Cause::Exited);
    assert_eq!(finished.stdout(), arguments.map(|word| format!("<{word}>")).concat());
    let left = ["a", "b", "c", "d"].map(|name| finished.runner.root().join(name).exists());
    assert_eq!(left, [false; 4]);
}

#[track_caller]
fn does_not_start(runner: Runner, script: &str, expected: &str) {
    let finished = runner.start(script, &[]).finish();
    assert_eq!((finished.exit, finished.log.trailer().lines), (125, 0));
    assert!(finished.reason().contains(expected), "{}", finished.reason());
    assert!(finished.diagnostics.contains(expected), "{}", finished.diagnostics);
}

#[test]
fn what_cannot_start_says_why_in_the_trailer_and_exits_125() {
    does_not_start(Runner::without_script(), "job", "script `job` cannot be found");
    does_not_start(Runner::of(""), "../job", "script `../job` is refused");
    does_not_start(Runner::of(""), "-c", "script `-c` is refused");
    does_not_start(
        Runner::of("").option("--env=ABSENT"),
        "job",
        "`ABSENT` is declared for the job but is not set",
    );
    does_not_start(Runner::of("").option("--unknown"), "job", "--unknown");
    does_not_start(Runner::of("").secret("BIG", &"x<".repeat(40_000)), "job", "up to `BIG`");
    let link = Runner::without_script();
    symlink("/bin/sh", link.scripts().join("shell")).unwrap();
    does_not_start(link, "shell", "leads out of");
    let no_interpreter = Runner::of("");
    fs::write(no_interpreter.scripts().join("job"), "neither a script nor a program").unwrap();
    does_not_start(no_interpreter, "job", "cannot be executed");
}

#[test]
fn a_script_that_others_may_change_does_not_start() {
    let runner = Runner::of("echo started");
    fs::set_permissions(runner.scripts().join("job"), fs::Permissions::from_mode(0o777)).unwrap();
    does_not_start(runner, "job", "may write to it");
}

#[test]
fn the_script_has_three_descriptors_and_the_pipe_for_its_reports_and_none_of_the_runners() {
    let script = "exec ls -l /proc/self/fd";
    let through_a_shell = ["sh", "-c", "exec 7>leak 8</etc/passwd; exec \"$@\"", "sh"];
    let finished = Runner::of(script).by(&through_a_shell).run(&[]);
    let stdout = finished.stdout();
    let mut targets: Vec<_> = stdout
        .lines()
        .filter_map(|line| line.split_once(" -> "))
        .map(|(_, to)| to)
        .collect();
    assert_eq!(targets.remove(0), "/dev/null");
    assert!(targets.remove(0).starts_with("pipe:"));
    assert!(targets.remove(0).starts_with("pipe:"));
    assert!(targets.remove(0).starts_with("pipe:"));
    // The directory that `ls` itself reads.
    assert_eq!(targets.len(), 1, "{stdout}");
}

#[test]
fn the_job_reads_nothing_from_the_runners_input_and_starts_in_its_directory() {
    let runner = Runner::of(
        "wc -c; pwd; ulimit -c; read -r pid name state parent group rest < /proc/$$/stat; [ $group = $$ ] && echo own group",
    );
    let expected = format!(
        "0\n{}\n0\nown group\n",
        fs::canonicalize(runner.root()).unwrap().display()
    );
    let raised = r#"ulimit -c unlimited 2> /dev/null || ulimit -S -c "$(ulimit -H -c)"; exec "$@""#;
    let runner = runner.by(&["sh", "-c", raised, "sh"]);
    let mut command = runner.command("job", &[]);
    let input = fs::File::open("/etc/passwd").unwrap();
    let output = command.stdin(Stdio::from(input)).output().unwrap();
    let log = crate::support::Log::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(String::from_utf8(log.stdout).unwrap(), expected);
}

#[test]
fn the_job_cannot_look_into_the_runner_even_as_the_same_user() {
    let script = "for what in fd environ mem; do
            if cat /proc/$PPID/$what > /dev/null 2>&1 || ls /proc/$PPID/$what/ > /dev/null 2>&1; then echo $what; fi
        done
        (: > /proc/$PPID/fd/1) 2> /dev/null && echo output
        echo ready; sleep 60";
    let mut runner = Runner::of(script).own("HIDDEN", "hunter22");
    if fs::metadata(runner.root()).unwrap().uid() == 0 {
        runner = runner.by_user(65_534);
    }
    let running = runner.start("job", &[]);
    running.wait_for("ready\n");
    // The kernel gives the files of a process that is not dumpable to root.
    let owner = fs::metadata(format!("/proc/{}/environ", running.pid())).unwrap().uid();
    running.signal(Signal::SIGTERM);
    assert_eq!(running.finish().stdout(), "ready\n");
    assert_eq!(owner, 0);
}
