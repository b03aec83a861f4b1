//! The words of a request as domain types: commit ids, ref names, paths, variables, addresses.
//!
//! Responsible for refusing a value that could mean something else to git or Terraform, although the gate has checked it
//! already. Never touches the file system.

mod ami_tag;
mod build;
mod commit;
mod git;
mod image;
mod path;
mod plan;
mod plan_store;
mod tool;
mod variable;
mod version;

pub use ami_tag::AmiTag;
pub use build::BuildName;
pub use commit::{CommitMessage, MailAddress, PersonName};
pub use git::{BranchName, CommitId, RefName};
pub use image::{ImageName, ImageRepository, SecretMount};
pub use path::{AbsolutePath, PlainDirectory, RelativePath};
pub use plan::{PlanDigest, PlanLifetime};
pub use plan_store::{BucketFolder, PlanStore};
pub use tool::{Address, Assignment, LockTimeout, OutputName};
pub use variable::{Setting, VariableName, VariableValue};
pub use version::ToolVersion;

/// Why a value is refused. Every message says what would be accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ValueError {
    /// Not a full object id.
    #[error("`{0}` is not a full commit id: give all 40 (or 64) lower-case hexadecimal digits")]
    CommitId(String),
    /// Not a full ref name.
    #[error("`{0}` is not a full ref name: give one such as `refs/heads/main`")]
    RefName(String),
    /// Not a path inside the repository.
    #[error(
        "`{0}` is not a path inside the repository: give a relative path with `/` between its parts, without `..`, `.git` or a leading dash"
    )]
    Path(String),
    /// Not a directory by its plain name.
    #[error(
        "`{0}` is not a plain directory: give a relative path without `*`, `?`, `[`, `]`, `{{`, `}}`, `!`, `|` and quotes"
    )]
    PlainDirectory(String),
    /// Not a path of this machine.
    #[error("`{0}` is not an absolute path: give one such as `/opt/deploy-runner/tools`, without `..`")]
    AbsolutePath(String),
    /// Not the digest of a plan.
    #[error(
        "`{0}` is not the digest of a saved plan: give all 64 lower-case hexadecimal digits that `plan --save-plan` printed"
    )]
    PlanDigest(String),
    /// Not a time that a plan may live.
    #[error("`{0}` is not a lifetime of a plan: give whole minutes or hours up to a week, such as `30m` or `24h`")]
    PlanLifetime(String),
    /// Not a place for plans.
    #[error(
        "`{0}` is no place for saved plans: give an absolute path without `..`, or `s3://BUCKET` or `s3://BUCKET/PREFIX` with a bucket's name without dots"
    )]
    PlanStore(String),
    /// Not one version.
    #[error("`{0}` is not a version: give one with all its three numbers, such as `1.11.4` or `1.12.0-rc1`")]
    Version(String),
    /// Not `key=value`.
    #[error("`{0}` is not `key=value` with a key of letters, digits, `_` and `-` that starts with a letter or `_`")]
    Assignment(String),
    /// Not a resource address.
    #[error("`{0}` is not a resource address: give one such as `module.network.aws_vpc.main[0]`")]
    Address(String),
    /// Not the name of an output.
    #[error("`{0}` is not the name of an output: use letters, digits, `_` and `-`, starting with a letter or `_`")]
    OutputName(String),
    /// Not the name of a build.
    #[error("`{0}` is not the name of a build: give one such as `web` or `amazon-ebs.web`, without `*` and commas")]
    BuildName(String),
    /// Not a tag of a machine image.
    #[error(
        "`{0}` is not a tag: give `KEY=VALUE` with a key of at most 128 letters, digits, spaces and `+ - . _ : / @` that does not begin with `aws:`, and a value of at most 256 characters"
    )]
    AmiTag(String),
    /// Not the full name of an image.
    #[error(
        "`{0}` is not the full name of an image: give registry, repository and tag, such as `registry.example.com/apps/web:1.2.3`"
    )]
    ImageName(String),
    /// Not a repository of a registry.
    #[error("`{0}` is not a repository of a registry: give one such as `registry.example.com/apps`")]
    ImageRepository(String),
    /// Not a declared secret.
    #[error("`{0}` is not a secret for a build: give `id=NAME`, with the name of a declared secret")]
    SecretMount(String),
    /// Not a duration.
    #[error("`{0}` is not a duration: give a whole number with its unit, such as `90s`, `5m` or `1h`")]
    Duration(String),
    /// Not a branch.
    #[error("`{0}` is not a branch: give its full name, such as `refs/heads/main`")]
    BranchName(String),
    /// Not the name of a variable.
    #[error("`{0}` is not the name of a variable: use letters, digits, `_` and `-`, starting with a letter or `_`")]
    VariableName(String),
    /// More than a value holds.
    #[error("the value has {0} bytes: give one of at most 4096")]
    LongValue(usize),
    /// Not a subject of a commit.
    #[error(
        "`{0}` is not a message: give one line of at most 200 characters, without `[`, `]` and `***` (marks for pipelines come from --skip-ci)"
    )]
    Message(String),
    /// Not the name of an author.
    #[error("`{0}` is not the name of an author: give one line without `<` and `>`")]
    PersonName(String),
    /// Not a mail address.
    #[error("`{0}` is not a mail address: give one such as `deploy-runner@example.com`")]
    MailAddress(String),
    /// Text that shows differently from what it is.
    #[error("{0:?} has a character that does not show (a control or direction character): remove it")]
    Invisible(String),
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn refuse_invisible(text: &str) -> Result<(), ValueError> {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    if text.contains(invisible) {
        Err(ValueError::Invisible(text.to_owned()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::str::FromStr;

    use super::*;

    #[track_caller]
    fn check<T: FromStr<Err = ValueError> + fmt::Debug + PartialEq>(accepted: &[&str], refused: &[&str]) {
        for text in accepted {
            assert!(
                text.parse::<T>().is_ok(),
                "{text:?} should be accepted: {:?}",
                text.parse::<T>()
            );
        }
        for text in refused {
            assert!(
                text.parse::<T>().is_err(),
                "{text:?} should be refused: {:?}",
                text.parse::<T>()
            );
        }
    }

    #[test]
    fn a_commit_is_a_full_lower_case_object_id_and_nothing_else() {
        let (sha1, sha256) = ("0123456789abcdef0123456789abcdef01234567", "0".repeat(64));
        check::<CommitId>(
            &[sha1, &sha256],
            &[
                "",
                "main",
                "HEAD",
                "0123456",
                "-h",
                "--upload-pack=x",
                &sha1.to_uppercase(),
                &format!("{sha1}\n"),
                &format!("{sha1}^"),
                &format!("{sha1}0"),
                &"g".repeat(40),
                &"\u{ff10}".repeat(40),
            ],
        );
        assert_eq!(sha1.parse::<CommitId>().unwrap().object_format(), "sha1");
        assert_eq!(sha256.parse::<CommitId>().unwrap().object_format(), "sha256");
    }

    #[test]
    fn a_ref_name_is_full_and_never_a_pattern_or_a_refspec() {
        check::<RefName>(
            &["refs/heads/main", "refs/tags/v1.2.3", "refs/heads/release/1.x"],
            &[
                "main",
                "heads/main",
                "refs/heads",
                "refs/heads/",
                "refs//heads/x",
                "refs/heads/*",
                "refs/heads/a:refs/heads/b",
                "+refs/heads/main",
                "^refs/heads/main",
                "refs/heads/a..b",
                "refs/heads/.hidden",
                "refs/heads/x.lock",
                "refs/heads/a b",
                "refs/heads/a@{1}",
                "refs/heads/ä",
                "-refs/heads/main",
            ],
        );
    }

    #[test]
    fn a_path_stays_inside_the_repository_by_its_words() {
        check::<RelativePath>(
            &[".", "prod", "prod/network", "a..b/c", "prod/ümlaut", "with space/x"],
            &[
                "",
                "/etc",
                "..",
                "../x",
                "a/../b",
                "a//b",
                "a/",
                "./a",
                "a/.",
                "-rf",
                "--help",
                ".git",
                "a/.git/hooks",
                "a/.GIT",
                "a\\b",
                "a\nb",
                "a\0b",
                "a\u{202e}b",
                "a\u{2028}b",
            ],
        );
    }

    #[test]
    fn the_first_equals_sign_splits_an_assignment() {
        let assignment: Assignment = "a=b=c".parse().unwrap();
        assert_eq!((assignment.key(), assignment.to_string().as_str()), ("a", "a=b=c"));
        check::<Assignment>(
            &["a=", "a_b-c=1", "x=1 -lock=false", "_=x", "list=[\n1]"],
            &["", "a", "=b", "-lock=false", "1a=b", "a b=c", "../x.tfbackend", "å=1"],
        );
    }

    #[test]
    fn the_value_of_an_assignment_is_not_shown_in_debug_or_in_errors() {
        let assignment: Assignment = "password=hunter2".parse().unwrap();
        assert_eq!(format!("{assignment:?}"), "Assignment(password=…)");
        let refused = "pass word=hunter2".parse::<Assignment>().unwrap_err();
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }

    #[test]
    fn addresses_output_names_and_durations_never_start_like_an_option() {
        check::<Address>(
            &["aws_vpc.main", "module.a.b[\"x\"]"],
            &["", "-x", "--lock=false", "[0]", "a\nb"],
        );
        check::<OutputName>(&["vpc_id", "a-b"], &["", "-json", "a b", "a=b", "ä"]);
        check::<LockTimeout>(
            &["0s", "90s", "5m", "1h"],
            &["", "s", "90", "-1s", "1.5h", "1h30m", "1000000s", "90s "],
        );
    }

    #[test]
    fn a_branch_is_a_ref_under_heads() {
        check::<BranchName>(
            &["refs/heads/main", "refs/heads/release/1.x"],
            &[
                "main",
                "refs/tags/v1",
                "refs/heads",
                "refs/heads/",
                "+refs/heads/main",
                "refs/heads/a:refs/heads/b",
                "refs/headsx/main",
                "refs/heads/x.lock",
                "refs/pull/1/head",
            ],
        );
    }

    #[test]
    fn a_variable_has_a_plain_name_and_a_value_of_one_visible_line() {
        check::<VariableName>(
            &["a", "image_version", "a-b", "_x"],
            &["", "1a", "a b", "a.b", "-a", "\u{e5}"],
        );
        check::<VariableValue>(
            &["", "1.2.3", "-1", "${x}", "a \"b\"", "\u{fc}"],
            &["a\nb", "a\0", "a\u{1b}[2J", "\u{202e}a", &"x".repeat(4_097)],
        );
    }

    #[test]
    fn what_goes_into_a_commit_is_one_line_and_steers_no_pipeline() {
        check::<CommitMessage>(
            &["Release 1.2.3", "a: b (c) #1", &"x".repeat(200)],
            &[
                "",
                " ",
                " a",
                "a ",
                "a\nb",
                "x [skip ci]",
                "[ci skip]",
                "***NO_CI***",
                &"x".repeat(201),
            ],
        );
        check::<PersonName>(
            &["Deploy Runner", "J\u{f6}rg"],
            &["", " a", "a <b>", "a\nb", "a>", &"x".repeat(101)],
        );
        check::<MailAddress>(
            &["a@example.com", "a.b+c@example.com"],
            &[
                "",
                "a",
                "@example.com",
                "a@",
                "a b@example.com",
                "<a@example.com>",
                "a@b@c",
                "a\n@b",
            ],
        );
    }

    #[test]
    fn a_version_is_one_exact_version_and_never_a_range_or_a_path() {
        check::<ToolVersion>(
            &["1.11.4", "0.77.22", "1.12.0-rc1", "10.0.0-alpha.20250101"],
            &[
                "",
                "1",
                "1.11",
                "v1.11.4",
                "1.11.4+x",
                "latest",
                "latest:^1.11",
                "~> 1.11",
                ">= 1.0.0",
                "1.11.x",
                "1.11.4.1",
                "01.1.1",
                "1..1",
                "1.1.1-",
                "1.1.1-..",
                "1.1.1-a..b",
                "1.1.1-.a",
                "1.1.1-a/b",
                "../1.1.1",
                "1.1.1 ",
                "1.1.1\n",
                "-1.1.1",
                "1.1.-1",
                "\u{ff11}.1.1",
                "100000.0.0",
                &format!("1.1.1-{}", "a".repeat(33)),
            ],
        );
    }

    #[test]
    fn a_place_of_this_machine_is_absolute_and_normalised() {
        check::<AbsolutePath>(
            &["/opt/tools", "/plans"],
            &[
                "", "/", "opt", "./x", "/a/../b", "/a//b", "/a/", "/a/./b", "-/a", "/a\nb",
            ],
        );
    }

    #[test]
    fn plans_are_kept_in_a_directory_or_in_a_folder_of_a_bucket() {
        check::<PlanStore>(
            &[
                "/plans",
                "s3://acme-plans",
                "s3://acme-plans/",
                "s3://acme-plans/a/b_c-1.2",
                "s3://a1b/x/",
            ],
            &[
                "",
                "plans",
                "/a/../b",
                "s3://",
                "s3:///x",
                "s3://ab",
                "s3://Acme",
                "s3://acme.plans",
                "s3://-acme",
                "s3://acme-",
                "s3://acme@evil",
                "s3://acme:9000",
                "s3://acme?x",
                "s3://acme/../x",
                "s3://acme//x",
                "s3://acme/x//",
                "s3://acme/x y",
                "s3://acme/x?y",
                "s3://acme/%2e%2e",
                "s3://acme/x\n",
                "S3://acme",
                "https://acme",
                "gs://acme",
            ],
        );
        let key = |text: &str| match text.parse::<PlanStore>().unwrap() {
            PlanStore::Bucket(folder) => (folder.key("x.plan"), folder.to_string()),
            PlanStore::Directory(_) => unreachable!(),
        };
        assert_eq!(key("s3://acme"), ("x.plan".to_owned(), "s3://acme/".to_owned()));
        assert_eq!(
            key("s3://acme/a/b"),
            ("a/b/x.plan".to_owned(), "s3://acme/a/b/".to_owned())
        );
    }

    #[test]
    fn a_plan_is_named_by_its_whole_digest_and_lives_for_a_week_at_most() {
        let digest = "0123456789abcdef".repeat(4);
        check::<PlanDigest>(
            &[&digest],
            &[
                "",
                "latest",
                "../x",
                &digest[1..],
                &format!("{digest}0"),
                &digest.to_uppercase(),
                &format!("{digest}\n"),
            ],
        );
        check::<PlanLifetime>(
            &["1m", "30m", "24h", "168h"],
            &[
                "", "0m", "0h", "169h", "10081m", "1d", "90s", "-1h", "1.5h", "24", "h", "999999h",
            ],
        );
    }

    #[test]
    fn a_tag_of_a_machine_image_is_one_that_aws_allows() {
        let (key, value) = ("k".repeat(128), "\u{fc}".repeat(256));
        check::<AmiTag>(
            &[
                "version=1.2.3",
                "a=",
                "a=b=c",
                "team:owner/x@y=*?\\",
                "gr\u{f6}\u{df}e=\u{fc}",
                "a b=c d",
                &format!("{key}={value}"),
            ],
            &[
                "",
                "version",
                "=1",
                "aws:x=1",
                "AWS:x=1",
                " a=1",
                "a =1",
                "a= 1",
                "a=1 ",
                "a*=1",
                "a?=1",
                "a\\=1",
                "a,b=1",
                "a=1\n",
                "a=\u{202e}1",
                &format!("{key}k=1"),
                &format!("a={value}1"),
            ],
        );
        let tag: AmiTag = "a=b=c".parse().unwrap();
        assert_eq!(
            (tag.key(), tag.value(), tag.to_string().as_str()),
            ("a", "b=c", "a=b=c")
        );
    }

    #[test]
    fn a_plain_directory_is_no_pattern() {
        check::<PlainDirectory>(
            &["app", "eu-west-1/app", "with space"],
            &[
                "", "*", "a/**", "a?", "[ab]", "{a,b}", "!a", "a|b", "..", "/a", "-a", "a'b", "a\"b", "a\nb", ".",
            ],
        );
    }

    #[test]
    fn ancestry_lists_every_directory_on_the_way() {
        let path: RelativePath = "a/b/c".parse().unwrap();
        assert_eq!(path.ancestry(), ["a", "a/b", "a/b/c"]);
        assert_eq!(".".parse::<RelativePath>().unwrap().ancestry(), Vec::<String>::new());
    }
}
