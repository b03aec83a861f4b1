//! Runs jobs as sandboxed processes on this machine. Never decides anything.
