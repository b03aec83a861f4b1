//! Requests that the allow-list permits.

use gatekeeper::compiled::{Compiled, OptionRule, Script, ValueType};
use protocol::{RunRequest, TaskRequest};

use super::Random;
use super::value::valid_value;

/// A request that is permitted, in one of the many ways to write it.
pub(crate) fn valid_request(random: &mut Random, compiled: &Compiled) -> RunRequest {
    let names: Vec<&String> = compiled.containers.keys().collect();
    let name = *random.pick(&names);
    let container = &compiled.containers[name];
    let scripts: Vec<&String> = container.scripts.keys().collect();
    let script_name = *random.pick(&scripts);
    let is_default = compiled.default_container.as_ref() == Some(name);
    RunRequest {
        container: (!(is_default && random.percent(50))).then(|| name.clone()),
        script: script_name.clone(),
        args: arguments(random, &container.scripts[script_name]),
        task: TaskRequest {
            max_wait_seconds: random.percent(20).then(|| *random.pick(&[1, 30, 100_000])),
            ..TaskRequest::default()
        },
    }
}

fn arguments(random: &mut Random, script: &Script) -> Vec<String> {
    let mut units: Vec<Vec<String>> = Vec::new();
    for (name, rule) in &script.options {
        if rule.required || random.percent(35) {
            let most = rule.max_repeats.min(3) as usize;
            for _ in 0..=random.below(most) {
                units.push(option(random, name, rule));
            }
        }
    }
    random.shuffle(&mut units);
    let mut place = 0;
    for word in positionals(random, script) {
        place += random.below(units.len() - place + 1);
        units.insert(place, vec![word]);
        place += 1;
    }
    units.concat()
}

fn option(random: &mut Random, name: &str, rule: &OptionRule) -> Vec<String> {
    let bare = rule.value == ValueType::Flag || (rule.value_optional && random.percent(40));
    if bare {
        return vec![name.to_owned()];
    }
    let value = valid_value(random, &rule.value);
    if rule.value_optional || random.percent(50) {
        vec![format!("{name}={value}")]
    } else {
        vec![name.to_owned(), value]
    }
}

fn positionals(random: &mut Random, script: &Script) -> Vec<String> {
    let mut words = Vec::new();
    for rule in &script.positionals {
        if !rule.required && random.percent(40) {
            break;
        }
        for _ in 0..=random.below(rule.max_repeats as usize) {
            words.push(positional(random, script, &rule.value));
        }
    }
    words
}

/// A word with a dash can be a positional only behind the gate's own `--`, and never one with two.
fn positional(random: &mut Random, script: &Script, value: &ValueType) -> String {
    loop {
        let word = valid_value(random, value);
        if !word.starts_with('-') || script.parameter_style.end_of_options {
            return word;
        }
    }
}
