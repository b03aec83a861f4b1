//! Options and positionals: fields of their own, and fields that only some types have.

use super::node::{Definitions, SchemaNode};
use super::reader::{List, Located, Reader, Shape, Text};
use super::record::{Fields, Record, listed, record};
use super::scalar::{DefaultValue, Length, Prose, Repeats, TextOnly, TypeName, Word};
use super::yaml::{Kind, Mark, Node};

record! {
    /// An option that a caller may give.
    OptionFields {
        /// What it does.
        optional description: Located<Prose>,
        /// It must be given.
        optional required: Located<bool>,
        /// It may be given more than once.
        optional repeatable: Located<bool>,
        /// How often a repeatable option may be given; 32 when absent.
        optional max_repeats: Located<Repeats>,
        /// It may be given without a value (`--name`). A value then needs `=` (`--name=value`).
        optional value_optional: Located<bool>,
        /// The value that is passed when the caller gives none.
        optional default: Located<DefaultValue>,
    }

    /// A positional that a caller may give.
    PositionalFields {
        /// Its name in help texts.
        required name: Text,
        /// What it means.
        optional description: Located<Prose>,
        /// It must be given.
        optional required: Located<bool>,
        /// It may be given more than once; only the last positional may be.
        optional repeatable: Located<bool>,
        /// How often a repeatable positional may be given; 32 when absent.
        optional max_repeats: Located<Repeats>,
    }

    /// What a value may be.
    TypeFields {
        /// What its value may be.
        required r#type: Located<TypeName>,
        /// `choice`: the words. `repository`: the aliases.
        optional one_of: List<Text>,
        /// `repository`: the option that carries each of the repository's protected refs to the script. No caller can set it.
        optional protected_refs_as: Text,
        /// `path`: globs of which one must match the whole path. `*` stays within a part of the path, `**` crosses parts.
        optional within: List<Text>,
        /// `path`: `.` (the checkout itself) is accepted too.
        optional allow_root: Located<bool>,
        /// `integer`: the smallest.
        optional min: Located<i64>,
        /// `integer`: the largest.
        optional max: Located<i64>,
        /// `text`: a regular expression that must match the whole value.
        optional pattern: Text,
        /// `text`: most characters; 1024 when absent.
        optional max_length: Located<Length>,
        /// `text`: the empty text is accepted.
        optional allow_empty: Located<bool>,
        /// `text`: a leading dash is accepted.
        optional allow_leading_dash: Located<bool>,
        /// `key_value`: the keys.
        optional keys: List<Text>,
        /// `key_value`: what the value may be.
        optional value: KeyValueText,
    }

    /// What the value of a `key=value` may be.
    KeyValueText {
        /// Always `text`.
        optional r#type: Located<TextOnly>,
        /// A regular expression that must match the whole value.
        optional pattern: Text,
        /// Most characters; 1024 when absent.
        optional max_length: Located<Length>,
        /// The empty text is accepted.
        optional allow_empty: Located<bool>,
        /// A leading dash is accepted.
        optional allow_leading_dash: Located<bool>,
    }
}

/// The fields that a type has.
pub(crate) struct TypeRule {
    pub(crate) name: TypeName,
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
}

/// Which of [`TypeFields`] belong to which type.
pub(crate) const TYPE_FIELDS: &[TypeRule] = &[
    TypeRule {
        name: TypeName::Flag,
        required: &[],
        optional: &[],
    },
    TypeRule {
        name: TypeName::Choice,
        required: &["one_of"],
        optional: &[],
    },
    TypeRule {
        name: TypeName::Commit,
        required: &[],
        optional: &[],
    },
    TypeRule {
        name: TypeName::Ref,
        required: &[],
        optional: &[],
    },
    TypeRule {
        name: TypeName::Repository,
        required: &["one_of"],
        optional: &["protected_refs_as"],
    },
    TypeRule {
        name: TypeName::Path,
        required: &[],
        optional: &["within", "allow_root"],
    },
    TypeRule {
        name: TypeName::Integer,
        required: &["min", "max"],
        optional: &[],
    },
    TypeRule {
        name: TypeName::Text,
        required: &[],
        optional: &["pattern", "max_length", "allow_empty", "allow_leading_dash"],
    },
    TypeRule {
        name: TypeName::KeyValue,
        required: &["keys", "value"],
        optional: &[],
    },
];

/// The fields of an argument that do not depend on its type.
pub(crate) trait ArgumentFields: Record {
    /// Its name among the schema's definitions.
    const ARGUMENT: &'static str;
    /// Whether its type may be `flag`.
    const MAY_BE_FLAG: bool;
}

impl ArgumentFields for OptionFields {
    const ARGUMENT: &'static str = "Option";
    const MAY_BE_FLAG: bool = true;
}

impl ArgumentFields for PositionalFields {
    const ARGUMENT: &'static str = "Positional";
    const MAY_BE_FLAG: bool = false;
}

/// An argument: its own fields, and those of its type. Every field of the type is there that must be, and none of another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument<F> {
    /// Where it stands.
    pub mark: Mark,
    /// The fields that do not depend on the type.
    pub rule: F,
    /// The type and its fields.
    pub value: TypeFields,
}

/// An option that a caller may give.
pub type OptionSource = Argument<OptionFields>;
/// A positional that a caller may give.
pub type PositionalSource = Argument<PositionalFields>;

impl<F: ArgumentFields> Shape for Argument<F> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let fields = Fields::open(node, &[TypeFields::FIELDS, F::FIELDS].concat(), reader)?;
        let rule = F::read_fields(&fields, reader);
        let value = TypeFields::read_fields(&fields, reader);
        let value = value.filter(|value| fits_type::<F>(&fields, &value.r#type, reader));
        Some(Self {
            mark: node.mark,
            rule: rule?,
            value: value?,
        })
    }

    fn schema(definitions: &mut Definitions) -> SchemaNode {
        definitions.define(F::ARGUMENT, |definitions| {
            let mut record = SchemaNode::record(F::DOC);
            TypeFields::describe_fields(&mut record, definitions);
            F::describe_fields(&mut record, definitions);
            for rule in TYPE_FIELDS {
                let refused: Vec<_> = other_fields(rule).collect();
                let possible = F::MAY_BE_FLAG || rule.name != TypeName::Flag;
                record.when(
                    "type",
                    rule.name.as_str(),
                    possible.then_some((rule.required, refused.as_slice())),
                );
            }
            record
        })
    }
}

/// Reports the fields that the type needs and has not, and those that belong to other types.
fn fits_type<F: ArgumentFields>(fields: &Fields<'_>, name: &Located<TypeName>, reader: &mut Reader<'_>) -> bool {
    let Some(rule) = TYPE_FIELDS.iter().find(|rule| rule.name == name.value) else {
        return false;
    };
    let word = name.value.as_str();
    let mut fits = true;
    if name.value == TypeName::Flag && !F::MAY_BE_FLAG {
        reader.problem(
            name.mark,
            "wrong-value",
            "a positional cannot be a `flag`".to_owned(),
            "a type with a value",
        );
        fits = false;
    }
    for field in rule.required.iter().filter(|field| fields.place(field).is_none()) {
        let message = format!("the field `{field}` is missing, which the type `{word}` needs");
        reader.problem(name.mark, "missing-field", message, format!("`{field}`"));
        fits = false;
    }
    for field in other_fields(rule) {
        if let Some(mark) = fields.place(field) {
            let message = format!("the field `{field}` has no meaning for the type `{word}`");
            reader.problem(mark, "field-of-other-type", message, fields_of(rule));
            fits = false;
        }
    }
    fits
}

/// The fields that only other types have.
fn other_fields(rule: &TypeRule) -> impl Iterator<Item = &'static str> {
    let known = |field: &&str| rule.required.contains(field) || rule.optional.contains(field) || **field == *"type";
    TypeFields::FIELDS.iter().copied().filter(move |field| !known(field))
}

fn fields_of(rule: &TypeRule) -> String {
    let own = [rule.required, rule.optional].concat();
    if own.is_empty() {
        return "no field about the value".to_owned();
    }
    format!("only {} about the value", listed(&own))
}

/// The positionals that a caller may give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Positionals {
    /// None at all.
    None,
    /// These, in order.
    Listed(ListedPositionals),
}

/// Positionals in order.
pub type ListedPositionals = List<PositionalSource>;

impl Positionals {
    /// The positionals; none when there are none.
    pub fn items(&self) -> &[PositionalSource] {
        match self {
            Self::None => &[],
            Self::Listed(list) => &list.items,
        }
    }
}

/// The word `none`.
#[derive(Debug, Clone, Copy)]
struct NoneWord;

impl Word for NoneWord {
    const WORDS: &'static [(&'static str, Self)] = &[("none", Self)];
    const EXPECTED: &'static str = "`none` or a list of positionals";
}

impl Shape for Positionals {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Sequence(_) => List::read(node, reader).map(Self::Listed),
            Kind::Scalar { .. } | Kind::Mapping(_) | Kind::Refused => {
                Located::<NoneWord>::read(node, reader).map(|_none| Self::None)
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> SchemaNode {
        SchemaNode::any_of(vec![
            Located::<NoneWord>::schema(definitions),
            ListedPositionals::schema(definitions),
        ])
    }
}
