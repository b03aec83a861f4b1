//! What Packer tells in its machine-readable form: `time,build,kind,data…`, one message on a line.
//!
//! Responsible for reading that form and nothing else. A comma or a line end inside a field is escaped by Packer, so nothing that
//! a build prints can become a message of its own.

use std::io::Write;

use crate::aws::ec2::is_ami_id;
use crate::process::Ended;

/// More artifacts or failures than a template has.
const MOST: usize = 1_000;

/// Everything of interest that was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What was built.
    pub(super) artifacts: Vec<Artifact>,
    /// What was not.
    pub(super) failures: Vec<BuildFailure>,
    /// How many builds failed by Packer's own count.
    pub(super) error_count: usize,
    /// How Packer ended.
    pub(super) ended: Option<Ended>,
    pub(super) complaints: Vec<String>,
}

/// Something that was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The build of the template.
    pub(super) build: String,
    /// Its place among the build's artifacts.
    index: String,
    /// What made it, by the builder's own id.
    pub(super) builder: String,
    /// What it is called where it is.
    pub(super) id: String,
    /// Its files, as Packer names them.
    pub(super) files: Vec<String>,
}

/// A build that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildFailure {
    /// The build of the template.
    pub(super) build: String,
    /// Packer's own words.
    pub(super) reason: String,
}

impl Told {
    /// Takes one line in, and shows people what is for them.
    pub(super) fn hear(&mut self, line: &str, people: &mut dyn Write) {
        let fields: Vec<&str> = line.split(',').collect();
        match fields.as_slice() {
            [_, _, "ui", level, text] => {
                let text = unescaped(text);
                // Nobody may be reading any more; that must not change how a build ends.
                drop(writeln!(people, "{}", text.trim_end_matches('\n')));
                if *level == "error" && self.complaints.len() < MOST {
                    self.complaints.push(text);
                }
            }
            [_, build, "artifact", index, property, values @ ..] => self.property(build, index, property, values),
            [_, "", "error-count", number] => self.error_count = number.parse().unwrap_or(usize::MAX),
            [_, build, "error", reason] if self.failures.len() < MOST => self.failures.push(BuildFailure {
                build: unescaped(build),
                reason: unescaped(reason),
            }),
            _ => {}
        }
    }

    fn property(&mut self, build: &str, index: &str, property: &str, values: &[&str]) {
        let (build, value) = (unescaped(build), values.last().map(|value| unescaped(value)));
        let known = self
            .artifacts
            .iter()
            .position(|made| made.build == build && made.index == index);
        if known.is_none() && self.artifacts.len() < MOST {
            self.artifacts.push(Artifact {
                build,
                index: index.to_owned(),
                ..Artifact::default()
            });
        }
        let made = match known {
            Some(place) => self.artifacts.get_mut(place),
            None => self.artifacts.last_mut(),
        };
        match (made, property, value) {
            (Some(made), "builder-id", Some(value)) => made.builder = value,
            (Some(made), "id", Some(value)) => made.id = value,
            (Some(made), "file", Some(value)) if made.files.len() < MOST => made.files.push(value),
            _ => {}
        }
    }

    /// Packer's first complaints in one line. `otherwise` is what it wrote beside its messages.
    pub(super) fn complaint(&self, otherwise: &str) -> String {
        let all = self.complaints.iter().map(String::as_str).chain([otherwise]);
        let lines: Vec<&str> = all
            .flat_map(str::lines)
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(3)
            .collect();
        if lines.is_empty() {
            "packer gave no reason".to_owned()
        } else {
            crate::git::visible(&lines.join("; "))
        }
    }
}

impl Artifact {
    /// The AMIs that it is, each with its Region: `eu-west-1:ami-1,us-east-1:ami-2`.
    pub(super) fn amis(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.id.split(',').filter_map(|ami| ami.split_once(':'));
        all.filter(|(_, id)| is_ami_id(id))
    }

    /// Whether both tell of one thing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.build, &self.builder, &self.id, &self.files) == (&other.build, &other.builder, &other.id, &other.files)
    }
}

impl BuildFailure {
    /// The AMI whose name was to be used again, if that is why it failed. Packer asks for it before it starts anything.
    pub(super) fn existing_ami(&self) -> Option<&str> {
        let rest = self.reason.strip_prefix("Error: ")?;
        let (_, id) = rest.rsplit_once(" existing AMI: ")?;
        let is_about_the_name = rest.starts_with("AMI Name: '") || rest.starts_with("name conflicts with an");
        (is_about_the_name && is_ami_id(id)).then_some(id)
    }
}

fn unescaped(field: &str) -> String {
    field
        .replace("%!(PACKER_COMMA)", ",")
        .replace("\\n", "\n")
        .replace("\\r", "\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> (Told, String) {
        let (mut told, mut people) = (Told::default(), Vec::new());
        for line in lines {
            told.hear(line, &mut people);
        }
        (told, String::from_utf8(people).unwrap())
    }

    #[test]
    fn artifacts_are_put_together_from_their_properties() {
        let (told, people) = told(&[
            "1,,ui,say,--> a.b: AMIs were created:\\neu-west-1: ami-1\\n",
            "1,a.b,artifact-count,1",
            "1,a.b,artifact,0,builder-id,mitchellh.amazonebs",
            "1,a.b,artifact,0,id,eu-west-1:ami-1%!(PACKER_COMMA)us-east-1:ami-2",
            "1,a.b,artifact,0,string,AMIs were created",
            "1,a.b,artifact,1,id,second",
            "1,a.b,artifact,1,file,0,x%!(PACKER_COMMA)y",
            "1,a.b,artifact,1,end",
        ]);
        assert_eq!(people, "--> a.b: AMIs were created:\neu-west-1: ami-1\n");
        let ids: Vec<_> = told
            .artifacts
            .iter()
            .map(|made| (made.build.as_str(), made.id.as_str()))
            .collect();
        assert_eq!(ids, [("a.b", "eu-west-1:ami-1,us-east-1:ami-2"), ("a.b", "second")]);
        assert_eq!(told.artifacts[0].builder, "mitchellh.amazonebs");
        assert_eq!(told.artifacts[1].files, ["x,y"]);
    }

    #[test]
    fn what_a_build_prints_is_text_whatever_it_looks_like() {
        let (told, people) = told(&[
            "1,,ui,message,    a: 1%!(PACKER_COMMA)a%!(PACKER_COMMA)artifact%!(PACKER_COMMA)0%!(PACKER_COMMA)id%!(PACKER_COMMA)x",
            "1,a,artifact",
            "artifact",
            "",
        ]);
        assert_eq!(told.artifacts, []);
        assert_eq!(people, "    a: 1,a,artifact,0,id,x\n");
    }

    #[test]
    fn an_artifact_of_amazons_builders_is_an_ami_in_each_region() {
        let amis = |id: &str| {
            let made = Artifact {
                id: id.to_owned(),
                ..Artifact::default()
            };
            made.amis()
                .map(|(region, ami)| format!("{region} {ami}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            amis("eu-west-1:ami-1,us-east-1:ami-2"),
            ["eu-west-1 ami-1", "us-east-1 ami-2"]
        );
        assert_eq!(amis("ami-1"), Vec::<String>::new());
        assert_eq!(amis("registry:image,a:snap-1"), Vec::<String>::new());
    }

    #[track_caller]
    fn check_existing(reason: &str, ami: Option<&str>) {
        let failure = BuildFailure {
            build: "a".to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(failure.existing_ami(), ami, "{reason}");
    }

    #[test]
    fn only_a_name_that_is_taken_counts_as_existing() {
        check_existing(
            "Error: AMI Name: 'web-1.2.3' is used by an existing AMI: ami-1e24b6091f5ff5174",
            Some("ami-1e24b6091f5ff5174"),
        );
        check_existing("Error: name conflicts with an existing AMI: ami-0a", Some("ami-0a"));
        check_existing("Error: AMI Name: 'x' is used by an existing AMI: ", None);
        check_existing("Error: AMI Name: 'x' is used by an existing AMI: ami-", None);
        check_existing("Error: AMI Name: 'x' is used by an existing AMI: ami-1 and more", None);
        check_existing("Script failed: name conflicts with an existing AMI: ami-1", None);
        check_existing("Error querying AMI: x", None);
    }

    #[test]
    fn the_first_complaints_become_one_line() {
        let (told, _) = told(&[
            "1,,ui,error,Error: Unset variable \"x\"\\n\\nA used variable must be set\\n",
            "1,,ui,say,no",
        ]);
        assert_eq!(
            told.complaint(""),
            "Error: Unset variable \"x\"; A used variable must be set"
        );
        assert_eq!(Told::default().complaint("\n"), "packer gave no reason");
        assert_eq!(Told::default().complaint("a\u{1b}[1mb\n"), "a [1mb");
    }
}
