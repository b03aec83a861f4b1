//! git's environment and configuration: all of it, and all of it ours.
//!
//! Responsible for neither the machine, nor the environment, nor a repository being able to make git run something: no hooks,
//! no other transport than the address's own, no submodules, no prompts, no credential programs. Never starts git.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::GitError;
use crate::program;
use crate::repository_url::{RepositoryUrl, Transport};

/// Used with a token when no user name is declared; GitHub, GitLab and most others take any name.
const DEFAULT_USER: &str = "x-access-token";
/// Where a proxy or the certificates are is the environment's business: the allow-list declares it.
const PASSED_ON: [&str; 12] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "SSH_AUTH_SOCK",
];

/// For `--help`: what is for git of the declared environment, the same for every script.
pub const ENVIRONMENT_HELP: &str = "\
Environment (declared in the allow-list; no other program gets git's credentials):
  GIT_TOKEN, GIT_USERNAME   credential for `https://` repositories
  GIT_HOST                  host (and port) that GIT_TOKEN is for; GIT_TOKEN_2 … GIT_TOKEN_9 with
                            theirs for more hosts
  SSH_PRIVATE_KEY           key for `ssh://` repositories; SSH_AUTH_SOCK for an agent instead
  SSH_KNOWN_HOSTS           accepted host keys (text); no other server is believed
  HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE   for git and every other program
";

/// Several hosts need several tokens: `GIT_TOKEN`, `GIT_TOKEN_2` and so on, each with its `GIT_HOST` and `GIT_USERNAME`.
const SUFFIXES: [&str; 9] = ["", "_2", "_3", "_4", "_5", "_6", "_7", "_8", "_9"];

/// The declared private key, if the repository is reached by SSH.
pub(super) fn declared_key(url: &RepositoryUrl) -> Option<String> {
    let key = env::var("SSH_PRIVATE_KEY").ok().filter(|key| !key.is_empty())?;
    (url.transport() == Transport::Ssh).then_some(key)
}

/// Writes the files that the environment points to.
pub(super) fn write_files(home: &Path, url: &RepositoryUrl) -> Result<(), GitError> {
    write_file(&home.join("gitconfig"), &configuration(url.transport()))?;
    write_file(
        &home.join("known_hosts"),
        &env::var("SSH_KNOWN_HOSTS").unwrap_or_default(),
    )
}

/// All that git sees of the environment.
pub(super) fn environment(
    home: &Path,
    url: &RepositoryUrl,
    credential: Option<&Credential>,
) -> Vec<(OsString, OsString)> {
    let fixed = [
        ("PATH", program::search_path()),
        ("HOME", home.into()),
        ("XDG_CONFIG_HOME", home.into()),
        ("LC_ALL", "C".into()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_CONFIG_GLOBAL", home.join("gitconfig").into()),
        ("GIT_ATTR_NOSYSTEM", "1".into()),
        ("GIT_ALLOW_PROTOCOL", url.transport().git_name().into()),
        ("GIT_PROTOCOL_FROM_USER", "0".into()),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("GIT_ASKPASS", "false".into()),
        ("SSH_ASKPASS_REQUIRE", "never".into()),
        ("GIT_SSH_VARIANT", "ssh".into()),
        ("GIT_SSH_COMMAND", ssh_command(home)),
        ("GIT_NO_REPLACE_OBJECTS", "1".into()),
        ("GIT_NO_LAZY_FETCH", "1".into()),
        ("GIT_LITERAL_PATHSPECS", "1".into()),
        ("GIT_LFS_SKIP_SMUDGE", "1".into()),
        ("GIT_PAGER", "cat".into()),
        ("GIT_EDITOR", "false".into()),
    ];
    let passed_on = PASSED_ON
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    // git does not look at SSL_CERT_FILE, whatever it was built with.
    let authorities = env::var_os("GIT_SSL_CAINFO")
        .is_none()
        .then(|| env::var_os("SSL_CERT_FILE"));
    let authorities = authorities.flatten().map(|bundle| ("GIT_SSL_CAINFO", bundle));
    let credential = credential.into_iter().flat_map(|secret| secret.as_configuration(url));
    fixed
        .into_iter()
        .chain(passed_on)
        .chain(authorities)
        .chain(credential)
        .map(|(name, value)| (name.into(), value))
        .collect()
}

/// git runs this through a shell, so it holds fixed words and one quoted path of our own making.
fn ssh_command(home: &Path) -> OsString {
    let known_hosts = home.join("known_hosts");
    let quoted = known_hosts.to_string_lossy().replace('\'', r"'\''");
    format!(
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o PermitLocalCommand=no \
             -o ForwardAgent=no -o 'UserKnownHostsFile={quoted} /etc/ssh/ssh_known_hosts'"
    )
    .into()
}

/// A user name and a token for the repository's host. Lives in memory and in git's environment only.
pub struct Credential {
    user: String,
    token: String,
}

impl Credential {
    /// The declared token for the repository's host: the one whose `GIT_HOST` it is, or else `GIT_TOKEN` if it has no host.
    pub fn from_environment(url: &RepositoryUrl) -> Option<Self> {
        Self::of(url, |name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn of(url: &RepositoryUrl, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let declared = |suffix: &str| {
            let token = variable(&format!("GIT_TOKEN{suffix}"))?;
            let user = variable(&format!("GIT_USERNAME{suffix}")).unwrap_or_else(|| DEFAULT_USER.to_owned());
            Some(Self { user, token })
        };
        let host = |suffix: &str| variable(&format!("GIT_HOST{suffix}"));
        let of_this_host = SUFFIXES
            .into_iter()
            .filter(|suffix| host(suffix).is_some_and(|host| host == url.authority()))
            .find_map(declared);
        // A token with a number and without a host belongs nowhere.
        let of_any_host = || declared("").filter(|_| host("").is_none());
        of_this_host.or_else(of_any_host)
    }

    /// One header for one host, given to git without a file, an argument or another program.
    fn as_configuration(&self, url: &RepositoryUrl) -> Vec<(&'static str, OsString)> {
        if url.transport() != Transport::Https && url.transport() != Transport::Http {
            return Vec::new();
        }
        let basic = BASE64.encode(format!("{}:{}", self.user, self.token));
        vec![
            ("GIT_CONFIG_COUNT", "1".into()),
            ("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", url.origin()).into()),
            ("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}").into()),
        ]
    }
}

/// Received objects are checked, but for three old mistakes that harm nobody and that long histories have. Files are written by as many
/// workers as there are processors.
fn configuration(transport: Transport) -> String {
    let transport = transport.git_name();
    format!(
        "[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n\tattributesFile = /dev/null\n\texcludesFile = /dev/null\n\
         \tprotectHFS = true\n\tprotectNTFS = true\n\
         [checkout]\n\tworkers = 0\n\
         [init]\n\tdefaultBranch = unused\n\
         [safe]\n\tdirectory = *\n\
         [protocol]\n\tallow = never\n[protocol \"{transport}\"]\n\tallow = always\n\
         [transfer]\n\tfsckObjects = true\n\
         [fetch \"fsck\"]\n\tbadTimezone = ignore\n\tmissingSpaceBeforeDate = ignore\n\tzeroPaddedFilemode = ignore\n\
         [fetch]\n\trecurseSubmodules = false\n[submodule]\n\trecurse = false\n\
         [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
         [http]\n\tfollowRedirects = false\n\tlowSpeedLimit = 1000\n\tlowSpeedTime = 60\n\
         [credential]\n\thelper =\n\
         [advice]\n\tdetachedHead = false\n"
    )
}

fn write_file(path: &Path, text: &str) -> Result<(), GitError> {
    fs::write(path, text).map_err(|source| GitError::Prepare {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Several of these protect against the same thing, so only a look at all of them shows that none is missing.
    #[test]
    fn git_gets_every_protection_and_nothing_else() {
        let home = Path::new("/place/git");
        let url: RepositoryUrl = "https://git.example.com/live.git".parse().unwrap();
        let credential = Credential {
            user: "carol".to_owned(),
            token: "hunter2".to_owned(),
        };
        let mut environment: BTreeMap<_, _> = environment(home, &url, Some(&credential))
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
            .collect();
        for name in PASSED_ON {
            environment.remove(name);
        }
        let home = home.to_str().unwrap().to_owned();
        assert!(environment.remove("PATH").is_some());
        let ssh = environment.remove("GIT_SSH_COMMAND").unwrap();
        assert!(
            ssh.starts_with("ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes "),
            "{ssh}"
        );
        let expected = [
            ("GIT_ALLOW_PROTOCOL", "https"),
            ("GIT_ASKPASS", "false"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_GLOBAL", &format!("{home}/gitconfig")),
            ("GIT_CONFIG_KEY_0", "http.https://git.example.com/.extraHeader"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_VALUE_0", "Authorization: Basic Y2Fyb2w6aHVudGVyMg=="),
            ("GIT_EDITOR", "false"),
            ("GIT_LFS_SKIP_SMUDGE", "1"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_PAGER", "cat"),
            ("GIT_PROTOCOL_FROM_USER", "0"),
            ("GIT_SSH_VARIANT", "ssh"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("HOME", &home),
            ("LC_ALL", "C"),
            ("SSH_ASKPASS_REQUIRE", "never"),
            ("XDG_CONFIG_HOME", &home),
        ];
        let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(environment, expected);
    }

    #[test]
    fn the_configuration_has_every_protection() {
        let configuration = configuration(Transport::Ssh);
        let settings: Vec<_> = configuration.lines().map(str::trim).collect();
        assert_eq!(
            settings,
            [
                "[core]",
                "hooksPath = /dev/null",
                "fsmonitor = false",
                "attributesFile = /dev/null",
                "excludesFile = /dev/null",
                "protectHFS = true",
                "protectNTFS = true",
                "[checkout]",
                "workers = 0",
                "[init]",
                "defaultBranch = unused",
                "[safe]",
                "directory = *",
                "[protocol]",
                "allow = never",
                "[protocol \"ssh\"]",
                "allow = always",
                "[transfer]",
                "fsckObjects = true",
                "[fetch \"fsck\"]",
                "badTimezone = ignore",
                "missingSpaceBeforeDate = ignore",
                "zeroPaddedFilemode = ignore",
                "[fetch]",
                "recurseSubmodules = false",
                "[submodule]",
                "recurse = false",
                "[gc]",
                "auto = 0",
                "[maintenance]",
                "auto = false",
                "[http]",
                "followRedirects = false",
                "lowSpeedLimit = 1000",
                "lowSpeedTime = 60",
                "[credential]",
                "helper =",
                "[advice]",
                "detachedHead = false",
            ]
        );
    }

    #[test]
    fn a_token_goes_to_its_own_host_and_to_no_other() {
        let declared = [
            ("GIT_TOKEN", "one"),
            ("GIT_HOST", "git.example.com"),
            ("GIT_TOKEN_2", "two"),
            ("GIT_HOST_2", "git.example.com:8443"),
            ("GIT_USERNAME_2", "carol"),
            ("GIT_TOKEN_3", "nowhere"),
        ];
        let token = |url: &str, declared: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = declared.iter().find(|(declared, _)| *declared == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let credential = Credential::of(&url.parse().unwrap(), variable)?;
            Some((credential.user, credential.token))
        };
        let some = |user: &str, token: &str| Some((user.to_owned(), token.to_owned()));
        assert_eq!(token("https://git.example.com/a", &declared), some(DEFAULT_USER, "one"));
        assert_eq!(token("https://git.example.com:8443/a", &declared), some("carol", "two"));
        for other in [
            "https://example.com/a",
            "https://evil.git.example.com/a",
            "https://git.example.com.evil/a",
        ] {
            assert_eq!(token(other, &declared), None, "{other}");
        }
        assert_eq!(
            token("https://other.example.com/a", &[("GIT_TOKEN", "any")]),
            some(DEFAULT_USER, "any")
        );
        assert_eq!(token("https://other.example.com/a", &[("GIT_TOKEN_2", "any")]), None);
    }

    #[test]
    fn a_credential_is_for_the_web_only() {
        let credential = Credential {
            user: "carol".to_owned(),
            token: "hunter2".to_owned(),
        };
        for url in ["ssh://git@git.example.com/live.git", "file:///srv/live.git"] {
            assert_eq!(credential.as_configuration(&url.parse().unwrap()), []);
        }
    }
}
