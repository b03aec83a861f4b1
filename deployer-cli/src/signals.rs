//! Signals of the operating system, as a stream. Never: decides what a signal means for a run.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What somebody wants from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: a CI system cancels the job.
    Terminate,
    /// SIGHUP: the terminal is gone.
    Hangup,
}

/// The signals that arrive from now on.
#[derive(Debug)]
pub(crate) struct Signals {
    incoming: UnboundedReceiver<Signal>,
    /// Keeps the channel open when every signal is ignored.
    _kept: UnboundedSender<Signal>,
}

impl Signals {
    /// Listens, within the current runtime. A signal that this process was started to ignore (`nohup`, a background job) stays ignored.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let (sender, incoming) = unbounded_channel();
        system::forward(&sender)?;
        Ok(Self {
            incoming,
            _kept: sender,
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.incoming.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Signals that a test sends.
    #[cfg(test)]
    pub(crate) fn scripted() -> (UnboundedSender<Signal>, Self) {
        let (sender, incoming) = unbounded_channel();
        let kept = sender.clone();
        (sender, Self { incoming, _kept: kept })
    }
}

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{SignalKind, signal};
    use tokio::sync::mpsc::UnboundedSender;

    use super::Signal;

    pub(super) fn forward(sender: &UnboundedSender<Signal>) -> std::io::Result<()> {
        let ignored = ignored();
        for (kind, meaning) in [
            (SignalKind::interrupt(), Signal::Interrupt),
            (SignalKind::terminate(), Signal::Terminate),
            (SignalKind::hangup(), Signal::Hangup),
        ] {
            if ignored & (1 << (kind.as_raw_value() - 1)) != 0 {
                continue;
            }
            let mut stream = signal(kind)?;
            let sender = sender.clone();
            tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(meaning).is_ok() {} });
        }
        Ok(())
    }

    /// The signals that this process was started to ignore, as the kernel's mask. Where the kernel does not tell, none.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod system {
    use tokio::sync::mpsc::UnboundedSender;

    use super::Signal;

    pub(super) fn forward(sender: &UnboundedSender<Signal>) -> std::io::Result<()> {
        let sender = sender.clone();
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && sender.send(Signal::Interrupt).is_ok() {}
        });
        Ok(())
    }
}
