//! The allow-list as the gate holds it: loaded from canonical bytes, every pattern and index built, every invariant checked again.
//!
//! Loads all of it or nothing. Never reads YAML, never decides.

mod invariant;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::compiled::{
    Compiled, Container, FORMAT, OptionRule, ParameterStyle, PositionalRule, Repository, Script, ValueType,
};
use crate::value::{Checker, TypeError, some_of};

/// Most bytes of a compiled allow-list.
pub const MAX_COMPILED_BYTES: usize = 4 << 20;
/// Most arguments of a request.
pub(crate) const MAX_ARGUMENTS: usize = 256;

/// Why a compiled allow-list cannot be trusted. The gate then denies everything.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Larger than [`MAX_COMPILED_BYTES`].
    #[error("the compiled allow-list has {0} bytes: at most {MAX_COMPILED_BYTES} are read")]
    TooLarge(usize),
    /// Not the JSON of a compiled allow-list.
    #[error("the compiled allow-list is not understood: {0}: compile it again with this release")]
    Malformed(#[from] serde_json::Error),
    /// Another format.
    #[error("the compiled allow-list has format {0}, this build reads {FORMAT}: compile it again with this release")]
    Format(u32),
    /// Something else than what the compiler writes: edited by hand, duplicate keys, spaces.
    #[error("the compiled allow-list is not in its canonical form: compile it again instead of editing it")]
    NotCanonical,
    /// A type that accepts nothing, or something unsafe.
    #[error("{rule}: {error}")]
    Type {
        /// Path in the allow-list.
        rule: String,
        /// What is wrong with it.
        #[source]
        error: TypeError,
    },
    /// Something that a decision depends on does not hold.
    #[error("{rule}: {broken}")]
    Invariant {
        /// Path in the allow-list.
        rule: String,
        /// What does not hold.
        broken: &'static str,
    },
}

/// A whole allow-list, ready to decide.
#[derive(Debug)]
pub struct AllowList {
    pub(crate) digest: String,
    pub(crate) default_container: Option<String>,
    pub(crate) containers: IndexMap<String, ContainerRules>,
}

/// A container and its scripts.
#[derive(Debug)]
pub(crate) struct ContainerRules {
    pub(crate) path: String,
    /// Its scripts have moved to `scripts`.
    pub(crate) spec: Container,
    pub(crate) scripts: IndexMap<String, ScriptRules>,
}

/// A script and what its callers may say.
#[derive(Debug)]
pub(crate) struct ScriptRules {
    pub(crate) path: String,
    pub(crate) description: String,
    pub(crate) style: ParameterStyle,
    pub(crate) fixed_options: IndexMap<String, Vec<String>>,
    pub(crate) fixed_positionals: Vec<String>,
    pub(crate) options: IndexMap<String, OptionRules>,
    pub(crate) positionals: Vec<PositionalRules>,
}

/// An option that callers may give.
#[derive(Debug)]
pub(crate) struct OptionRules {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) spec: OptionRule,
    pub(crate) value: ValueRules,
}

/// A positional that callers may give.
#[derive(Debug)]
pub(crate) struct PositionalRules {
    pub(crate) path: String,
    pub(crate) spec: PositionalRule,
    pub(crate) value: ValueRules,
}

/// What a value may be, and what stands for it in the canonical arguments.
#[derive(Debug)]
pub(crate) struct ValueRules {
    pub(crate) checker: Checker,
    /// The repositories that its aliases name; empty for every other type.
    pub(crate) repositories: IndexMap<String, Repository>,
    /// The option that carries the protected refs of its repository.
    pub(crate) protected_refs_as: Option<String>,
}

impl AllowList {
    /// Loads the canonical bytes that the compiler wrote, and nothing else.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        if bytes.len() > MAX_COMPILED_BYTES {
            return Err(LoadError::TooLarge(bytes.len()));
        }
        let compiled: Compiled = serde_json::from_slice(bytes)?;
        if compiled.format != FORMAT {
            return Err(LoadError::Format(compiled.format));
        }
        if serde_json::to_vec(&compiled)? != bytes {
            return Err(LoadError::NotCanonical);
        }
        invariant::check(&compiled)?;
        let repositories = compiled.repositories;
        let containers = compiled
            .containers
            .into_iter()
            .map(|(name, container)| Ok((name.clone(), ContainerRules::new(&name, container, &repositories)?)))
            .collect::<Result<_, LoadError>>()?;
        Ok(Self {
            digest: hex::encode(Sha256::digest(bytes)),
            default_container: compiled.default_container,
            containers,
        })
    }

    /// SHA-256 of the canonical bytes, in lower-case hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl ContainerRules {
    fn new(name: &str, mut spec: Container, repositories: &IndexMap<String, Repository>) -> Result<Self, LoadError> {
        let path = format!("containers.{name}");
        let scripts = std::mem::take(&mut spec.scripts)
            .into_iter()
            .map(|(name, script)| {
                let path = format!("{path}.scripts.{name}");
                Ok((name, ScriptRules::new(path, script, repositories)?))
            })
            .collect::<Result<_, LoadError>>()?;
        Ok(Self { path, spec, scripts })
    }
}

impl ScriptRules {
    fn new(path: String, script: Script, repositories: &IndexMap<String, Repository>) -> Result<Self, LoadError> {
        let options = script
            .options
            .into_iter()
            .map(|(name, spec)| {
                let path = format!("{path}.options.{name}");
                Ok((name.clone(), OptionRules::new(path, name, spec, repositories)?))
            })
            .collect::<Result<_, LoadError>>()?;
        let positionals = script
            .positionals
            .into_iter()
            .map(|spec| {
                let path = format!("{path}.positionals.{}", spec.name);
                let value = ValueRules::new(&path, &spec.value, repositories)?;
                Ok(PositionalRules { path, spec, value })
            })
            .collect::<Result<_, LoadError>>()?;
        Ok(Self {
            path,
            description: script.description,
            style: script.parameter_style,
            fixed_options: script.fixed_options,
            fixed_positionals: script.fixed_positionals,
            options,
            positionals,
        })
    }

    /// The options that callers may give, in one line.
    pub(crate) fn accepted_options(&self) -> String {
        if self.options.is_empty() {
            return "no options at all".to_owned();
        }
        let names: Vec<&str> = self.options.keys().map(String::as_str).collect();
        format!("one of: {}", some_of(&names))
    }

    /// The option through which the gate hands the protected refs of a repository on.
    pub(crate) fn carries_protected_refs(&self, name: &str) -> Option<&str> {
        let options = self.options.values().map(|option| (&option.path, &option.value));
        let positionals = self
            .positionals
            .iter()
            .map(|positional| (&positional.path, &positional.value));
        options
            .chain(positionals)
            .find(|(_, value)| value.protected_refs_as.as_deref() == Some(name))
            .map(|(path, _)| path.as_str())
    }
}

impl OptionRules {
    fn new(
        path: String,
        name: String,
        spec: OptionRule,
        repositories: &IndexMap<String, Repository>,
    ) -> Result<Self, LoadError> {
        let value = ValueRules::new(&path, &spec.value, repositories)?;
        if spec
            .default
            .as_ref()
            .is_some_and(|default| value.checker.check(default).is_err())
        {
            return Err(invariant::broken(path, "its default is not a value that it accepts"));
        }
        Ok(Self {
            path,
            name,
            spec,
            value,
        })
    }

    /// Takes no value at all.
    pub(crate) fn is_flag(&self) -> bool {
        matches!(self.spec.value, ValueType::Flag)
    }
}

impl ValueRules {
    fn new(path: &str, value: &ValueType, repositories: &IndexMap<String, Repository>) -> Result<Self, LoadError> {
        let checker = Checker::new(value).map_err(|error| LoadError::Type {
            rule: path.to_owned(),
            error,
        })?;
        let (aliases, protected_refs_as) = match value {
            ValueType::Repository {
                one_of,
                protected_refs_as,
            } => (one_of.as_slice(), protected_refs_as.clone()),
            ValueType::Flag
            | ValueType::Choice { .. }
            | ValueType::Commit
            | ValueType::Ref
            | ValueType::Path { .. }
            | ValueType::Integer { .. }
            | ValueType::Text(_)
            | ValueType::KeyValue { .. } => (&[][..], None),
        };
        let repositories = aliases
            .iter()
            .map(|alias| {
                repositories
                    .get(alias)
                    .map(|repository| (alias.clone(), repository.clone()))
            })
            .collect::<Option<_>>()
            .ok_or_else(|| invariant::broken(path.to_owned(), "it names a repository that is not declared"))?;
        Ok(Self {
            checker,
            repositories,
            protected_refs_as,
        })
    }
}
