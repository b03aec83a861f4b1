//! The tables of `docs/aws-permissions.md`.

use super::{ATTEMPTS, PERMISSIONS, Role, TRUSTS};

/// Every permission and its reason.
pub fn permissions_table() -> String {
    let shown = PERMISSIONS
        .iter()
        .filter(|permission| permission.role != Role::PlainExecution);
    let rows = shown.map(|permission| {
        let actions: Vec<_> = permission.actions.iter().map(|action| format!("`{action}`")).collect();
        format!(
            "| {} | {} | {} | {} |\n",
            permission.role.words(),
            actions.join(", "),
            permission.why,
            permission.limits
        )
    });
    format!(
        "| Role | May | Why | What its limits hold off |\n|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// What each role is tried with, and who tries to take it.
pub fn attempts_table() -> String {
    let uses = ATTEMPTS.iter().map(|attempt| {
        (
            attempt.role,
            format!("{} (`{}`)", attempt.what, attempt.action),
            attempt.works,
        )
    });
    let takes = TRUSTS
        .iter()
        .map(|trust| (trust.role, format!("be taken by {}", trust.what), trust.works));
    let rows = uses
        .chain(takes)
        .map(|(role, what, works)| format!("| {} | {what} | {} |\n", role.words(), if works { "yes" } else { "no" }));
    format!("| Role | Can it | |\n|---|---|---|\n{}", rows.collect::<String>())
}
