//! What the fuzz targets do with their bytes, shared with the test that replays the committed corpus.
//!
//! Responsible for asserting what must hold for any input. Never: accepts a crash, or a reading that is not stable.

use std::fmt::Write as _;
use std::sync::LazyLock;

use deploy_scripts::aws::ec2::{Image, ImageState, Page, is_ami_id};
use deployer_cli::import::import_text;
use gatekeeper::{AllowList, Decision, compile, decide, explain, source};
use protocol::frame::{Assembler, Cause, Channel, Completeness, Encoder};
use protocol::{Message, RunRequest};

static ALLOW_LIST: LazyLock<AllowList> = LazyLock::new(|| {
    crate::allow_list::load("allow-list.yaml", include_str!("../attacks/allow-list.yaml"))
        .expect("the corpus's allow-list is good")
});

/// Runs one target by its name.
pub fn replay(target: &str, data: &[u8]) {
    match target {
        "allow_list_yaml" => allow_list_yaml(data),
        "request_json" => request_json(data),
        "arguments" => arguments(data),
        "frames" => frames(data),
        "cursor" => cursor(data),
        "import" => import(data),
        "ami_page" => ami_page(data),
        unknown => panic!("no fuzz target is called `{unknown}`"),
    }
}

/// The YAML reader, linter and compiler: what they accept, the gate loads, and always as the same bytes.
pub fn allow_list_yaml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(source) = source::read("fuzz.yaml", text) else {
        return;
    };
    let Ok(compiled) = compile::compile(&source) else {
        return;
    };
    let bytes = compiled.canonical_bytes();
    let loaded = AllowList::load(&bytes).expect("the gate loads what the compiler makes");
    let again = compile::compile(&source)
        .expect("compiling is repeatable")
        .canonical_bytes();
    assert_eq!(bytes, again, "the same allow-list has other bytes the second time");
    assert_eq!(
        loaded.digest(),
        AllowList::load(&again).expect("the same bytes load").digest()
    );
}

/// The message decoder: what it accepts reads back as the same message.
pub fn request_json(data: &[u8]) {
    let Ok(message) = Message::decode(data) else { return };
    let bytes = message.encode().expect("a decoded message can be written");
    assert_eq!(Message::decode(&bytes).expect("and read again"), message);
}

/// The argument grammar: one word on each line. A permit never carries a word that could mean something else, a denial always
/// has a reason, and an explanation says the same as the decision.
pub fn arguments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut words = text.split('\n').map(str::to_owned);
    let request = RunRequest {
        container: Some(words.next().unwrap_or_default()),
        script: words.next().unwrap_or_default(),
        args: words.collect(),
        ..RunRequest::default()
    };
    let explanation = explain(&ALLOW_LIST, &request);
    match decide(&ALLOW_LIST, &request) {
        Decision::Permitted(permit) => {
            assert!(explanation.allowed, "the explanation refuses what the decision permits");
            assert_eq!(explanation.canonical_args, permit.args());
            for argument in permit.args() {
                assert!(
                    !argument.chars().any(char::is_control),
                    "control character in {argument:?}"
                );
            }
        }
        Decision::Denied(denial) => {
            assert!(!explanation.allowed, "the explanation allows what the decision refuses");
            assert!(!denial.problems.is_empty(), "a denial without a reason");
            assert_eq!(explanation.problems, denial.problems);
        }
    }
}

/// The frame reader: any text is read without a crash, and any bytes survive the way through frames.
pub fn frames(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let mut reader = Assembler::new();
        for line in text.split('\n') {
            drop(reader.push(line, |_| ()));
        }
        let _completeness = reader.finish(|_| ());
    }
    survive_the_way(data);
}

/// The decoder of the ECS engine's cursors: what it accepts reads back as the same place.
pub fn cursor(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert_ne!(
        engine_ecs::cursor_reads_back(text),
        Some(false),
        "a cursor changes when it is written again"
    );
}

/// The import: an allow-list that it makes is one that `check` takes, and the same the second time.
pub fn import(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(imported) = import_text("fuzz.json", text) else {
        return;
    };
    let again = import_text("fuzz.json", text).expect("an import is repeatable");
    assert_eq!(
        imported, again,
        "the same configuration becomes another allow-list the second time"
    );
    let Some(made) = imported.allow_list else {
        assert!(!imported.remarks.is_empty(), "nothing is left, and nobody says why");
        return;
    };
    let loaded =
        crate::allow_list::load("allow-list.yaml", &made.yaml).expect("an imported allow-list passes the check");
    assert_eq!(loaded.digest().to_string(), made.digest);
}

/// The reader of EC2's answers: what it accepts names AMIs, and means the same when it is written in another way.
pub fn ami_page(data: &[u8]) {
    let Ok(page) = Page::read(data) else { return };
    assert!(page.images.iter().all(|image| is_ami_id(&image.id)), "{page:?}");
    let again = Page::read(written(&page).as_bytes()).expect("what was accepted can be written");
    assert_eq!(again, page);
}

fn written(page: &Page) -> String {
    let images: Vec<String> = page.images.iter().map(written_image).collect();
    let (images, next) = (images.concat(), numbers(page.next.as_deref().unwrap_or_default()));
    format!(
        "<DescribeImagesResponse><imagesSet>{images}</imagesSet><nextToken>{next}</nextToken></DescribeImagesResponse>"
    )
}

fn written_image(image: &Image) -> String {
    let tag = |(key, value): (&String, &String)| {
        let (key, value) = (numbers(key), numbers(value));
        format!("<item><key>{key}</key><value>{value}</value></item>")
    };
    let tags: Vec<String> = image.tags.iter().map(tag).collect();
    let (id, created, tags) = (&image.id, image.created, tags.concat());
    let state = match image.state {
        ImageState::Available => "available",
        ImageState::Pending => "pending",
    };
    format!(
        "<item><imageId>{id}</imageId><imageState>{state}</imageState><creationDate>{created}</creationDate><tagSet>{tags}</tagSet></item>"
    )
}

/// Every character by its number.
fn numbers(text: &str) -> String {
    let mut written = String::new();
    for c in text.chars() {
        write!(written, "&#{};", u32::from(c)).expect("a string can be written to");
    }
    written
}

fn survive_the_way(data: &[u8]) {
    let cut = data.len() / 2;
    let mut encoder = Encoder::new();
    let mut log = Vec::new();
    encoder.encode(Channel::Stdout, &data[..cut], &mut log);
    encoder.encode(Channel::Stdout, &data[cut..], &mut log);
    encoder
        .finish(0, Cause::Exited, &mut log)
        .expect("a trailer can be written");
    let log = String::from_utf8(log).expect("frames are text");

    let mut reader = Assembler::new();
    let mut out = Vec::new();
    // The worst that a store does: every frame twice, the last first.
    for frame in log.lines().rev().chain(log.lines()) {
        reader
            .push(frame, |chunk| chunk.append_to(&mut out))
            .expect("our own frames are read");
    }
    let end = reader.finish(|chunk| chunk.append_to(&mut out));
    assert!(matches!(end, Completeness::Complete { .. }), "{end:?}");
    assert_eq!(out, data);
}
