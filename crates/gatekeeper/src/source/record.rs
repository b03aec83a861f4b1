//! `record!`: declares a mapping with known fields once; the struct, its strict reader and its schema come from that.

/// Declares records. A field is `required`, `optional` (an `Option`) or `defaulted` (empty when absent).
macro_rules! record {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident { $($(#[doc = $field_doc:literal])+ $mode:ident $field:ident: $type:ty,)+ }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            /// Where it stands.
            pub mark: $crate::source::Mark,
            $($(#[doc = $field_doc])+ pub $field: record!(@stored $mode $type),)+
        }

        impl $crate::source::record::Record for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = concat!($($doc),+);
            const FIELDS: &'static [&'static str] = &[$(record!(@key $field)),+];

            fn read_fields(
                fields: &$crate::source::record::Fields<'_>,
                reader: &mut $crate::source::reader::Reader<'_>,
            ) -> Option<Self> {
                $(let $field = fields.$mode(record!(@key $field), reader);)+
                Some(Self { mark: fields.mark(), $($field: $field?),+ })
            }

            fn describe_fields(
                record: &mut $crate::source::node::SchemaNode,
                definitions: &mut $crate::source::node::Definitions,
            ) {$(
                let field = <$type as $crate::source::reader::Shape>::schema(definitions);
                let required = matches!(stringify!($mode).as_bytes(), b"required");
                record.field(record!(@key $field), field, concat!($($field_doc),+), required);
            )+}
        }
    )+};
    (@stored required $type:ty) => { $type };
    (@stored optional $type:ty) => { Option<$type> };
    (@stored defaulted $type:ty) => { $type };
    (@key $field:ident) => { $crate::source::record::key(stringify!($field)) };
}
pub(super) use record;

use crate::value::{nearest, shown};

use super::node::{Definitions, SchemaNode};
use super::reader::{Reader, Shape};
use super::yaml::{Entry, Mark, Node};

/// A mapping with known fields.
pub(crate) trait Record: Sized {
    /// Its name among the schema's definitions.
    const NAME: &'static str;
    /// What it is for.
    const DOC: &'static str;
    /// Its fields.
    const FIELDS: &'static [&'static str];

    /// Reads the fields of a mapping that has been opened.
    fn read_fields(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// Adds its fields to a schema.
    fn describe_fields(record: &mut SchemaNode, definitions: &mut Definitions);
}

impl<R: Record> Shape for R {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let fields = Fields::open(node, Self::FIELDS, reader)?;
        Self::read_fields(&fields, reader)
    }

    fn schema(definitions: &mut Definitions) -> SchemaNode {
        definitions.define(Self::NAME, |definitions| {
            let mut record = SchemaNode::record(Self::DOC);
            Self::describe_fields(&mut record, definitions);
            record
        })
    }
}

/// The name of a field in the file: Rust writes `type` as `r#type`.
pub(crate) const fn key(identifier: &'static str) -> &'static str {
    match identifier.as_bytes() {
        b"r#type" => "type",
        _ => identifier,
    }
}

/// The fields of a record that is being read; none of them is unknown.
pub(crate) struct Fields<'n> {
    node: &'n Node,
    entries: &'n indexmap::IndexMap<String, Entry>,
}

impl<'n> Fields<'n> {
    /// Reports unknown fields with the nearest known one.
    pub(super) fn open(node: &'n Node, known: &[&str], reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.mapping(node, &format!("a mapping with the fields {}", listed(known)))?;
        for (name, entry) in entries {
            if known.contains(&name.as_str()) {
                continue;
            }
            let message = format!("the field `{}` is unknown", shown(name));
            let nearest = nearest(name, known.iter().copied()).map(str::to_owned);
            reader.problem_with(
                entry.mark,
                "unknown-field",
                message,
                format!("one of {}", listed(known)),
                nearest,
            );
        }
        Some(Self { node, entries })
    }

    /// Where the mapping stands.
    pub(super) const fn mark(&self) -> Mark {
        self.node.mark
    }

    /// Where a field stands, when it is there.
    pub(super) fn place(&self, name: &str) -> Option<Mark> {
        self.entries.get(name).map(|entry| entry.mark)
    }

    /// A field that must be there.
    pub(super) fn required<T: Shape>(&self, name: &str, reader: &mut Reader<'_>) -> Option<T> {
        let Some(entry) = self.entries.get(name) else {
            let message = format!("the field `{name}` is missing");
            reader.problem(self.node.mark, "missing-field", message, format!("`{name}`"));
            return None;
        };
        reader.inside(name, |reader| T::read(&entry.value, reader))
    }

    /// A field that may be absent. `None` when it is there and wrong.
    #[expect(clippy::option_option, reason = "outer: could it be read; inner: is it there")]
    pub(super) fn optional<T: Shape>(&self, name: &str, reader: &mut Reader<'_>) -> Option<Option<T>> {
        match self.entries.get(name) {
            None => Some(None),
            Some(entry) => reader.inside(name, |reader| T::read(&entry.value, reader)).map(Some),
        }
    }

    /// A field that is empty when absent.
    pub(super) fn defaulted<T: Shape + Default>(&self, name: &str, reader: &mut Reader<'_>) -> Option<T> {
        self.optional(name, reader).map(Option::unwrap_or_default)
    }
}

/// Names in backticks, for messages.
pub(crate) fn listed(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
