//! A commit with very many files, made in a second: one blob under many names.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Replaces `main` of a bare repository by a commit with these files and so many others. The answer is its id. `folder` is for a file of our
/// own.
pub(crate) fn commit(bare: &Path, folder: &Path, files: &[(&str, &str)], others: u32) -> String {
    let mut orders = String::from("blob\nmark :1\ndata 1\nx\n");
    for (index, (_, text)) in files.iter().enumerate() {
        write!(orders, "blob\nmark :{}\ndata {}\n{text}\n", index + 2, text.len()).unwrap();
    }
    orders.push_str("commit refs/heads/main\ncommitter a <a@example.com> 1 +0000\ndata 1\nm\ndeleteall\n");
    for (index, (name, _)) in files.iter().enumerate() {
        writeln!(orders, "M 100644 :{} {name}", index + 2).unwrap();
    }
    for number in 0..others {
        writeln!(orders, "M 100644 :1 many/{}/{number}", number / 1_000).unwrap();
    }
    let stream = folder.join("stream");
    fs::write(&stream, orders).unwrap();
    let git = |words: &[&str], input: Stdio| {
        let output = Command::new("git")
            .args(words)
            .current_dir(bare)
            .stdin(input)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let input = Stdio::from(fs::File::open(&stream).unwrap());
    git(&["fast-import", "--quiet", "--force"], input);
    git(&["rev-parse", "refs/heads/main"], Stdio::null())
}
