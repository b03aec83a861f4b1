//! Prints the JSON Schema of the allow-list: `cargo run -p gatekeeper --example schema > config/allow-list.schema.json`.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(gatekeeper::schema::json_schema().as_bytes())
}
