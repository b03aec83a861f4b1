//! Where a container engine may listen on this machine. Never connects anywhere.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// The sockets to try, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerSockets {
    places: Places,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Places {
    /// Where engines usually listen.
    Usual(Vec<PathBuf>),
    /// The variable that names one, and the socket.
    Chosen(&'static str, PathBuf),
    /// The variable names something that is no socket of this machine.
    Elsewhere(&'static str, String),
}

impl Default for Places {
    fn default() -> Self {
        Self::Usual(Vec::new())
    }
}

/// Variables that name an engine, the first that is set counts.
const VARIABLES: [&str; 2] = ["DOCKER_HOST", "CONTAINER_HOST"];

impl ContainerSockets {
    /// What the variables of the environment say: `DOCKER_HOST` or `CONTAINER_HOST`, or else the usual places of Docker and Podman, run by the
    /// system or by the user.
    pub fn by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &'static str| Some((name, variable(name).filter(|value| !value.is_empty())?));
        let places = match VARIABLES.into_iter().find_map(set) {
            Some((name, value)) => match value.strip_prefix("unix://") {
                Some(path) if path.starts_with('/') => Places::Chosen(name, PathBuf::from(path)),
                Some(_) | None => {
                    let scheme = value.split(':').next().unwrap_or_default();
                    Places::Elsewhere(
                        name,
                        scheme.chars().filter(char::is_ascii_alphanumeric).take(16).collect(),
                    )
                }
            },
            None => Places::Usual(usual(variable("XDG_RUNTIME_DIR").as_deref())),
        };
        Self { places }
    }

    /// The sockets that are there. The error says why there is none.
    pub(crate) fn present(&self) -> Result<Vec<PathBuf>, String> {
        match &self.places {
            Places::Chosen(_, path) if is_socket(path) => Ok(vec![path.clone()]),
            Places::Chosen(name, path) => Err(format!("`{}`, which {name} names, is no socket", path.display())),
            Places::Elsewhere(name, scheme) => Err(format!(
                "{name} names an engine by `{scheme}:`, and only a socket of this machine can be used: `unix:///PATH`"
            )),
            Places::Usual(places) => {
                let present: Vec<PathBuf> = places.iter().filter(|place| is_socket(place)).cloned().collect();
                if present.is_empty() {
                    Err("no socket of Docker or Podman is on this machine".to_owned())
                } else {
                    Ok(present)
                }
            }
        }
    }
}

fn usual(runtime_dir: Option<&str>) -> Vec<PathBuf> {
    let own = runtime_dir.filter(|dir| dir.starts_with('/')).map(Path::new);
    let of_the_user = own
        .into_iter()
        .flat_map(|dir| [dir.join("docker.sock"), dir.join("podman/podman.sock")]);
    let of_the_system = ["/var/run/docker.sock", "/run/podman/podman.sock"].map(PathBuf::from);
    of_the_user.chain(of_the_system).collect()
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(variables: &[(&str, &str)]) -> ContainerSockets {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        ContainerSockets::by(find)
    }

    #[track_caller]
    fn refused(variables: &[(&str, &str)], expected: &str) {
        assert_eq!(by(variables).present().expect_err("there is none"), expected);
    }

    #[test]
    fn the_users_own_engine_comes_before_the_systems() {
        let expected = [
            "/run/user/7/docker.sock",
            "/run/user/7/podman/podman.sock",
            "/var/run/docker.sock",
            "/run/podman/podman.sock",
        ];
        assert_eq!(
            by(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("DOCKER_HOST", "")]).places,
            Places::Usual(expected.map(PathBuf::from).to_vec())
        );
    }

    #[test]
    fn a_named_engine_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let named = format!("unix://{}", socket.display());
        for variable in VARIABLES {
            assert_eq!(
                by(&[(variable, &named)]).present().unwrap(),
                std::slice::from_ref(&socket)
            );
        }
        let both = by(&[("CONTAINER_HOST", &named), ("DOCKER_HOST", "unix:///nowhere/x.sock")]);
        assert_eq!(
            both.present().expect_err("not there"),
            "`/nowhere/x.sock`, which DOCKER_HOST names, is no socket"
        );
    }

    #[test]
    fn an_engine_of_another_machine_is_refused_without_showing_its_address() {
        for (value, scheme) in [
            ("tcp://user:hunter2@host:2375", "tcp"),
            ("ssh://me@host", "ssh"),
            ("unix://relative", "unix"),
        ] {
            refused(
                &[("DOCKER_HOST", value)],
                &format!(
                    "DOCKER_HOST names an engine by `{scheme}:`, and only a socket of this machine can be used: `unix:///PATH`"
                ),
            );
        }
    }

    #[test]
    fn a_file_that_is_no_socket_is_no_engine() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("docker.sock"), "").unwrap();
        let sockets = ContainerSockets {
            places: Places::Usual(vec![folder.path().join("docker.sock")]),
        };
        assert_eq!(
            sockets.present().expect_err("none"),
            "no socket of Docker or Podman is on this machine"
        );
    }
}
