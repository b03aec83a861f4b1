//! What the script reads from the canonical arguments equals what the gate understood, for the entries of the allow-lists in `config`.

use deploy_scripts::image::arguments::{BuilderName, Destination, Order, Repetition};

use crate::random::Random;
use crate::requests::{Entry, Values, allow_list, compare, compare_in, standard_allow_list, written};

const ENTRY: Entry = Entry {
    container: "docker-image-builder",
    script: "build-docker-image",
};
const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// A secret of a build: mostly a declared one.
fn secret(random: &mut Random) -> Vec<String> {
    let fitting = ["id=NPM_TOKEN", "id=PIP_TOKEN"];
    let other = [
        "id=GIT_TOKEN",
        "NPM_TOKEN",
        "id=NPM_TOKEN,src=/etc/shadow",
        "id=npm_token",
        "",
    ];
    let value = *if random.percent(90) {
        random.pick(&fitting)
    } else {
        random.pick(&other)
    };
    written(random, "--secret", value)
}

/// One more option of a caller; where secrets are declared, often one of those.
fn option(random: &mut Random, secrets: Secrets) -> Vec<String> {
    if secrets == Secrets::Declared && random.percent(40) {
        return secret(random);
    }
    let usual = [
        "--tag",
        "--build-arg",
        "--build-arg",
        "--no-push",
        "--idempotent",
        "--dockerfile",
    ];
    let unusual = [
        "--push",
        "--secret",
        "--builder",
        "--allowed-repository",
        "--help",
        "--ta",
        "--",
    ];
    let names: &[&str] = if random.percent(95) { &usual } else { &unusual };
    let name = *random.pick(names);
    if matches!(name, "--no-push" | "--idempotent" | "--push" | "--help" | "--") && random.percent(95) {
        return vec![name.to_owned()];
    }
    let fitting: Vec<String> = match name {
        "--tag" => ["apps/web:1", "apps/a/b-c:v1.2", "apps/x:latest"]
            .map(|name| format!("{REGISTRY}/{name}"))
            .into(),
        "--build-arg" => ["APP_VERSION=1.2.3", "BASE_IMAGE_TAG=12-slim"].map(String::from).into(),
        _ => ["Dockerfile", "docker/web.Dockerfile", "a b/Dockerfile"]
            .map(String::from)
            .into(),
    };
    let other = [
        "-1",
        "",
        "a=b=c",
        "APP_VERSION=",
        "evil.example.com/apps/web:1",
        "apps/web:1",
        "\u{fc}",
        "a\nb",
    ];
    if random.percent(90) {
        let value = random.pick(&fitting).clone();
        written(random, name, &value)
    } else {
        let value = *random.pick(&other);
        written(random, name, value)
    }
}

/// Whether an allow-list lets callers ask for secrets of a build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    None,
    Declared,
}

fn units(random: &mut Random, secrets: Secrets) -> Vec<Vec<String>> {
    let tag = format!("{REGISTRY}/apps/web:{}", random.below(1_000));
    let mut units = vec![
        written(random, "--repo", "applications"),
        written(random, "--ref", "0123456789abcdef0123456789abcdef01234567"),
        written(random, "--tag", &tag),
    ];
    if random.percent(50) {
        let path = *random.pick(&[".", "app", "apps/web", "a b/c"]);
        units.push(written(random, "--context-path", path));
    }
    if random.percent(80) {
        let more: Vec<_> = (0..=random.below(3)).map(|_| option(random, secrets)).collect();
        units.extend(random.some(&more));
    }
    // The grammar of the gate cannot say that two flags exclude each other.
    let has = |flag: &str| units.iter().any(|unit| unit[0] == flag);
    if has("--no-push") && has("--idempotent") {
        units.retain(|unit| unit[0] != "--idempotent");
    }
    units
}

fn read(words: Vec<String>) -> Result<(Order, Values), clap::Error> {
    let order = Order::parse(words.into_iter().map(Into::into))?;
    let mut values = Values::new();
    let mut add = |name: &str, value: String| values.entry(name.to_owned()).or_default().push(value);
    add("--repo", order.source.repository.to_string());
    add("--ref", order.source.commit.to_string());
    add("--context-path", order.context.to_string());
    add("--dockerfile", order.dockerfile.to_string());
    for tag in &order.tags {
        add("--tag", tag.to_string());
    }
    for argument in &order.build_args {
        add("--build-arg", argument.to_string());
    }
    for secret in &order.secrets {
        add("--secret", format!("id={}", secret.name()));
    }
    if order.destination == Destination::Nowhere {
        add("--no-push", String::new());
    }
    if order.repetition == Repetition::Skipped {
        add("--idempotent", String::new());
    }
    let allowed: Vec<_> = order.allowed.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, [format!("{REGISTRY}/apps")]);
    for tag in &order.tags {
        assert!(
            tag.repository().is_within(&order.allowed[0]),
            "the two rules differ: {tag}"
        );
    }
    Ok((order, values))
}

#[test]
fn the_script_reads_what_the_gate_understood_in_fifty_thousand_cases() {
    compare(
        ENTRY,
        |random| units(random, Secrets::None),
        |words| {
            let (order, values) = read(words)?;
            assert_eq!((order.builder, &order.cache), (BuilderName::Kaniko, &None));
            Ok(values)
        },
    );
}

#[test]
fn the_script_reads_what_the_gate_understood_of_secrets_and_a_cache_in_fifty_thousand_cases() {
    let secrets = std::cell::Cell::new(0_u32);
    compare_in(
        &allow_list("image-secrets.yaml"),
        ENTRY,
        |random| units(random, Secrets::Declared),
        |words| {
            let (order, values) = read(words)?;
            assert_eq!(order.builder, BuilderName::Buildah);
            let cache = order.cache.as_ref().map(ToString::to_string);
            assert_eq!(cache, Some(format!("{REGISTRY}/cache")));
            let refs: Vec<_> = order.source.protected_refs.iter().map(ToString::to_string).collect();
            assert_eq!(refs, ["refs/heads/main"]);
            secrets.set(secrets.get() + u32::from(!order.secrets.is_empty()));
            Ok(values)
        },
    );
    assert!(secrets.get() > 5_000, "{} requests with a secret", secrets.get());
}

#[test]
fn no_request_names_a_secret_or_a_cache_that_is_not_declared() {
    let list = allow_list("image-secrets.yaml");
    let tag = format!("--tag={REGISTRY}/apps/web:1");
    let good = [
        "--repo=applications",
        "--ref=0123456789abcdef0123456789abcdef01234567",
        &tag,
        "--secret=id=NPM_TOKEN",
    ];
    assert!(ENTRY.permits(&list, &good));
    for word in [
        "--secret=id=GIT_TOKEN",
        "--secret=id=NPM_TOKEN,src=/etc/shadow",
        "--secret=NPM_TOKEN",
        "--cache-repository=evil.example.com/x",
        "--cache-repository=111122223333.dkr.ecr.eu-west-1.amazonaws.com/cache",
        "--builder=kaniko",
        "--protected-ref=refs/heads/evil",
    ] {
        assert!(!ENTRY.permits(&list, &[&good[..], &[word]].concat()), "{word}");
    }
}

#[test]
fn no_request_names_another_registry_builder_secret_or_file() {
    let list = standard_allow_list();
    let good = [
        "--repo=applications",
        "--ref=0123456789abcdef0123456789abcdef01234567",
        &format!("--tag={REGISTRY}/apps/web:1"),
    ];
    assert!(ENTRY.permits(&list, &good));
    for word in [
        "--builder=buildah",
        "--allowed-repository=evil.example.com/x",
        "--secret=id=GIT_TOKEN",
        "--cache-repository=evil.example.com/x",
        "--build-arg=OTHER=1",
        "--dockerfile=../Dockerfile",
        "--dockerfile=script.sh",
        "--context-path=/",
        "--tag=evil.example.com/apps/web:1",
        &format!("--tag={REGISTRY}/other/web:1"),
        &format!("--tag={REGISTRY}/apps/web"),
        &format!("--tag={REGISTRY}.evil.example/apps/web:1"),
    ] {
        assert!(!ENTRY.permits(&list, &[&good[..], &[word]].concat()), "{word}");
    }
}
