//! Where this call comes from, as the CI system's variables tell it: for people who read the audit log, never for a decision.

use protocol::Origin;

/// Longest text of one field, in characters.
const MAX_LENGTH: usize = 512;

/// Reads the origin. `variable` looks up an environment variable.
pub(crate) fn detect(variable: impl Fn(&str) -> Option<String>) -> Origin {
    let read = |name: &str| variable(name).map(|text| clean(&text)).filter(|text| !text.is_empty());
    let set = |name: &str| read(name).is_some_and(|text| text != "false");
    if set("GITHUB_ACTIONS") {
        github(read)
    } else if set("GITLAB_CI") {
        gitlab(read)
    } else if set("CIRCLECI") {
        circleci(read)
    } else if set("BUILDKITE") {
        buildkite(read)
    } else if set("JENKINS_URL") {
        jenkins(read)
    } else {
        Origin {
            ci: set("CI").then(|| "unknown".to_owned()),
            actor: read("USER").or_else(|| read("USERNAME")),
            ..Origin::default()
        }
    }
}

fn github(read: impl Fn(&str) -> Option<String>) -> Origin {
    let repository = read("GITHUB_REPOSITORY");
    let pipeline_url = match (read("GITHUB_SERVER_URL"), &repository, read("GITHUB_RUN_ID")) {
        (Some(server), Some(repository), Some(run)) => Some(format!("{server}/{repository}/actions/runs/{run}")),
        _ => None,
    };
    Origin {
        ci: Some("github-actions".to_owned()),
        repository,
        pipeline_url,
        commit: read("GITHUB_SHA"),
        actor: read("GITHUB_ACTOR"),
    }
}

fn gitlab(read: impl Fn(&str) -> Option<String>) -> Origin {
    Origin {
        ci: Some("gitlab".to_owned()),
        repository: read("CI_PROJECT_PATH"),
        pipeline_url: read("CI_JOB_URL").or_else(|| read("CI_PIPELINE_URL")),
        commit: read("CI_COMMIT_SHA"),
        actor: read("GITLAB_USER_LOGIN"),
    }
}

fn circleci(read: impl Fn(&str) -> Option<String>) -> Origin {
    let repository = match (read("CIRCLE_PROJECT_USERNAME"), read("CIRCLE_PROJECT_REPONAME")) {
        (Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
        (_, name) => name,
    };
    Origin {
        ci: Some("circleci".to_owned()),
        repository,
        pipeline_url: read("CIRCLE_BUILD_URL"),
        commit: read("CIRCLE_SHA1"),
        actor: read("CIRCLE_USERNAME"),
    }
}

fn buildkite(read: impl Fn(&str) -> Option<String>) -> Origin {
    Origin {
        ci: Some("buildkite".to_owned()),
        repository: read("BUILDKITE_REPO"),
        pipeline_url: read("BUILDKITE_BUILD_URL"),
        commit: read("BUILDKITE_COMMIT"),
        actor: read("BUILDKITE_BUILD_CREATOR"),
    }
}

fn jenkins(read: impl Fn(&str) -> Option<String>) -> Origin {
    Origin {
        ci: Some("jenkins".to_owned()),
        repository: read("GIT_URL"),
        pipeline_url: read("BUILD_URL"),
        commit: read("GIT_COMMIT"),
        actor: read("BUILD_USER_ID").or_else(|| read("CHANGE_AUTHOR")),
    }
}

/// Bounded, without control characters, and without the credentials that CI systems put into repository addresses.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_LENGTH).collect();
    let Some((scheme, rest)) = text.split_once("://") else {
        return text;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((credentials, _)) => {
            let host_and_path = rest.get(credentials.len() + 1..).unwrap_or_default();
            format!("{scheme}://{host_and_path}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(variables: &[(&str, &str)]) -> Origin {
        detect(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, text)| (*text).to_owned())
        })
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: [Option<&str>; 5]) {
        let [ci, repository, pipeline_url, commit, actor] = expected.map(|text| text.map(str::to_owned));
        let expected = Origin {
            ci,
            repository,
            pipeline_url,
            commit,
            actor,
        };
        assert_eq!(origin(variables), expected);
    }

    /// Each line is one variable.
    #[track_caller]
    fn check_ci(variables: &str, expected: [&str; 5]) {
        let variables: Vec<(&str, &str)> = variables
            .lines()
            .filter_map(|line| line.trim().split_once('='))
            .collect();
        check(&variables, expected.map(Some));
    }

    #[test]
    fn each_ci_system_is_known_by_its_variables() {
        check_ci(
            "CI=true\nGITHUB_ACTIONS=true\nGITHUB_SERVER_URL=https://github.com\nGITHUB_REPOSITORY=acme/live\nGITHUB_RUN_ID=42\n\
             GITHUB_SHA=abc\nGITHUB_ACTOR=ann",
            [
                "github-actions",
                "acme/live",
                "https://github.com/acme/live/actions/runs/42",
                "abc",
                "ann",
            ],
        );
        check_ci(
            "GITLAB_CI=true\nCI_PROJECT_PATH=acme/live\nCI_JOB_URL=https://gitlab.com/-/jobs/7\nCI_COMMIT_SHA=abc\nGITLAB_USER_LOGIN=ann",
            ["gitlab", "acme/live", "https://gitlab.com/-/jobs/7", "abc", "ann"],
        );
        check_ci(
            "CIRCLECI=true\nCIRCLE_PROJECT_USERNAME=acme\nCIRCLE_PROJECT_REPONAME=live\nCIRCLE_BUILD_URL=https://circleci.com/gh/7\n\
             CIRCLE_SHA1=abc\nCIRCLE_USERNAME=ann",
            ["circleci", "acme/live", "https://circleci.com/gh/7", "abc", "ann"],
        );
        check_ci(
            "BUILDKITE=true\nBUILDKITE_REPO=git@github.com:acme/live.git\nBUILDKITE_BUILD_URL=https://buildkite.com/7\n\
             BUILDKITE_COMMIT=abc\nBUILDKITE_BUILD_CREATOR=Ann",
            [
                "buildkite",
                "git@github.com:acme/live.git",
                "https://buildkite.com/7",
                "abc",
                "Ann",
            ],
        );
        check_ci(
            "JENKINS_URL=https://ci.acme.example/\nGIT_URL=https://git.acme.example/live.git\nBUILD_URL=https://ci.acme.example/7\n\
             GIT_COMMIT=abc\nBUILD_USER_ID=ann",
            [
                "jenkins",
                "https://git.acme.example/live.git",
                "https://ci.acme.example/7",
                "abc",
                "ann",
            ],
        );
    }

    #[test]
    fn without_a_ci_system_the_person_is_the_actor() {
        check(&[("USER", "ann")], [None, None, None, None, Some("ann")]);
        check(&[("CI", "1")], [Some("unknown"), None, None, None, None]);
        check(&[("GITHUB_ACTIONS", "false"), ("CI", "")], [None; 5]);
    }

    #[test]
    fn credentials_in_an_address_are_left_out() {
        let jenkins = [
            ("JENKINS_URL", "x"),
            ("GIT_URL", "https://bot:t0ken@git.acme.example/a@b.git"),
        ];
        assert_eq!(
            origin(&jenkins).repository.as_deref(),
            Some("https://git.acme.example/a@b.git")
        );
    }

    #[test]
    fn a_field_is_bounded_and_has_no_control_characters() {
        let long = format!("a\r\n\u{1b}{}", "b".repeat(2000));
        let actor = origin(&[("USER", &long)]).actor.unwrap();
        assert_eq!(actor, format!("a{}", "b".repeat(511)));
    }
}
