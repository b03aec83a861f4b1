//! The allow-lists in `config/` are examples that people copy: not even a warning is left in them.

use std::fs;
use std::path::Path;

#[test]
fn the_linter_has_nothing_to_say_about_the_allow_lists_in_config() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let mut checked = 0;
    for entry in fs::read_dir(&config).expect("config is there") {
        let path = entry.expect("config can be listed").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let yaml = fs::read_to_string(&path).expect("the allow-list can be read");
        let source = gatekeeper::source::read(&path.display().to_string(), &yaml)
            .unwrap_or_else(|errors| panic!("{}: {errors:?}", path.display()));
        let findings = gatekeeper::lint::lint(&source);
        assert!(findings.is_empty(), "{}: {findings:?}", path.display());
        e2e::allow_list::from_file(&path);
        checked += 1;
    }
    assert!(checked >= 1, "no allow-list was checked");
}
