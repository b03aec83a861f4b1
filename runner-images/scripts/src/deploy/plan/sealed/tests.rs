use super::*;

type Change = fn(&mut Bound);

fn key(letter: &str) -> PlanKey {
    PlanKey::of(&letter.repeat(32)).unwrap()
}

fn bound() -> Bound {
    Bound {
        repository: "https://git.example.com/live.git".to_owned(),
        commit: "0".repeat(40),
        directory: "prod/app".to_owned(),
        workspace: "default".to_owned(),
        tool: "terraform 1.11.4".to_owned(),
        backend: vec!["key=a".to_owned()],
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn saved() -> (PlanDigest, Vec<u8>) {
    seal(b"the plan", bound(), at(1_000), &key("a")).unwrap()
}

#[test]
fn a_plan_comes_back_for_exactly_what_it_was_made_for_and_is_not_readable() {
    let (digest, sealed) = saved();
    assert_eq!(
        open(&sealed, &digest, &bound(), at(999), &key("a")).unwrap(),
        b"the plan"
    );
    assert!(!sealed.windows(8).any(|part| part == b"the plan" || part == b"prod/app"));
    assert_ne!(
        saved().0,
        digest,
        "two plans of the same content must not look the same"
    );
}

#[test]
fn every_changed_byte_is_noticed() {
    let (digest, sealed) = saved();
    for index in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[index] ^= 1;
        let refused = open(&altered, &digest, &bound(), at(0), &key("a")).unwrap_err();
        assert_eq!(refused, RefusedPlan::Altered(digest.clone()));
        // Whoever can write the store can also name the file; the key still notices.
        let named = digest_of(&altered);
        let refused = open(&altered, &named, &bound(), at(0), &key("a")).unwrap_err();
        assert_eq!(refused, RefusedPlan::Unopened(named));
    }
    for length in [0, 1, MAGIC.len(), MAGIC.len() + NONCE_BYTES, sealed.len() - 1] {
        let named = digest_of(&sealed[..length]);
        assert!(open(&sealed[..length], &named, &bound(), at(0), &key("a")).is_err());
    }
}

#[test]
fn another_key_opens_nothing() {
    let (digest, sealed) = saved();
    let refused = open(&sealed, &digest, &bound(), at(0), &key("b")).unwrap_err();
    assert_eq!(refused, RefusedPlan::Unopened(digest));
}

#[test]
fn a_plan_that_has_expired_is_refused_with_its_age() {
    let (digest, sealed) = saved();
    let said = |now| {
        open(&sealed, &digest, &bound(), at(now), &key("a"))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(1_000),
        format!("the plan `{digest}` has expired 0 minutes ago: plan again")
    );
    assert_eq!(
        said(1_000 + 3 * 3_600),
        format!("the plan `{digest}` has expired 3 hours ago: plan again")
    );
}

#[test]
fn everything_that_a_plan_is_bound_to_is_compared() {
    let (digest, sealed) = saved();
    let changes: [(&str, Change); 6] = [
        ("the repository", |bound| bound.repository.push('x')),
        ("the commit", |bound| bound.commit.push('0')),
        ("the directory", |bound| bound.directory.push('x')),
        ("the workspace", |bound| bound.workspace.push('x')),
        ("the tool", |bound| bound.tool.push('x')),
        ("the backend settings", |bound| bound.backend.push("b=c".to_owned())),
    ];
    for (expected, change) in changes {
        let mut asked = bound();
        change(&mut asked);
        let refused = open(&sealed, &digest, &asked, at(0), &key("a")).unwrap_err();
        assert!(
            matches!(refused, RefusedPlan::Other { what, .. } if what == expected),
            "{refused}"
        );
    }
}
