//! Row 29: what a job prints cannot give orders to the terminal or the CI system that shows it.

use deployer_cli::console::{CiSystem, Neutraliser};
use e2e::corpus::{self, Attack, Ci, ConsoleAttack};

const EVERY_CI: [Ci; 6] = [
    Ci::Github,
    Ci::Gitlab,
    Ci::Azure,
    Ci::Buildkite,
    Ci::Teamcity,
    Ci::Other,
];

#[test]
fn no_order_to_a_terminal_or_a_ci_system_comes_through_in_the_output_of_a_job() {
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Console(console) = attack {
                Some(console)
            } else {
                None
            }
        },
        |attack| {
            let systems = if attack.ci.is_empty() {
                EVERY_CI.as_slice()
            } else {
                &attack.ci
            };
            systems.iter().try_for_each(|ci| check(attack, *ci))
        },
    );
}

fn check(attack: &ConsoleAttack, ci: Ci) -> Result<(), String> {
    // Byte by byte: an order that arrives in pieces is an order all the same.
    let mut neutraliser = Neutraliser::new(Some(system(ci)));
    let mut out = Vec::new();
    // A line before it, so that "at the start of a line" is a line feed and the order.
    for byte in "before\n".bytes().chain(attack.output.bytes()) {
        neutraliser.push(&[byte], &mut out);
    }
    neutraliser.finish(&mut out);
    let shown = String::from_utf8_lossy(&out);
    if attack
        .never_prints
        .as_ref()
        .is_some_and(|never| shown.contains(never.as_str()))
    {
        return Err(format!("came through on {ci:?}: {shown:?}"));
    }
    if attack
        .prints
        .as_ref()
        .is_some_and(|wanted| !shown.contains(wanted.as_str()))
    {
        return Err(format!("is missing on {ci:?}: {shown:?}"));
    }
    Ok(())
}

const fn system(ci: Ci) -> CiSystem {
    match ci {
        Ci::Github => CiSystem::GitHub,
        Ci::Gitlab => CiSystem::GitLab,
        Ci::Azure => CiSystem::Azure,
        Ci::Buildkite => CiSystem::Buildkite,
        Ci::Teamcity => CiSystem::TeamCity,
        Ci::Other => CiSystem::Other,
    }
}
