//! Writes the allow-list in the making as YAML: one part to a line, and for each line the part that it belongs to.
//!
//! Never: reads YAML, or decides what belongs into it.

use super::draft::{Container, Draft, Part, Script, Value};

/// What is the same in every imported file. Jobs had the network that the task has, and two words for an option and its value.
const HEAD: &str = "# yaml-language-server: $schema=./allow-list.schema.json";
/// The time that the other CLI waited unless told otherwise, and the longest clean-up that Fargate has.
const TIMES: [&str; 2] = ["timeout: 2h", "stop_timeout: 120s"];
/// Words that some reader of YAML takes for something else than text.
const NOT_TEXT: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// Lines and the part of each.
#[derive(Debug, Default)]
pub(super) struct Written {
    text: String,
    parts: Vec<Part>,
}

impl Written {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The part to which a line belongs, counted from 1.
    pub(super) fn part(&self, line: u32) -> Option<&Part> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.parts.get(index)
    }

    fn line(&mut self, part: &Part, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
        self.parts.push(part.clone());
    }
}

impl Draft {
    /// The whole file.
    pub(super) fn write(&self) -> Written {
        let mut written = Written::default();
        let frame = Part::Frame;
        written.line(&frame, 0, HEAD);
        written.line(&frame, 0, "version: 1");
        if !self.repositories.is_empty() {
            written.line(&frame, 0, "repositories:");
        }
        for (alias, url) in &self.repositories {
            let part = Part::Repository(alias.clone());
            written.line(&part, 2, &format!("{}: {{ url: {} }}", plain(alias), quoted(url)));
        }
        self.defaults(&mut written);
        written.line(&frame, 0, "containers:");
        for (name, container) in &self.containers {
            write_container(name, container, &mut written);
        }
        written
    }

    fn defaults(&self, written: &mut Written) {
        written.line(&Part::Frame, 0, "defaults:");
        if let Some(container) = &self.default_container {
            written.line(&Part::DefaultContainer, 2, &format!("container: {}", quoted(container)));
        }
        written.line(&Part::Frame, 2, "task:");
        let sizes = &self.sizes;
        for (field, size) in [
            ("cpu", sizes.cpu),
            ("memory", sizes.memory),
            ("max_cpu", sizes.max_cpu),
            ("max_memory", sizes.max_memory),
        ] {
            if let Some(size) = size {
                written.line(&Part::Sizes, 4, &format!("{field}: {size}"));
            }
        }
        if let Some(kind) = &sizes.launch_type {
            written.line(&Part::Sizes, 4, &format!("launch_type: {}", plain(kind)));
        }
        for time in TIMES {
            written.line(&Part::Frame, 4, time);
        }
    }
}

fn write_container(name: &str, container: &Container, written: &mut Written) {
    let part = Part::Container(name.to_owned());
    written.line(&part, 2, &format!("{}:", plain(name)));
    written.line(&part, 4, &format!("image: {}", quoted(&container.image)));
    written.line(&part, 4, "network: host");
    if !container.environment.is_empty() {
        written.line(&part, 4, "environment:");
    }
    for (variable, value) in &container.environment {
        let part = Part::Variable {
            container: name.to_owned(),
            name: variable.clone(),
        };
        written.line(&part, 6, &format!("{}: {}", plain(variable), quoted(value)));
    }
    if !container.secrets.is_empty() {
        written.line(&part, 4, "secrets:");
    }
    for (variable, secret) in &container.secrets {
        let part = Part::Secret {
            container: name.to_owned(),
            name: variable.clone(),
        };
        written.line(&part, 6, &format!("{}: {}", plain(variable), quoted(secret)));
    }
    written.line(&part, 4, "scripts:");
    for (script_name, script) in &container.scripts {
        write_script(name, script_name, script, written);
    }
}

fn write_script(container: &str, name: &str, script: &Script, written: &mut Written) {
    let part = Part::Script {
        container: container.to_owned(),
        name: name.to_owned(),
    };
    written.line(&part, 6, &format!("{}:", plain(name)));
    written.line(&part, 8, "parameter_style: { values: separate, end_of_options: false }");
    if !script.fixed_options.is_empty() {
        written.line(&part, 8, "fixed_options:");
    }
    for (option, values) in &script.fixed_options {
        written.line(&part, 10, &format!("{}: {}", plain(option), list(values)));
    }
    if !script.fixed_positionals.is_empty() {
        written.line(
            &part,
            8,
            &format!("fixed_positionals: {}", list(&script.fixed_positionals)),
        );
    }
    if !script.options.is_empty() {
        written.line(&part, 8, "options:");
    }
    for (option, value) in &script.options {
        let part = Part::Option {
            container: container.to_owned(),
            script: name.to_owned(),
            name: option.clone(),
        };
        written.line(&part, 10, &format!("{}: {}", plain(option), rule(value)));
    }
    written.line(&part, 8, "positionals: none");
}

fn rule(value: &Value) -> String {
    match value {
        Value::Flag => "{ type: flag }".to_owned(),
        Value::Text { pattern: None } => "{ type: text }".to_owned(),
        Value::Text { pattern: Some(pattern) } => format!("{{ type: text, pattern: {} }}", quoted(pattern)),
        Value::Choice { one_of } => format!("{{ type: choice, one_of: {} }}", list(one_of)),
        Value::Commit => "{ type: commit }".to_owned(),
        Value::Repository { aliases } => format!("{{ type: repository, one_of: {} }}", list(aliases)),
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A word as it is when every reader takes it for text, else in quotes.
fn plain(word: &str) -> String {
    let bare = word.trim_start_matches('-');
    let begins = bare.starts_with(|first: char| first.is_ascii_alphabetic()) && word.len() <= bare.len() + 2;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let text = !NOT_TEXT.contains(&word.to_ascii_lowercase().as_str());
    if begins && text && bare.bytes().all(|byte| is_word(byte) || byte == b'.') {
        word.to_owned()
    } else {
        quoted(word)
    }
}

/// In quotes, in which nothing has a meaning. Escapes, which would hide what stands there, only where there is no other way.
fn quoted(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_some_reader_takes_for_something_else_stand_in_quotes() {
        for (word, expected) in [
            ("--repo", "--repo"),
            ("-var", "-var"),
            ("a.b_c-d", "a.b_c-d"),
            ("No", "'No'"),
            ("--no", "--no"),
            ("1.0", "'1.0'"),
            ("", "''"),
            ("---", "'---'"),
            ("a: b", "'a: b'"),
            ("it's", "'it''s'"),
        ] {
            assert_eq!(plain(word), expected);
        }
    }

    #[test]
    fn no_text_breaks_out_of_its_line() {
        assert_eq!(quoted("a\n- b"), "\"a\\n- b\"");
        assert_eq!(quoted("é"), "\"é\"");
    }
}
