//! Allow-lists of every shape that the gate loads, with names that are alike.

use gatekeeper::compiled::{
    Compiled, Container, OptionRule, ParameterStyle, PositionalRule, Script, Task, TextRule, ValueStyle, ValueType,
};
use protocol::LaunchType;

use super::Random;
use super::value::{PATTERNS, valid_value};
use crate::lists;

const OPTION_NAMES: [&str; 14] = [
    "--a",
    "--al",
    "--all",
    "--var",
    "--var-file",
    "--ref",
    "--repo",
    "--command",
    "--Command",
    "--deploy-path",
    "--x.y",
    "--no_color",
    "--level",
    "--7",
];
const FIXED_NAMES: [&str; 4] = ["--log-level", "--fixed", "--var-fixed", "--quiet"];
const NAMES: [&str; 5] = ["planner", "applier", "plan", "Planner", "deploy"];
const CARRIER: &str = "--protected-ref";
const GLOBS: [&str; 5] = ["sandbox/**", "prod/*/app", "**/modules", "a/**/z", "single"];

/// An allow-list that loads.
pub(crate) fn list(random: &mut Random) -> Compiled {
    let mut compiled = lists::compiled([]);
    for name in random.some(&NAMES) {
        let container = container(random);
        compiled.containers.insert(name.to_owned(), container);
    }
    let names: Vec<String> = compiled.containers.keys().cloned().collect();
    if random.percent(40) {
        compiled.default_container = Some(random.pick(&names).clone());
    }
    compiled
}

fn container(random: &mut Random) -> Container {
    let mut container = lists::container([]);
    for name in random.some(&NAMES) {
        let script = script(random);
        container.scripts.insert(name.to_owned(), script);
    }
    let types = [LaunchType::Fargate, LaunchType::FargateSpot, LaunchType::Ec2];
    container.task = Task {
        cpu: 1024,
        memory: *random.pick(&[2048, 4096]),
        max_cpu: *random.pick(&[1024, 2048, 4096, 20_000]),
        max_memory: *random.pick(&[4096, 8192, 16_384]),
        launch_types: random.some(&types),
        timeout_seconds: *random.pick(&[1, 60, 7_200]),
        stop_timeout_seconds: 30,
    };
    container
}

fn script(random: &mut Random) -> Script {
    let mut script = lists::script();
    script.parameter_style = ParameterStyle {
        values: *random.pick(&[ValueStyle::Equals, ValueStyle::Separate]),
        end_of_options: random.percent(60),
    };
    let mut carried = false;
    for name in random.some(&OPTION_NAMES) {
        let rule = option(random, &mut carried);
        script.options.insert(name.to_owned(), rule);
    }
    if random.percent(60) {
        for name in random.some(&FIXED_NAMES) {
            let values = (0..random.below(3))
                .map(|count| format!("fixed value {count}"))
                .collect();
            script.fixed_options.insert(name.to_owned(), values);
        }
    }
    if random.percent(30) {
        script.fixed_positionals = lists::words(&["first", "=second"]);
    }
    script.positionals = positionals(random, &mut carried);
    script
}

fn option(random: &mut Random, carried: &mut bool) -> OptionRule {
    let value = if random.percent(20) {
        ValueType::Flag
    } else {
        value_type(random, carried)
    };
    let flag = value == ValueType::Flag;
    let repository = matches!(value, ValueType::Repository { .. });
    let default = (!flag && random.percent(20)).then(|| valid_value(random, &value));
    OptionRule {
        required: random.percent(15),
        max_repeats: if carries(&value) {
            1
        } else {
            *random.pick(&[1, 1, 2, 16])
        },
        value_optional: !flag && !repository && random.percent(15),
        default,
        ..lists::option(value)
    }
}

fn positionals(random: &mut Random, carried: &mut bool) -> Vec<PositionalRule> {
    let count = random.below(4);
    let required = random.below(count + 1);
    let mut rules: Vec<PositionalRule> = (0..count)
        .map(|place| PositionalRule {
            required: place < required,
            ..lists::positional(&format!("p{place}"), value_type(random, carried))
        })
        .collect();
    if let Some(last) = rules.last_mut()
        && random.percent(40)
        && !carries(&last.value)
    {
        last.max_repeats = 3;
    }
    rules
}

fn carries(value: &ValueType) -> bool {
    matches!(
        value,
        ValueType::Repository {
            protected_refs_as: Some(_),
            ..
        }
    )
}

fn value_type(random: &mut Random, carried: &mut bool) -> ValueType {
    match random.below(9) {
        0 => lists::choice(&random.some(&["plan", "plan2", "apply", "validate", "Plan", "a b"])),
        1 => ValueType::Commit,
        2 => ValueType::Ref,
        3 => ValueType::Repository {
            one_of: lists::words(&random.some(&["live", "modules"])),
            protected_refs_as: (!std::mem::replace(carried, true)).then(|| CARRIER.to_owned()),
        },
        4 => ValueType::Path {
            within: if random.percent(30) {
                Vec::new()
            } else {
                lists::words(&random.some(&GLOBS))
            },
            allow_root: random.percent(30),
        },
        5 => {
            let min = *random.pick(&[-10, 0, 1, i64::MIN]);
            ValueType::Integer {
                min,
                max: *random.pick(&[1, 32, i64::MAX]),
            }
        }
        6 | 7 => ValueType::Text(text(random)),
        _ => ValueType::KeyValue {
            keys: lists::words(&random.some(&["image_version", "count", "tag"])),
            value: text(random),
        },
    }
}

fn text(random: &mut Random) -> TextRule {
    TextRule {
        pattern: random.percent(70).then(|| random.pick(&PATTERNS).text.to_owned()),
        max_length: *random.pick(&[4, 40, 4_096]),
        allow_empty: random.percent(30),
        allow_leading_dash: random.percent(25),
    }
}
