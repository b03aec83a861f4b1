//! Repositories: an alias for each address that callers could name.

use std::collections::BTreeMap;

use crate::import::remark::Remarks;

/// Aliases as they are needed.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    /// Address to alias.
    by_address: BTreeMap<String, String>,
}

impl Aliases {
    /// The alias of each word, when every one is an address.
    pub(super) fn of_all(&mut self, words: &[String]) -> Option<Vec<String>> {
        let addresses: Option<Vec<_>> = words.iter().map(|word| address(word)).collect();
        let mut aliases: Vec<_> = addresses?.into_iter().map(|address| self.of(address)).collect();
        aliases.sort();
        aliases.dedup();
        Some(aliases)
    }

    fn of(&mut self, address: String) -> String {
        if let Some(alias) = self.by_address.get(&address) {
            return alias.clone();
        }
        let alias = self.free_alias(&address);
        self.by_address.insert(address, alias.clone());
        alias
    }

    /// The repository's own name; with its owner, then with a number, when another has that already.
    fn free_alias(&self, address: &str) -> String {
        let trimmed = address.trim_end_matches('/');
        let trimmed = trimmed.strip_suffix(".git").unwrap_or(trimmed);
        let mut parts = trimmed.rsplit('/');
        let name = parts.next().unwrap_or(trimmed);
        let owner = parts.next().unwrap_or_default();
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        [name.to_owned(), format!("{owner}-{name}")]
            .into_iter()
            .chain(numbered)
            .find(|alias| !self.by_address.values().any(|taken| taken == alias))
            .unwrap_or_default()
    }

    /// Alias to address.
    pub(super) fn finish(self, remarks: &mut Remarks) -> BTreeMap<String, String> {
        for alias in self.by_address.values() {
            remarks.decide(
                &format!("repositories.{alias}"),
                "nothing says which of its branches count as reviewed",
                "list them in `protected_refs`, and let scripts that apply learn them with `protected_refs_as`",
            );
        }
        self.by_address
            .into_iter()
            .map(|(address, alias)| (alias, address))
            .collect()
    }
}

/// An address with its transport; `user@host:path` is SSH.
fn address(word: &str) -> Option<String> {
    if word.contains("://") {
        return Some(word.to_owned());
    }
    let (authority, path) = word.split_once(':')?;
    let (user, host) = authority.split_once('@')?;
    let plain = !user.is_empty() && !host.is_empty() && !path.is_empty() && !path.starts_with('/');
    (plain && !authority.contains('/')).then(|| format!("ssh://{user}@{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_all(words: &[&str]) -> Option<Vec<String>> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        Aliases::default().of_all(&words)
    }

    #[test]
    fn a_repository_is_called_what_it_is_called_and_two_never_share_an_alias() {
        let words = [
            "https://a.example/x/app.git",
            "git@b.example:y/app.git",
            "ssh://git@c.example/y/app",
        ];
        assert_eq!(of_all(&words).unwrap(), ["app", "app-2", "y-app"]);
    }

    #[test]
    fn what_is_no_address_makes_no_alias() {
        assert_eq!(of_all(&["https://a.example/x.git", "main"]), None);
        assert_eq!(of_all(&["host:path"]), None);
    }
}
