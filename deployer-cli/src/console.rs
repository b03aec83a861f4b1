//! The console: job output, progress and our own messages, on two streams that are often one screen.
//!
//! Responsible for: what a person or a CI log sees while a run is watched. The job's standard output is the only thing that
//! ever goes to standard output; everything of our own goes to standard error, on lines of its own. Never: trusts the job's
//! output, decides how a run ended, keeps more of the output than a few bytes.

mod ci;
pub mod elapsed;
mod neutralise;
mod screen;
mod settings;
mod sink;
pub mod style;
mod summary;

use std::io::Write;
use std::time::Duration;

pub use ci::CiSystem;
use ci::Severity;
use neutralise::Guard;
pub use neutralise::{Neutraliser, harmless};
use protocol::Phase;
use protocol::frame::Channel;
use screen::{Screen, screen_after};
pub use settings::{Colour, HEARTBEAT, JobOutput, Notes, Progress, Settings, Stream, Treatment, colour, width};
pub use sink::OutputError;
use sink::Sink;
use style::paint;
pub use summary::{Closing, Logs, Outcome, Report};

/// Output is filtered in pieces of this size, so that a huge chunk does not make a huge buffer.
const PIECE: usize = 64 * 1024;
const ERASE_LINE: &str = "\r\x1b[2K";
const RESET_STYLE: &[u8] = b"\x1b[0m";
/// Below this width a live line says nothing useful.
const NARROWEST_LIVE_LINE: usize = 12;

/// The console of one watched run.
#[derive(Debug)]
pub struct Console<Out, Err> {
    settings: Settings,
    label: String,
    out: Sink<Out>,
    err: Sink<Err>,
    screen: Screen,
    /// Watches for commands that are put together from both channels and our own lines.
    log: Option<Guard>,
    clock: Clock,
    group: Group,
    phase: Option<Phase>,
}

/// Times since the start, as the last tick told them.
#[derive(Debug, Default)]
struct Clock {
    now: Duration,
    last_output: Duration,
    last_line: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Unopened,
    Open,
    Closed,
}

impl<Out: Write, Err: Write> Console<Out, Err> {
    /// A console over the two streams. `label` names what runs, such as `terraform-planner / infrastructure-deploy-script`.
    pub fn new(settings: Settings, label: &str, out: Out, err: Err) -> Self {
        Self {
            out: Sink::new("standard output", out, settings.stdout),
            err: Sink::new("standard error", err, settings.stderr),
            log: settings.job_log().map(Guard::new),
            label: harmless(None, label).replace('\n', " "),
            settings,
            screen: Screen::LineStart,
            clock: Clock::default(),
            group: Group::Unopened,
            phase: None,
        }
    }

    /// Passes on what the job wrote.
    pub fn job_output(&mut self, channel: Channel, bytes: &[u8]) -> Result<(), OutputError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.clock.last_output = self.clock.now;
        self.clock.last_line = self.clock.now;
        self.open_group();
        for piece in bytes.chunks(PIECE) {
            self.filtered(channel, |filter, buffer| match filter {
                Some(filter) => filter.push(piece, buffer),
                None => buffer.extend_from_slice(piece),
            })?;
        }
        self.flush(channel)
    }

    /// The run has reached a phase.
    pub fn phase(&mut self, phase: Phase) {
        if self.phase.replace(phase) == Some(phase) {
            return;
        }
        match self.settings.progress {
            Progress::Live => self.draw_live(),
            Progress::Lines => match phase {
                Phase::Queued => self.note("queued, waiting for a place to run"),
                Phase::Starting => self.note("starting"),
                Phase::Running => self.note("running"),
                Phase::Stopping => self.note("stopping, the script has time to clean up"),
                Phase::Ended => {}
            },
        }
    }

    /// Time passes. Call it about every second, with the time since the start.
    pub fn tick(&mut self, since_start: Duration) {
        self.clock.now = since_start;
        match self.settings.progress {
            Progress::Live => self.draw_live(),
            Progress::Lines => self.heartbeat(),
        }
    }

    /// The terminal has another width now.
    pub const fn resize(&mut self, width: usize) {
        self.settings.width = width;
    }

    /// A remark.
    pub fn note(&mut self, text: &str) {
        if self.settings.notes == Notes::Shown {
            let mark = paint(self.settings.colour, style::FAINT, "deployer:");
            self.own_line(&format!("{mark} {}", self.harmless(text)));
        }
    }

    /// Something that the caller should look at.
    pub fn warn(&mut self, text: &str) {
        self.announce(Severity::Warning, style::CAUTION, "warning:", text);
    }

    /// Something that failed.
    pub fn error(&mut self, text: &str) {
        self.announce(Severity::Error, style::BAD, "error:", text);
    }

    /// What to do about it.
    pub fn advice(&mut self, text: &str) {
        let mark = paint(self.settings.colour, style::ADVICE, "next:");
        self.own_line(&format!("{mark} {}", self.harmless(text)));
    }

    /// A finished text of several lines with its own styles, such as a rendered denial. It must have been made harmless already.
    pub fn block(&mut self, text: &str) {
        self.own_line(text.trim_end_matches('\n'));
    }

    /// The end: passes on what was held back, closes the group and prints the summary and the advice.
    pub fn finish(&mut self, closing: &Closing) -> Result<(), OutputError> {
        let stdout = self.end_channel(Channel::Stdout);
        let stderr = self.end_channel(Channel::Stderr);
        self.close_group(closing.outcome);
        let style = match closing.outcome {
            Outcome::Success => style::GOOD,
            Outcome::Failure => style::BAD,
        };
        let mark = paint(self.settings.colour, style::FAINT, "deployer:");
        let summary = paint(self.settings.colour, style, &self.harmless(&closing.summary));
        self.own_line(&format!("{mark} {summary}"));
        for advice in &closing.advice {
            self.advice(advice);
        }
        stdout.and(stderr)
    }

    fn announce(&mut self, severity: Severity, style: anstyle::Style, word: &str, text: &str) {
        let text = self.harmless(text);
        let annotation = self.settings.ci.map_or("", |ci| ci.annotation(severity));
        if annotation.is_empty() {
            let word = paint(self.settings.colour, style, word);
            self.own_line(&format!("{word} {text}"));
        } else {
            let text = text.replace('%', "%25").replace('\n', "%0A");
            self.own_line(&format!("{annotation}{text}"));
        }
    }

    fn heartbeat(&mut self) {
        if self.clock.now.saturating_sub(self.clock.last_line) < HEARTBEAT {
            return;
        }
        let phase = self.phase.map_or("waiting", Phase::as_str);
        let text = format!(
            "still {phase} after {}, no output for {}",
            elapsed::whole(self.clock.now),
            elapsed::whole(self.clock.now.saturating_sub(self.clock.last_output)),
        );
        self.note(&text);
        self.clock.last_line = self.clock.now;
    }

    fn draw_live(&mut self) {
        let text = self.live_text();
        let current = match &self.screen {
            Screen::JobLine => return,
            Screen::Live(drawn) if *drawn == text => return,
            Screen::LineStart if text.is_empty() => return,
            Screen::LineStart | Screen::Live(_) => paint(self.settings.colour, style::FAINT, &text),
        };
        self.write_own(&format!("{ERASE_LINE}{current}"));
        self.screen = Screen::Live(text);
    }

    /// The live line, cut so that it never wraps.
    fn live_text(&self) -> String {
        let width = self.settings.width.saturating_sub(1);
        let (Some(phase), NARROWEST_LIVE_LINE..) = (self.phase, width) else {
            return String::new();
        };
        let text = format!("{} {} · {}", phase.as_str(), elapsed::whole(self.clock.now), self.label);
        text.chars().take(width).collect()
    }

    fn erase_live(&mut self) {
        if matches!(self.screen, Screen::Live(_)) {
            self.write_own(ERASE_LINE);
            self.screen = Screen::LineStart;
        }
    }

    /// Writes our own text on lines of its own.
    fn own_line(&mut self, text: &str) {
        self.erase_live();
        self.end_job_line();
        self.write_own(&format!("{text}\n"));
        self.screen = Screen::LineStart;
        self.clock.last_line = self.clock.now;
    }

    /// Ends a line that the job has left open. That must not make a command of what stands there.
    fn end_job_line(&mut self) {
        let open = self.screen == Screen::JobLine || self.err.is_line_open();
        let command = self.log.as_mut().is_some_and(Guard::ends_in_command) | self.err.end_line();
        match (open, command) {
            (true, true) => self.write_own(neutralise::BROKEN_LINE_END),
            (true, false) => self.write_own("\n"),
            (false, _) => {}
        }
    }

    /// Writes to standard error in our own colours, and gives the job its colours back. Nobody is left to be told when this fails.
    fn write_own(&mut self, text: &str) {
        let open = [self.out.open_style(), self.err.open_style()].concat();
        let pieces: [&[u8]; 3] = match open.as_slice() {
            [] => [b"", text.as_bytes(), b""],
            open => [RESET_STYLE, text.as_bytes(), open],
        };
        let written = self.err.writer.write_all(&pieces.concat());
        drop(written.and_then(|()| self.err.writer.flush()));
    }

    /// Own messages quote words of the caller, the job and the other side.
    fn harmless(&self, text: &str) -> String {
        harmless(self.settings.ci, text)
    }

    fn open_group(&mut self) {
        if let (Some(ci), Group::Unopened) = (self.settings.ci, self.group) {
            self.group = Group::Open;
            let line = ci.open_group(&self.group_title(), (self.settings.unix_seconds)());
            self.group_line(&line);
        }
    }

    fn close_group(&mut self, outcome: Outcome) {
        if let (Some(ci), Group::Open) = (self.settings.ci, self.group) {
            self.group = Group::Closed;
            let unfold = outcome == Outcome::Failure;
            let line = ci.close_group(&self.group_title(), (self.settings.unix_seconds)(), unfold);
            self.group_line(&line);
        }
    }

    fn group_title(&self) -> String {
        format!("Output of {}", self.label)
    }

    fn group_line(&mut self, line: &str) {
        if !line.is_empty() {
            self.own_line(line.trim_end_matches('\n'));
        }
    }

    fn end_channel(&mut self, channel: Channel) -> Result<(), OutputError> {
        self.filtered(channel, |filter, buffer| {
            if let Some(filter) = filter {
                filter.finish(buffer);
            }
        })?;
        self.flush(channel)
    }

    fn filtered(
        &mut self,
        channel: Channel,
        fill: impl FnOnce(Option<&mut Neutraliser>, &mut Vec<u8>),
    ) -> Result<(), OutputError> {
        let on_screen = channel == Channel::Stderr || self.settings.shared_screen;
        if on_screen {
            self.erase_live();
        }
        let log = &mut self.log;
        let fill = |filter: Option<&mut Neutraliser>, buffer: &mut Vec<u8>| match filter {
            Some(filter) => filter.within(log, |filter| fill(Some(filter), buffer)),
            None => fill(None, buffer),
        };
        let shown = match channel {
            Channel::Stdout => self.out.pass(fill)?,
            Channel::Stderr => self.err.pass(fill)?,
        };
        if on_screen && let Some(screen) = screen_after(shown) {
            self.screen = screen;
        }
        Ok(())
    }

    fn flush(&mut self, channel: Channel) -> Result<(), OutputError> {
        match channel {
            Channel::Stdout => self.out.flush(),
            Channel::Stderr => self.err.flush(),
        }
    }
}

#[cfg(test)]
mod tests;
