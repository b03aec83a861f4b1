//! `infrastructure-deployer`: wiring only.

fn main() -> std::process::ExitCode {
    deployer_cli::run(std::env::args_os()).into()
}
