//! What the script reads from the canonical arguments equals what the gate understood, for the entry of the standard allow-list.

use std::collections::BTreeSet;

use deploy_scripts::packer::arguments::{Order, Properties, Repetition};

use crate::random::Random;
use crate::requests::{Entry, Values, compare, standard_allow_list, written};

const ENTRY: Entry = Entry {
    container: "ami-builder",
    script: "build-packer-artifact",
};

/// One more option of a caller.
fn option(random: &mut Random) -> Vec<String> {
    let usual = [
        "--var",
        "--var",
        "--build-name",
        "--idempotent",
        "--idempotent-tag",
        "--output-properties",
    ];
    let unusual = ["--protected-ref", "--log-level", "--help", "--va", "--ref", "--"];
    let names: &[&str] = if random.percent(93) { &usual } else { &unusual };
    let name = *random.pick(names);
    if matches!(name, "--idempotent" | "--output-properties" | "--help" | "--") && random.percent(90) {
        return vec![name.to_owned()];
    }
    let fitting: &[&str] = match name {
        "--var" => &[
            "ami_version=1.2.3",
            "region=eu-west-1",
            "source_ami_filter=al2023-*",
            "ami_version=7",
        ],
        "--idempotent-tag" => &["version=1.2.3", "service=web", "version=7_a-b.c"],
        "--build-name" => &["web", "amazon-ebs.web", "golden.amazon-ebs.web_1"],
        _ => &["refs/heads/main", "info"],
    };
    let other = [
        "-1",
        "--var",
        "",
        "a=b=c",
        "ami_version=",
        "other=1",
        "*",
        "a,b",
        "a..b",
        "\u{fc}",
        "a\nb",
        "ami_version=a=b",
        "version=",
        "version=1.*",
        "service=a=b",
        "aws:x=1",
    ];
    let values = if random.percent(85) { fitting } else { &other };
    let value = *random.pick(values);
    written(random, name, value)
}

fn is_tag(unit: &[String]) -> bool {
    unit[0].split('=').next() == Some("--idempotent-tag")
}

/// Of `--idempotent-tag KEY=VALUE`, in either way of writing.
fn key(unit: &[String]) -> String {
    let words = unit.join("=");
    words.split('=').nth(1).unwrap_or_default().to_owned()
}

fn units(random: &mut Random) -> Vec<Vec<String>> {
    let path = *random.pick(&[
        "a.pkr.hcl",
        "images/web/web.pkr.hcl",
        "images/a b/x.pkr.json",
        "x/old.json",
        "images/web",
    ]);
    let repository = *random.pick(&["infrastructure-modules", "applications"]);
    let mut units = vec![
        written(random, "--repo", repository),
        written(random, "--ref", "0123456789abcdef0123456789abcdef01234567"),
        written(random, "--template-path", path),
    ];
    if random.percent(80) {
        let more: Vec<_> = (0..=random.below(3)).map(|_| option(random)).collect();
        units.extend(random.some(&more));
    }
    // What the gate permits and the script refuses: tags without the flag that they belong to, and two values of one tag.
    if units.iter().any(|unit| is_tag(unit)) && !units.iter().any(|unit| unit[0] == "--idempotent") {
        units.push(vec!["--idempotent".to_owned()]);
    }
    let mut keys = BTreeSet::new();
    units.retain(|unit| !is_tag(unit) || keys.insert(key(unit)));
    units
}

fn read(words: Vec<String>) -> Result<Values, clap::Error> {
    let order = Order::parse(words.into_iter().map(Into::into))?;
    let mut values = Values::new();
    let mut add = |name: &str, value: String| values.entry(name.to_owned()).or_default().push(value);
    add("--repo", order.source.repository.to_string());
    add("--ref", order.source.commit.to_string());
    add("--template-path", order.template.to_string());
    if let Some(build) = &order.build {
        add("--build-name", build.to_string());
    }
    for variable in &order.variables {
        add("--var", variable.to_string());
    }
    match &order.repetition {
        Repetition::Refused => {}
        Repetition::Done => add("--idempotent", String::new()),
        Repetition::DoneWithTags(tags) => {
            add("--idempotent", String::new());
            for tag in tags {
                add("--idempotent-tag", tag.to_string());
            }
        }
    }
    if order.properties == Properties::Printed {
        add("--output-properties", String::new());
    }
    assert_eq!(
        order.source.protected_refs.len(),
        1,
        "the allow-list's own, and no other"
    );
    Ok(values)
}

#[test]
fn the_script_reads_what_the_gate_understood_in_fifty_thousand_cases() {
    compare(ENTRY, units, read);
}

#[test]
fn no_request_names_another_variable_template_or_option() {
    let list = standard_allow_list();
    let good = [
        "--repo=applications",
        "--ref=0123456789abcdef0123456789abcdef01234567",
        "--template-path=images/web.pkr.hcl",
    ];
    assert!(ENTRY.permits(&list, &good));
    let tagged = ["--idempotent", "--idempotent-tag=version=1.2.3"];
    assert!(ENTRY.permits(&list, &[&good[..], &tagged].concat()));
    for word in [
        "--var=password=1",
        "--var=ami_version=1 -force",
        "--var-file=x",
        "--force",
        "--protected-ref=refs/heads/x",
        "--build-name=*",
        "--on-error=abort",
        "--idempotent-tag=owner=1",
        "--idempotent-tag=aws:x=1",
        "--idempotent-tag=version=1.*",
        "--idempotent-tag=version",
    ] {
        assert!(!ENTRY.permits(&list, &[&good[..], &[word]].concat()), "{word}");
    }
    for path in [
        "../x.pkr.hcl",
        "/x.pkr.hcl",
        "a/../b.pkr.hcl",
        ".git/x.pkr.hcl",
        "readme.md",
    ] {
        let path = format!("--template-path={path}");
        assert!(!ENTRY.permits(&list, &[good[0], good[1], &path]), "{path}");
    }
}
