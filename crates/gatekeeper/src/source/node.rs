//! The parts of a JSON Schema that the file's types are told with.

use indexmap::IndexMap;
use serde::Serialize;

/// What a scalar must be, told apart so that a schema can say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Text, quoted or not.
    Text,
    /// Text or a decimal integer.
    TextOrInteger,
    /// A decimal integer.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// What the schema says of a scalar beyond its kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    pub(crate) words: Vec<&'static str>,
    pub(crate) pattern: Option<&'static str>,
    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,
}

/// The types that have a name of their own.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    nodes: IndexMap<&'static str, SchemaNode>,
}

impl Definitions {
    /// Adds a type unless it is there, and refers to it.
    pub(crate) fn define(&mut self, name: &'static str, make: impl FnOnce(&mut Self) -> SchemaNode) -> SchemaNode {
        if !self.nodes.contains_key(name) {
            self.nodes.insert(name, SchemaNode::default());
            let node = make(self);
            self.nodes.insert(name, node);
        }
        SchemaNode {
            reference: Some(format!("#/$defs/{name}")),
            ..SchemaNode::default()
        }
    }
}

/// One schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SchemaNode {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    dialect: Option<&'static str>,
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(rename = "const", skip_serializing_if = "Option::is_none")]
    constant: Option<&'static str>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    words: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<SchemaNode>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    properties: IndexMap<&'static str, SchemaNode>,
    #[serde(rename = "propertyNames", skip_serializing_if = "Option::is_none")]
    property_names: Option<Box<SchemaNode>>,
    #[serde(rename = "additionalProperties", skip_serializing_if = "Option::is_none")]
    additional: Option<Additional>,
    #[serde(rename = "anyOf", skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<SchemaNode>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<Box<SchemaNode>>,
    #[serde(rename = "then", skip_serializing_if = "Option::is_none")]
    consequence: Option<Box<SchemaNode>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not: Option<Box<SchemaNode>>,
    #[serde(rename = "allOf", skip_serializing_if = "Vec::is_empty")]
    all_of: Vec<SchemaNode>,
    #[serde(rename = "$defs", skip_serializing_if = "IndexMap::is_empty")]
    definitions: IndexMap<&'static str, SchemaNode>,
}

/// The JSON types of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Kind {
    One(&'static str),
    Either([&'static str; 2]),
}

/// What fields without a name of their own may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Additional {
    /// `false`: there may be none.
    Refused(bool),
    Each(Box<SchemaNode>),
}

impl SchemaNode {
    /// A single value.
    pub(crate) fn scalar(wanted: Wanted, limits: Limits) -> Self {
        let kind = Some(match wanted {
            Wanted::Text => Kind::One("string"),
            Wanted::TextOrInteger => Kind::Either(["string", "integer"]),
            Wanted::Integer => Kind::One("integer"),
            Wanted::Boolean => Kind::One("boolean"),
        });
        let Limits {
            words,
            pattern,
            minimum,
            maximum,
        } = limits;
        Self {
            kind,
            words,
            pattern,
            minimum,
            maximum,
            ..Self::default()
        }
    }

    /// A list of one sort of items.
    pub(crate) fn list(item: Self) -> Self {
        Self {
            kind: Some(Kind::One("array")),
            items: Some(Box::new(item)),
            ..Self::default()
        }
    }

    /// A mapping of names to one sort of entries.
    pub(crate) fn table(names: &'static str, entry: Self) -> Self {
        let names = Self {
            pattern: Some(names),
            ..Self::default()
        };
        Self {
            kind: Some(Kind::One("object")),
            property_names: Some(Box::new(names)),
            additional: Some(Additional::Each(Box::new(entry))),
            ..Self::default()
        }
    }

    /// A mapping with known fields.
    pub(crate) fn record(doc: &str) -> Self {
        Self {
            kind: Some(Kind::One("object")),
            description: Some(doc.trim().to_owned()),
            additional: Some(Additional::Refused(false)),
            ..Self::default()
        }
    }

    /// The schema of a whole document.
    pub(crate) fn into_document(self, title: &'static str, definitions: Definitions) -> Self {
        Self {
            dialect: Some("https://json-schema.org/draft/2020-12/schema"),
            title: Some(title),
            definitions: definitions.nodes,
            ..self
        }
    }

    /// One of several schemas.
    pub(crate) fn any_of(any_of: Vec<Self>) -> Self {
        Self {
            any_of,
            ..Self::default()
        }
    }

    /// Adds a field to a record.
    pub(crate) fn field(&mut self, name: &'static str, field: Self, doc: &str, required: bool) {
        if required {
            self.required.push(name);
        }
        self.properties.insert(
            name,
            Self {
                description: Some(doc.trim().to_owned()),
                ..field
            },
        );
    }

    /// Says which further fields must be there, and which must not, when a field holds a word; `None` when it never may.
    pub(crate) fn when(
        &mut self,
        field: &'static str,
        word: &'static str,
        then: Option<(&[&'static str], &[&'static str])>,
    ) {
        let never = || Self {
            not: Some(Box::new(Self::default())),
            ..Self::default()
        };
        let constant = Self {
            constant: Some(word),
            ..Self::default()
        };
        let condition = Self {
            required: vec![field],
            properties: IndexMap::from([(field, constant)]),
            ..Self::default()
        };
        let consequence = then.map_or_else(never, |(required, refused)| Self {
            required: required.to_vec(),
            properties: refused.iter().map(|name| (*name, never())).collect(),
            ..Self::default()
        });
        self.all_of.push(Self {
            condition: Some(Box::new(condition)),
            consequence: Some(Box::new(consequence)),
            ..Self::default()
        });
    }
}
