//! A child whose lines are read while it runs.

use std::io::{self, BufRead, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::signal::Signal;

use super::{Ended, ProcessError, Running};
use crate::interruption::{Interruptions, Stopped, Wake};

/// A longer line comes in pieces.
const LONGEST_LINE: u64 = 64 * 1024;

/// Runs a child to its own end, however long that takes, and gives each line of its standard output away at once. The first stop
/// reaches its whole group once, as a Ctrl-C on a terminal would: Packer is several processes that share the work of such a stop.
pub fn run_with_lines(
    command: &mut Command,
    interruptions: &mut Interruptions,
    on_stop: impl Fn(Stopped),
    on_line: impl FnMut(&str) + Send,
) -> Result<Ended, ProcessError> {
    interruptions.check()?;
    let mut child = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let output = child.process.stdout.take();
    thread::scope(|scope| {
        let reading = output.map(|output| {
            thread::Builder::new().spawn_scoped(scope, move || read_lines(BufReader::new(output), on_line))
        });
        child.if_there_is_room(reading.transpose())?;
        loop {
            if let Some(ended) = child.poll()? {
                return Ok(ended);
            }
            if let Wake::Stop(stopped) = interruptions.wait_until(None) {
                on_stop(stopped);
                child.signal_group(Signal::SIGINT);
            }
        }
    })
}

/// A stream that breaks has ended: what was read until then is what there is.
fn read_lines(mut output: impl BufRead, mut on_line: impl FnMut(&str)) {
    let mut line = Vec::new();
    while let Ok(1..) = next_line(&mut output, &mut line) {
        on_line(String::from_utf8_lossy(&line).trim_end_matches('\n'));
    }
}

fn next_line(output: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    output.take(LONGEST_LINE).read_until(b'\n', line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_long_ones_in_pieces() {
        let mut seen = Vec::new();
        let text = format!("a\n\n{}\nlast", "x".repeat(70_000));
        read_lines(text.as_bytes(), |line| seen.push(line.len()));
        assert_eq!(seen, [1, 0, 65_536, 4_464, 4]);
    }

    #[test]
    fn a_stop_reaches_the_whole_group_and_the_child_ends_by_itself() {
        let (sender, signals) = std::sync::mpsc::channel();
        let mut interruptions = Interruptions::from_channel(signals);
        let mut command = Command::new("sh");
        // Ready is who waits: a stop that comes before it is there would not reach it.
        let waiting = "sh -c 'echo ready; exec sleep 60'";
        command.args(["-c", &format!("trap 'echo stopped; exit 7' INT; {waiting}")]);
        let mut seen = Vec::new();
        let ended = run_with_lines(
            &mut command,
            &mut interruptions,
            |_| {},
            |line| {
                seen.push(line.to_owned());
                if line == "ready" {
                    sender.send(signal_hook::consts::SIGINT).unwrap();
                    sender.send(signal_hook::consts::SIGTERM).unwrap();
                    // The channel has no real SIGCHLD: one that comes after the end wakes the waiting for it.
                    let sender = sender.clone();
                    thread::spawn(move || {
                        while sender.send(signal_hook::consts::SIGCHLD).is_ok() {
                            thread::sleep(std::time::Duration::from_millis(50));
                        }
                    });
                }
            },
        );
        assert_eq!(ended.unwrap(), Ended::Exited(7));
        assert_eq!(seen, ["ready", "stopped"]);
    }
}
