//! Reads the allow-list file: the only reader of its YAML.
//!
//! Responsible for the file's form: fields, types, names; every problem is reported at once with its place. What the form
//! allows but makes no sense is the linter's business. Never fills in a default, never does I/O, never panics.

mod model;
mod names;
mod node;
mod reader;
mod record;
mod scalar;
mod typed;
mod yaml;

pub use model::{
    ContainerSource, DefaultsSource, ParameterStyleSource, RepositorySource, ScriptSource, Source, TaskSource,
    VolumeSource,
};
pub use reader::{List, Located, SourceError, Table, Text};
pub use scalar::{Count, DefaultValue, Length, Prose, Repeats, Seconds, TextOnly, TypeName, Units, Version};
pub use typed::{
    Argument, KeyValueText, ListedPositionals, OptionFields, OptionSource, PositionalFields, PositionalSource,
    Positionals, TypeFields,
};
pub use yaml::Mark;

pub(crate) use node::{Definitions, SchemaNode};
pub(crate) use reader::join;
pub(crate) use record::listed;

use reader::{Reader, Shape};

/// The most problems that one reading reports.
const MAX_PROBLEMS: usize = 200;

/// An allow-list file with problems.
#[derive(Debug)]
pub struct Broken {
    /// Every problem of the file's form, in the order of the file (at most 200).
    pub errors: Vec<SourceError>,
    /// What could be read beside them: entries with a problem are left out. Only for looking on, never for compiling.
    pub readable: Option<Box<Source>>,
}

/// Reads the text of an allow-list file. `file_name` is only for messages.
///
/// # Errors
/// Every problem of the file's form, in the order of the file (at most 200).
pub fn read(file_name: &str, text: &str) -> Result<Source, Vec<SourceError>> {
    read_as_far_as_possible(file_name, text).map_err(|broken| broken.errors)
}

/// As [`read`]; what could be read of a broken file comes with its problems.
///
/// # Errors
/// A file with at least one problem.
pub fn read_as_far_as_possible(file_name: &str, text: &str) -> Result<Source, Broken> {
    let (root, faults) = yaml::parse(text);
    let mut reader = Reader::new(file_name, faults);
    let source = root.and_then(|node| Source::read(&node, &mut reader));
    let whole = reader.is_whole();
    let errors = reader.finish();
    match source {
        Some(source) if whole && errors.is_empty() => Ok(source),
        readable => Err(Broken {
            errors,
            readable: readable.map(Box::new),
        }),
    }
}

/// The schema of one type of the model.
pub(crate) fn schema_of<S: Shape>(definitions: &mut Definitions) -> SchemaNode {
    S::schema(definitions)
}
