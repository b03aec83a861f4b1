//! The simulated AWS on a loopback port, in real time: ECS and Logs, or one pre-built run.
//!
//!     aws-sim [--port PORT] [--seed SEED] [--faults none|quotas|storm]
//!     aws-sim [--port PORT] --pages LINES [--width BYTES]
//!
//! The first line of standard output is the address. It serves until it is ended.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;

use aws_sim::{Faults, Pages, Sim, serve};
use tokio::net::TcpListener;

type Problem = Box<dyn std::error::Error>;

fn main() -> Result<(), Problem> {
    let options = options(std::env::args().skip(1))?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(&options))
}

async fn run(options: &HashMap<String, String>) -> Result<(), Problem> {
    let number = |name: &str, default: u64| options.get(name).map_or(Ok(default), |text| text.parse());
    let port = u16::try_from(number("port", 0)?)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    if options.contains_key("pages") {
        let lines = u32::try_from(number("pages", 0)?)?;
        let pages = Arc::new(Pages::new(lines, usize::try_from(number("width", 100)?)?)?);
        tell(&address)?;
        let never = serve(listener, move |request| {
            let answer = pages.answer(request);
            async move { Ok(answer) }
        });
        match never.await? {}
    }
    let faults = match options.get("faults").map(String::as_str) {
        None | Some("none") => Faults::none(),
        Some("quotas") => Faults::quotas(),
        Some("storm") => Faults::storm(),
        Some(other) => return Err(format!("`--faults {other}`: expected none, quotas or storm").into()),
    };
    let sim = Sim::new(number("seed", 1)?, faults);
    tell(&address)?;
    let never = serve(listener, move |request| {
        let sim = Arc::clone(&sim);
        async move { sim.answer(request).await }
    });
    match never.await? {}
}

fn tell(address: &std::net::SocketAddr) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "http://{address}")
}

fn options(mut words: impl Iterator<Item = String>) -> Result<HashMap<String, String>, Problem> {
    const KNOWN: [&str; 5] = ["port", "seed", "faults", "pages", "width"];
    let mut options = HashMap::new();
    while let Some(word) = words.next() {
        let name = word.strip_prefix("--").filter(|name| KNOWN.contains(name));
        let name = name.ok_or_else(|| format!("`{word}` is unknown: expected --{}", KNOWN.join(", --")))?;
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
        options.insert(name.to_owned(), value);
    }
    Ok(options)
}
