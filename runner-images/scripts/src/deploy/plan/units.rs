//! The plans of Terragrunt's units, as `run --all` leaves them: `<unit>/tfplan.json` for each unit whose plan was made.
//!
//! Responsible for every unit being in the summary, also one without a plan: it failed, or its own code left it out. Follows no
//! link, because code has run where this looks.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::summary::Summary;
use crate::values::PlainDirectory;

/// Terragrunt's name for what `show -json` said of one unit's plan.
const SHOWN_PLAN: &str = "tfplan.json";
/// What makes a directory a unit.
const UNIT: [&str; 2] = ["terragrunt.hcl", "terragrunt.hcl.json"];
/// Directories of the tools' own.
const NOTES: [&str; 3] = [".terragrunt-cache", ".terraform", ".git"];

/// The summary of what is below `shown`, for the units below `directory` that the filters leave.
pub fn summary(
    shown: &Path,
    directory: &Path,
    include: &[PlainDirectory],
    exclude: &[PlainDirectory],
) -> io::Result<Summary> {
    let below =
        |unit: &Path, filters: &[PlainDirectory]| filters.iter().any(|filter| unit.starts_with(filter.as_path()));
    let is_meant = |unit: &Path| (include.is_empty() || below(unit, include)) && !below(unit, exclude);
    let mut units = places_of(directory, &UNIT)?;
    units.retain(|unit| is_meant(unit));
    // Plans that the walk does not explain are told too.
    if shown.is_dir() {
        units.extend(places_of(shown, &[SHOWN_PLAN])?);
    }
    units.sort();
    units.dedup();
    let told = units.into_iter().map(|unit| {
        let plan = read(&shown.join(&unit).join(SHOWN_PLAN));
        (named(&unit), plan)
    });
    Ok(Summary::of_units(told))
}

fn read(file: &Path) -> Option<Summary> {
    // Opening a pipe that somebody left there would wait for ever.
    file.symlink_metadata().ok().filter(fs::Metadata::is_file)?;
    Summary::read(BufReader::new(File::open(file).ok()?)).ok()
}

/// The directory itself is `.`.
fn named(unit: &Path) -> String {
    match unit.to_string_lossy() {
        name if name.is_empty() => ".".to_owned(),
        name => name.into_owned(),
    }
}

/// The directories at and below this one that hold a file of one of these names, as seen from it.
fn places_of(root: &Path, names: &[&str]) -> io::Result<Vec<PathBuf>> {
    let is_one_of = |name: &OsStr, names: &[&str]| names.iter().any(|known| name == *known);
    let mut found = Vec::new();
    let mut places = vec![PathBuf::new()];
    while let Some(place) = places.pop() {
        let mut holds = false;
        for entry in fs::read_dir(root.join(&place))? {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, entry.file_name());
            if kind.is_dir() && !is_one_of(&name, &NOTES) {
                places.push(place.join(&name));
            }
            holds |= !kind.is_dir() && is_one_of(&name, names);
        }
        if holds {
            found.push(place);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use serde_json::{Value, json};

    use super::*;
    use crate::deploy::plan::summary::About;

    const PLAN: &str = r#"{"resource_changes":[{"address":"a.b","change":{"actions":["create"]}}]}"#;

    fn report(place: &Path, include: &[&str], exclude: &[&str]) -> Value {
        let filters = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
        let summary = summary(
            &place.join("shown"),
            &place.join("code"),
            &filters(include),
            &filters(exclude),
        );
        let about = About {
            directory: "prod",
            tool: "terragrunt",
            saved_as: None,
        };
        summary.unwrap().report(about).unwrap().object().clone().into()
    }

    fn write(place: &Path, file: &str, text: &str) {
        let file = place.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn every_unit_is_told_or_named() {
        let place = tempfile::tempdir().unwrap();
        for unit in [
            "",
            "eu/",
            "eu/db/",
            "us/",
            ".terragrunt-cache/x/",
            "us/.terraform/modules/x/",
        ] {
            write(place.path(), &format!("code/{unit}terragrunt.hcl"), "");
        }
        write(place.path(), "code/asia/terragrunt.hcl.json", "{}");
        assert_eq!(
            report(place.path(), &[], &[])["units_not_told"],
            json!([".", "asia", "eu", "eu/db", "us"])
        );
        for told in ["", "eu/", "generated/"] {
            write(place.path(), &format!("shown/{told}tfplan.json"), PLAN);
        }
        write(place.path(), "shown/us/tfplan.json", "noise");
        let all = report(place.path(), &[], &[]);
        assert_eq!(
            (&all["units_told"], &all["units_not_told"]),
            (&json!(3), &json!(["asia", "eu/db", "us"]))
        );
        let units: Vec<_> = all["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| &change["unit"])
            .collect();
        assert_eq!(units, [".", "eu", "generated"]);
        assert_eq!(report(place.path(), &["us"], &[])["units_not_told"], json!(["us"]));
        assert_eq!(
            report(place.path(), &[], &["eu/db", "asia"])["units_not_told"],
            json!(["us"])
        );
    }

    #[test]
    fn what_is_no_plain_file_is_not_opened() {
        let place = tempfile::tempdir().unwrap();
        write(place.path(), "code/terragrunt.hcl", "");
        write(place.path(), "elsewhere/tfplan.json", PLAN);
        fs::create_dir_all(place.path().join("shown/pipe")).unwrap();
        symlink(place.path().join("elsewhere"), place.path().join("shown/directory")).unwrap();
        symlink(
            place.path().join("elsewhere/tfplan.json"),
            place.path().join("shown/tfplan.json"),
        )
        .unwrap();
        let made = Command::new("mkfifo")
            .arg(place.path().join("shown/pipe/tfplan.json"))
            .status();
        assert!(made.unwrap().success());
        let report = report(place.path(), &[], &[]);
        assert_eq!(
            (&report["units_told"], &report["units_not_told"]),
            (&json!(0), &json!([".", "pipe"]))
        );
    }
}
