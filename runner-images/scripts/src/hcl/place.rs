//! Where in a file a variable has its value.
//!
//! Responsible for one answer to "which values can be set here, and under which names". Never changes anything.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body};

use crate::values::RelativePath;

/// What a file is for, by the end of its name. It decides where a variable is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `.tfvars`: an attribute at the top, `name = …`.
    Values,
    /// `.tf`: `variable "name" { default = … }`, or an attribute of a `locals` block.
    Module,
    /// `.hcl`: an attribute at the top, a key of the object `inputs = { … }`, or an attribute of a `locals` block.
    Configuration,
}

impl FileKind {
    /// The kind of a file with this name, if it is one that can be changed.
    pub fn of(path: &RelativePath) -> Option<Self> {
        match path.as_path().extension()?.to_str()? {
            "tfvars" => Some(Self::Values),
            "tf" => Some(Self::Module),
            "hcl" => Some(Self::Configuration),
            _ => None,
        }
    }

    /// Where a variable is looked for, for a message.
    pub(super) const fn looked_for(self) -> &'static str {
        match self {
            Self::Values => "an attribute at the top of the file",
            Self::Module => "`variable \"…\" { default = … }` or `locals { … }`",
            Self::Configuration => "an attribute at the top of the file, `inputs = { … }` or `locals { … }`",
        }
    }
}

/// A name and the value that it has, if it has one.
#[derive(Debug, Clone)]
pub(super) struct Place<'body> {
    pub(super) name: String,
    /// `None`: a variable without a default.
    pub(super) value: Option<&'body Expression>,
    /// Where the value is; where the name is if there is no value.
    pub(super) span: Range<usize>,
}

impl<'body> Place<'body> {
    fn of_value(name: &str, value: &'body Expression) -> Self {
        Self {
            name: name.to_owned(),
            value: Some(value),
            span: value.span().unwrap_or_default(),
        }
    }

    fn of_attribute(attribute: &'body Attribute) -> Self {
        Self::of_value(attribute.key.as_str(), &attribute.value)
    }

    fn of_variable(block: &'body Block) -> Option<Self> {
        let [label] = block.labels.as_slice() else { return None };
        Some(match block.body.get_attribute("default") {
            Some(default) => Self::of_value(label.as_str(), &default.value),
            None => Self {
                name: label.as_str().to_owned(),
                value: None,
                span: block.span().unwrap_or_default(),
            },
        })
    }
}

/// Every place of a file, in no particular order.
pub(super) fn places(body: &Body, kind: FileKind) -> Vec<Place<'_>> {
    let top = || body.attributes().map(Place::of_attribute);
    let locals = || {
        let blocks = body.get_blocks("locals").filter(|block| block.labels.is_empty());
        blocks.flat_map(|block| block.body.attributes().map(Place::of_attribute))
    };
    match kind {
        FileKind::Values => top().collect(),
        FileKind::Module => {
            let variables = body.get_blocks("variable").filter_map(Place::of_variable);
            variables.chain(locals()).collect()
        }
        FileKind::Configuration => {
            let inputs = body.get_attribute("inputs").and_then(|inputs| inputs.value.as_object());
            top().chain(inputs.into_iter().flat_map(keys)).chain(locals()).collect()
        }
    }
}

/// The keys of an object that are plain words, with or without quotes.
fn keys(object: &Object) -> impl Iterator<Item = Place<'_>> {
    object.iter().filter_map(|(key, value)| {
        let name = match key {
            ObjectKey::Ident(name) => name.as_str(),
            ObjectKey::Expression(expression) => expression.as_str()?,
        };
        Some(Place::of_value(name, value.expr()))
    })
}
