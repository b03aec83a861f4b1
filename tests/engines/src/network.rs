//! A network of a test's own: a machine with a way out, and somebody out there. Needs root.
//!
//! Both are network namespaces, which are gone when nothing uses them any more. Bridges, addresses and packet filters of an engine are in there
//! too, and not on the machine that the tests run on.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use crate::succeed;

/// The machine's address towards the outside. For documentation (RFC 5737), so it is nobody's.
pub const MACHINE_ADDRESS: &str = "198.51.100.2";
/// The address of whoever is outside. It knows the way to the machine and to nobody behind it.
pub const OUTSIDE_ADDRESS: &str = "198.51.100.1";

/// A machine's network and its outside.
#[derive(Debug)]
pub struct Network {
    machine: File,
    outside: File,
}

impl Network {
    /// Makes both.
    pub fn new() -> Self {
        let network = Self {
            machine: namespace(),
            outside: namespace(),
        };
        let outside = format!("/proc/{}/fd/{}", std::process::id(), network.outside.as_raw_fd());
        network.on_the_machine(|| {
            ip("link set lo up");
            ip("link add out type veth peer name in");
            ip(&format!("link set in netns {outside}"));
            ip(&format!("address add {MACHINE_ADDRESS}/24 dev out"));
            ip("link set out up");
        });
        network.outside(|| {
            ip("link set lo up");
            ip(&format!("address add {OUTSIDE_ADDRESS}/24 dev in"));
            ip("link set in up");
        });
        network.on_the_machine(|| ip(&format!("route add default via {OUTSIDE_ADDRESS}")));
        network
    }

    /// Does something on the machine. Processes that it starts and sockets that it makes stay there.
    pub fn on_the_machine<Done: Send>(&self, act: impl FnOnce() -> Done + Send) -> Done {
        within(&self.machine, act)
    }

    /// Does something outside.
    pub fn outside<Done: Send>(&self, act: impl FnOnce() -> Done + Send) -> Done {
        within(&self.outside, act)
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

/// Only this one thread is moved there.
fn within<Done: Send>(namespace: &File, act: impl FnOnce() -> Done + Send) -> Done {
    let moved = || {
        setns(namespace, CloneFlags::CLONE_NEWNET).expect("a network can be entered");
        act()
    };
    thread::scope(|scope| scope.spawn(moved).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn namespace() -> File {
    let made = thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network can be made: run the tests as root");
        File::open("/proc/thread-self/ns/net").expect("it is there")
    });
    made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn ip(words: &str) {
    succeed(Command::new("ip").args(words.split(' ')));
}
