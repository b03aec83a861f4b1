//! The configuration as Gruntwork's modules take it: `container_images`, in each of the shapes in which Terraform writes it.
//!
//! The fields are those that the module's documentation lists for versions 0.23 to 1.3. A field that is not among them is an error: it
//! may restrict something. Never: decides what becomes of a field.

use std::collections::BTreeMap;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::ImportError;

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// By name.
    pub(super) containers: BTreeMap<String, Container>,
    /// Sizes of all containers, where the file has them.
    pub(super) sizes: Sizes,
    /// Other variables of the file, which say nothing about callers.
    pub(super) others: Vec<String>,
}

/// One entry of `container_images`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Container {
    /// Address of the image.
    pub(super) docker_image: String,
    /// Its tag.
    pub(super) docker_tag: String,
    /// Variable to ARN of a secret.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) secrets_manager_env_vars: BTreeMap<String, Word>,
    /// Variable to value.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) environment_vars: BTreeMap<String, Word>,
    /// Secrets that jobs read through the API.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) additional_secrets_manager_arns: Vec<Word>,
    /// By script.
    #[serde(default, deserialize_with = "scripts")]
    pub(super) script_config: BTreeMap<String, Value>,
    /// What a request without a container gets.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) default: bool,
    /// Read from `script_config`, with a path for its errors.
    #[serde(skip)]
    pub(super) scripts: BTreeMap<String, Script>,
}

/// What callers may give one script.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// Always passed: name to values, each a word of its own; no value is a flag.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) hardcoded_options: BTreeMap<String, Vec<Word>>,
    /// Always passed, after everything else.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) hardcoded_args: Vec<Word>,
    /// Whether callers may give positionals.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) allow_positional_args: bool,
    /// Options that callers may give; `None` for all.
    #[serde(default)]
    pub(super) allowed_options: Option<Vec<Word>>,
    /// Options without a value.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) allowed_options_without_args: Vec<Word>,
    /// Options that callers may not give.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) restricted_options: Vec<Word>,
    /// What the values of an option must match.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) restricted_options_regex: BTreeMap<String, Word>,
}

/// `container_cpu` and its companions, variables of the module beside `container_images`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) cpu: Option<u32>,
    pub(super) memory: Option<u32>,
    pub(super) max_cpu: Option<u32>,
    pub(super) max_memory: Option<u32>,
    pub(super) launch_type: Option<String>,
}

/// Text, or a number or boolean that Terraform would turn into text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(pub(super) String);

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(truth) => Ok(Self(truth.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(de::Error::custom("expected a text")),
        }
    }
}

/// Terraform writes `null` for what is absent.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn scripts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    or_default(deserializer)
}

/// The variables of the module that hold containers.
const CONTAINERS: [&str; 2] = ["container_images", "additional_container_images"];

impl Configuration {
    /// Reads JSON text.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, ImportError> {
        let root = parse(file, text)?;
        let Value::Object(root) = output(root) else {
            return Err(nothing(file, "because it is no object"));
        };
        let mut configuration = Self::default();
        if CONTAINERS.iter().any(|name| root.contains_key(*name)) {
            for (name, value) in root {
                configuration.variable(&name, output(value))?;
            }
        } else if !root.is_empty() && root.values().all(is_container) {
            configuration.containers(CONTAINERS[0], Value::Object(root))?;
        } else {
            let names: Vec<_> = root.keys().take(8).map(|name| format!("`{name}`")).collect();
            let found = if names.is_empty() {
                "because it is empty".to_owned()
            } else {
                format!("among {}", names.join(", "))
            };
            return Err(nothing(file, &found));
        }
        if configuration.containers.is_empty() {
            return Err(nothing(file, "with a container in it"));
        }
        Ok(configuration)
    }

    fn variable(&mut self, name: &str, value: Value) -> Result<(), ImportError> {
        match name {
            _ if CONTAINERS.contains(&name) => return self.containers(name, value),
            "container_cpu" => self.sizes.cpu = field(name, value)?,
            "container_memory" => self.sizes.memory = field(name, value)?,
            "container_max_cpu" => self.sizes.max_cpu = field(name, value)?,
            "container_max_memory" => self.sizes.max_memory = field(name, value)?,
            "container_default_launch_type" => self.sizes.launch_type = field(name, value)?,
            _ => self.others.push(name.to_owned()),
        }
        Ok(())
    }

    fn containers(&mut self, variable: &str, value: Value) -> Result<(), ImportError> {
        let entries: Option<Map<String, Value>> = field(variable, value)?;
        for (name, value) in entries.unwrap_or_default() {
            let path = format!("{variable}.{name}");
            let mut container: Container = field(&path, value)?;
            for (script, value) in std::mem::take(&mut container.script_config) {
                let read = field(&format!("{path}.script_config.{script}"), value)?;
                container.scripts.insert(script, read);
            }
            if self.containers.insert(name, container).is_some() {
                let reason = "a container of this name is in both variables".to_owned();
                return Err(ImportError::Field { path, reason });
            }
        }
        Ok(())
    }
}

fn nothing(file: &str, found: &str) -> ImportError {
    ImportError::NoContainers {
        file: file.to_owned(),
        found: found.to_owned(),
    }
}

fn is_container(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|fields| fields.contains_key("docker_image") || fields.contains_key("script_config"))
}

/// The value of what `terraform output -json` wraps with its type; everything else as it is.
fn output(value: Value) -> Value {
    const WRAPPING: [&str; 3] = ["sensitive", "type", "value"];
    let is_wrapped = |fields: &Map<String, Value>| {
        fields.contains_key("value") && fields.keys().all(|key| WRAPPING.contains(&key.as_str()))
    };
    if let Value::Object(mut fields) = value {
        if !is_wrapped(&fields) {
            return Value::Object(fields);
        }
        return fields.remove("value").unwrap_or_default();
    }
    value
}

fn field<T: de::DeserializeOwned>(path: &str, value: Value) -> Result<T, ImportError> {
    serde_json::from_value(value).map_err(|error| ImportError::Field {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// JSON in which no key is twice: which of the two counted would be a guess.
struct Unique(Value);

fn parse(file: &str, text: &str) -> Result<Value, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed: Result<Unique, _> = serde_json::from_str(text);
    parsed.map(|tree| tree.0).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = error.to_string();
        ImportError::Json {
            file: file.to_owned(),
            line: error.line(),
            column: error.column(),
            reason: reason.strip_suffix(&place).unwrap_or(&reason).to_owned(),
        }
    })
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Unique, E> {
        Ok(Unique(Value::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Unique, E> {
        Ok(Unique(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Unique, E> {
        Ok(Unique(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Unique, E> {
        Ok(Unique(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Unique, E> {
        Ok(Unique(Value::String(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Unique(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format_args!("the key `{key}` is here a second time")));
            }
            let Unique(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Unique(Value::Object(map)))
    }
}
