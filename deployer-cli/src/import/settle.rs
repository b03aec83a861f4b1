//! Takes out of a draft what `check` refuses, until it passes: the linter alone knows what an allow-list may hold.

use gatekeeper::lint::Severity;

use super::AllowListText;
use super::draft::{Draft, Part};
use super::remark::Remarks;
use crate::check::Checked;

/// The allow-list, when there is something left that callers may run.
pub(super) fn settle(mut draft: Draft, remarks: &mut Remarks) -> Option<AllowListText> {
    loop {
        drop_what_is_empty(&mut draft, remarks);
        if draft.containers.is_empty() {
            return None;
        }
        let written = draft.write();
        let checked = Checked::of("allow-list.yaml", written.text().to_owned());
        if let Some(compiled) = &checked.compiled {
            let (digest, warnings) = (compiled.digest(), checked.count(Severity::Warning));
            return Some(AllowListText {
                yaml: written.into_text(),
                digest,
                warnings,
            });
        }
        let mut changed = false;
        for error in checked
            .remarks
            .iter()
            .filter(|remark| remark.severity == Severity::Error)
        {
            let part = written.part(error.line).unwrap_or(&Part::Frame);
            if draft.remove(part) {
                remarks.left_out(&part.path(), error.message.clone(), error.help.clone());
                changed = true;
            } else if *part == Part::Frame {
                remarks.left_out("", error.message.clone(), error.help.clone());
            }
        }
        if !changed {
            return None;
        }
    }
}

fn drop_what_is_empty(draft: &mut Draft, remarks: &mut Remarks) {
    draft.containers.retain(|name, container| {
        if container.scripts.is_empty() {
            let help = "declare the scripts of its image that callers may run, with their options";
            remarks.left_out(
                &format!("containers.{name}"),
                "no script of it is left that could be declared",
                help,
            );
        }
        !container.scripts.is_empty()
    });
    let unused: Vec<_> = draft
        .repositories
        .keys()
        .filter(|alias| !draft.uses(alias))
        .cloned()
        .collect();
    for alias in unused {
        draft.repositories.remove(&alias);
    }
    if let Some(default) = draft
        .default_container
        .take_if(|name| !draft.containers.contains_key(name))
    {
        remarks.left_out(
            "defaults.container",
            format!("the default container `{default}` is not there any more"),
            "name another, or let callers name theirs",
        );
    }
}
