//! A job that may use the network: it has an interface of its own and a way out, and the machine's own doors stay shut.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::Command;
use std::thread;

use container_engines::{MACHINE_ADDRESS, Network, OUTSIDE_ADDRESS, Podman, RUNNER, Recipe, Service, USER};
use engine::conformance::JOB_SCRIPT;
use gatekeeper::compiled::Network as Declared;

use crate::common::{Machine, Setup, runner};

/// The name of an abstract socket on the machine.
const DAEMON: &str = "deploy-runner-daemon-of-the-machine";
/// What whoever listens says.
const GREETING: &str = "come in";
/// How the test below is started.
const KNOCK: [&str; 5] = [
    "--exact",
    "as_root::network::knocks_at_doors",
    "--ignored",
    "--nocapture",
    "--quiet",
];

/// Not a test of its own: what a job tries. This program is in the image, because no shell opens an abstract socket.
#[test]
#[ignore = "started by other tests, inside of a container"]
fn knocks_at_doors() {
    for door in std::env::var("DOORS").unwrap().split(' ') {
        let heard = knock(door).unwrap_or_else(|_closed| "shut".to_owned());
        writeln!(std::io::stdout(), "{door}: {heard}").unwrap();
    }
}

fn knock(door: &str) -> std::io::Result<String> {
    let mut heard = String::new();
    match door.strip_prefix('@') {
        Some(name) => {
            let address = SocketAddr::from_abstract_name(name)?;
            UnixStream::connect_addr(&address)?.read_to_string(&mut heard)?;
        }
        None => {
            std::net::TcpStream::connect(door)?.read_to_string(&mut heard)?;
        }
    }
    Ok(heard)
}

/// The doors of a machine and one outside, and who listens behind them.
struct Doors {
    /// The machine's loopback, its abstract socket, and its loopback's port from the outside.
    inner: [String; 3],
    outer: String,
    outside: TcpListener,
}

impl Doors {
    fn open(network: &Network) -> Self {
        let on_loopback = network.on_the_machine(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let port = on_loopback.local_addr().unwrap().port();
        let address = SocketAddr::from_abstract_name(DAEMON).unwrap();
        let daemon = network.on_the_machine(|| UnixListener::bind_addr(&address).unwrap());
        let outside = network.outside(|| TcpListener::bind((OUTSIDE_ADDRESS, 0)).unwrap());
        let outer = outside.local_addr().unwrap().to_string();
        // They end with the test's process.
        thread::spawn(move || greet(on_loopback.incoming()));
        thread::spawn(move || greet(daemon.incoming()));
        Self {
            inner: [
                format!("127.0.0.1:{port}"),
                format!("@{DAEMON}"),
                format!("{MACHINE_ADDRESS}:{port}"),
            ],
            outer,
            outside,
        }
    }

    fn all(&self) -> String {
        format!("{} {}", self.inner.join(" "), self.outer)
    }

    /// Lets one in from outside, and answers who it was.
    fn guest(&self) -> thread::JoinHandle<String> {
        let outside = self.outside.try_clone().unwrap();
        thread::spawn(move || {
            let (mut guest, from) = outside.accept().unwrap();
            guest.write_all(GREETING.as_bytes()).unwrap();
            from.ip().to_string()
        })
    }
}

fn greet<Guest: Write>(guests: impl Iterator<Item = std::io::Result<Guest>>) {
    for mut guest in guests.flatten() {
        drop(guest.write_all(GREETING.as_bytes()));
    }
}

#[tokio::test]
async fn a_job_of_podman_with_a_network_has_a_way_out_and_nothing_of_the_machines() {
    let network = Network::new();
    let service = network.on_the_machine(Podman::start);
    a_network_of_its_own(&network, service).await;
}

pub(super) async fn a_network_of_its_own(network: &Network, service: impl Service) {
    let machine = Machine::with_engine_at(&service.address(), &[]);
    let this_program = std::env::current_exe().unwrap();
    service.add_image(&Recipe {
        name: "tests",
        runner: &runner(),
        user: USER,
        entrypoint: &[RUNNER],
        scripts: &[("job", JOB_SCRIPT)],
        tools: &[("knock", &this_program)],
    });
    let doors = Doors::open(network);
    let [loopback, abstract_socket, port] = &doors.inner;
    let told = |state: [&str; 4]| {
        let names = [loopback, abstract_socket, port, &doors.outer];
        let lines = names
            .iter()
            .zip(state)
            .map(|(door, state)| format!("{door}: {state}\n"));
        lines.collect::<String>()
    };

    // Whoever is on the machine itself comes in everywhere, but for a port that only its loopback has.
    let guest = doors.guest();
    let mut here = Command::new(&this_program);
    here.args(KNOCK).env("DOORS", doors.all());
    let output = network.on_the_machine(|| here.output().unwrap());
    let output = String::from_utf8(output.stdout).unwrap();
    let expected = told([GREETING, GREETING, "shut", GREETING]);
    assert!(output.contains(&expected), "{output}");
    assert_eq!(guest.join().unwrap(), MACHINE_ADDRESS);

    let text = format!(
        "readlink /proc/self/ns/net; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort; DOORS='{}' knock {} | grep -E ': ({GREETING}|shut)$'",
        doors.all(),
        KNOCK.join(" ")
    );
    let declared = Setup {
        network: Declared::Host,
        ..Setup::default()
    };
    let guest = doors.guest();
    let output = machine.output(&declared, &text).await;
    let lines: Vec<&str> = output.lines().collect();
    let (namespace, interfaces) = (lines[0], &lines[1..3]);
    let namespaces = [
        fs::read_link("/proc/thread-self/ns/net").unwrap(),
        network.on_the_machine(|| fs::read_link("/proc/thread-self/ns/net").unwrap()),
    ];
    for of_the_machine in namespaces {
        assert_ne!(namespace, of_the_machine.to_str().unwrap());
    }
    assert_eq!(interfaces, ["eth0", "lo"]);
    let expected = told(["shut", "shut", "shut", GREETING]);
    assert!(output.ends_with(&expected), "{output}");
    // The outside knows the machine, and nobody behind it.
    assert_eq!(guest.join().unwrap(), MACHINE_ADDRESS);

    let output = machine.output(&Setup::default(), &text).await;
    assert!(output.contains("]\nlo\n"), "{output}");
    assert!(output.ends_with(&told(["shut", "shut", "shut", "shut"])), "{output}");
    assert_eq!(service.things(), Vec::<String>::new());
}
