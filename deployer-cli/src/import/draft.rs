//! The allow-list in the making, and taking things out of it again.
//!
//! Taking out never widens: what is always passed to a script goes only together with the script.

use std::collections::BTreeMap;

use super::configuration::Sizes;

/// An allow-list before it has passed `check`.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) default_container: Option<String>,
    pub(super) sizes: Sizes,
    /// Alias to address.
    pub(super) repositories: BTreeMap<String, String>,
    pub(super) containers: BTreeMap<String, Container>,
}

#[derive(Debug, Default)]
pub(super) struct Container {
    pub(super) image: String,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) scripts: BTreeMap<String, Script>,
}

#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) fixed_options: BTreeMap<String, Vec<String>>,
    pub(super) fixed_positionals: Vec<String>,
    pub(super) options: BTreeMap<String, Value>,
}

/// What the value of an option may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Flag,
    Text { pattern: Option<String> },
    Choice { one_of: Vec<String> },
    Commit,
    Repository { aliases: Vec<String> },
}

/// A part of the file that stands on lines of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// What is the same in every file.
    Frame,
    DefaultContainer,
    Sizes,
    Repository(String),
    Container(String),
    Variable {
        container: String,
        name: String,
    },
    Secret {
        container: String,
        name: String,
    },
    /// A script with everything that is always passed to it.
    Script {
        container: String,
        name: String,
    },
    Option {
        container: String,
        script: String,
        name: String,
    },
}

impl Part {
    /// Where it stands in an allow-list.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Frame => String::new(),
            Self::DefaultContainer => "defaults.container".to_owned(),
            Self::Sizes => "defaults.task".to_owned(),
            Self::Repository(alias) => format!("repositories.{alias}"),
            Self::Container(name) => format!("containers.{name}"),
            Self::Variable { container, name } => format!("containers.{container}.environment.{name}"),
            Self::Secret { container, name } => format!("containers.{container}.secrets.{name}"),
            Self::Script { container, name } => format!("containers.{container}.scripts.{name}"),
            Self::Option {
                container,
                script,
                name,
            } => format!("containers.{container}.scripts.{script}.options.{name}"),
        }
    }
}

impl Draft {
    /// Takes a part out. Answers whether it was there; the frame always stays.
    pub(super) fn remove(&mut self, part: &Part) -> bool {
        match part {
            Part::Frame => false,
            Part::DefaultContainer => self.default_container.take().is_some(),
            Part::Sizes => std::mem::take(&mut self.sizes) != Sizes::default(),
            Part::Repository(alias) => self.remove_repository(alias),
            Part::Container(name) => self.containers.remove(name).is_some(),
            Part::Variable { container, name } => self
                .containers
                .get_mut(container)
                .is_some_and(|found| found.environment.remove(name).is_some()),
            Part::Secret { container, name } => self
                .containers
                .get_mut(container)
                .is_some_and(|found| found.secrets.remove(name).is_some()),
            Part::Script { container, name } => self
                .containers
                .get_mut(container)
                .is_some_and(|found| found.scripts.remove(name).is_some()),
            Part::Option {
                container,
                script,
                name,
            } => self
                .script_mut(container, script)
                .is_some_and(|found| found.options.remove(name).is_some()),
        }
    }

    fn script_mut(&mut self, container: &str, script: &str) -> Option<&mut Script> {
        self.containers.get_mut(container)?.scripts.get_mut(script)
    }

    /// With the repository goes its alias in every option, and an option that names no other.
    fn remove_repository(&mut self, alias: &str) -> bool {
        let scripts = self
            .containers
            .values_mut()
            .flat_map(|container| container.scripts.values_mut());
        for script in scripts {
            script.options.retain(|_, value| {
                if let Value::Repository { aliases } = value {
                    aliases.retain(|other| other != alias);
                    return !aliases.is_empty();
                }
                true
            });
        }
        self.repositories.remove(alias).is_some()
    }

    /// Whether an option names the repository.
    pub(super) fn uses(&self, alias: &str) -> bool {
        let scripts = self
            .containers
            .values()
            .flat_map(|container| container.scripts.values());
        scripts
            .flat_map(|script| script.options.values())
            .any(|value| matches!(value, Value::Repository { aliases } if aliases.iter().any(|used| used == alias)))
    }
}
