//! Attacks: what is done to a permitted request, one to three times over, so that it stays near to what is permitted.

use protocol::{LaunchType, RunRequest};

use super::Random;

/// Words that have hit somebody.
const HOSTILE: [&str; 46] = [
    "--",
    "-",
    "",
    "---",
    "--=",
    "--=x",
    "-h",
    "--help",
    "--version",
    "-u",
    "-xvf",
    "-command",
    "---command",
    "--comm",
    "--COMMAND",
    "--upload-pack=x",
    "--output=/etc/passwd",
    "--var",
    "--var=",
    "--var=a=b=c",
    "--all=",
    "--log-level",
    "--log-level=debug",
    "--fixed",
    "--protected-ref=refs/heads/evil",
    "--repo=ext::sh",
    "../../x",
    "/etc/passwd",
    "a//b",
    "a/./b",
    ".git/config",
    "@file",
    "file:///etc/passwd",
    "$(id)",
    "; id",
    "`id`",
    "a\0b",
    "a\nb",
    "\u{2028}",
    "\u{202e}x",
    "\u{200b}",
    "e\u{301}",
    "\u{301}",
    "--v\u{430}r=x",
    "--ref=\u{ff11}\u{ff12}",
    "TF_CLI_ARGS=x",
];

/// Characters that are put into words.
const CHARACTERS: [char; 22] = [
    '-',
    '=',
    '/',
    '.',
    ' ',
    '"',
    '\\',
    'A',
    '0',
    '\0',
    '\n',
    '\r',
    '\u{7f}',
    '\u{85}',
    '\u{2029}',
    '\u{202e}',
    '\u{feff}',
    '\u{301}',
    '\u{338}',
    '\u{430}',
    '\u{fc}',
    '\u{1f600}',
];

/// The request after one to three attacks.
pub(crate) fn attacked(random: &mut Random, mut request: RunRequest) -> RunRequest {
    for _ in 0..=random.below(3) {
        attack(random, &mut request);
    }
    request
}

fn attack(random: &mut Random, request: &mut RunRequest) {
    match random.below(20) {
        0 => task(random, request),
        1 => names(random, request),
        2..=5 => insert(random, &mut request.args),
        6 => long(random, &mut request.args),
        _ if request.args.is_empty() => insert(random, &mut request.args),
        7 | 8 => {
            let at = random.below(request.args.len());
            request.args.remove(at);
        }
        9 | 10 => {
            let word = random.pick(&request.args).clone();
            let at = random.below(request.args.len() + 1);
            request.args.insert(at, word);
        }
        11 => {
            let (one, other) = (random.below(request.args.len()), random.below(request.args.len()));
            request.args.swap(one, other);
        }
        _ => {
            let at = random.below(request.args.len());
            let word = changed(random, &request.args[at]);
            request.args[at] = word;
        }
    }
}

fn insert(random: &mut Random, args: &mut Vec<String>) {
    let at = random.below(args.len() + 1);
    args.insert(at, (*random.pick(&HOSTILE)).to_owned());
}

fn changed(random: &mut Random, word: &str) -> String {
    let mut characters: Vec<char> = word.chars().collect();
    let at = random.below(characters.len() + 1);
    match random.below(9) {
        0..=2 => characters.insert(at, *random.pick(&CHARACTERS)),
        3 if at < characters.len() => {
            characters.remove(at);
        }
        4 => characters.truncate(at),
        5 if at < characters.len() => {
            let character = characters[at];
            let other = if character.is_ascii_uppercase() {
                character.to_ascii_lowercase()
            } else {
                character.to_ascii_uppercase()
            };
            characters[at] = other;
        }
        6 => characters.insert(0, '-'),
        7 => characters.extend("=x".chars()),
        _ => return (*random.pick(&HOSTILE)).to_owned(),
    }
    characters.into_iter().collect()
}

fn long(random: &mut Random, args: &mut Vec<String>) {
    if random.percent(20) {
        args.resize(*random.pick(&[255, 256, 257, 300]), "x".to_owned());
        return;
    }
    let letter = *random.pick(&["a", "\u{fc}", "\""]);
    let long = letter.repeat(*random.pick(&[33, 41, 2_000, 4_096, 4_097, 8_193]));
    if args.is_empty() {
        args.push(long);
    } else {
        let at = random.below(args.len());
        let name = args[at].split('=').next().unwrap_or_default();
        args[at] = format!("{name}={long}");
    }
}

fn names(random: &mut Random, request: &mut RunRequest) {
    match random.below(4) {
        0 => request.container = None,
        1 => request.container = Some(changed(random, request.container.as_deref().unwrap_or("planner"))),
        2 => request.script = changed(random, &request.script),
        _ => request.script = (*random.pick(&["Deploy", "plan", "../deploy", ""])).to_owned(),
    }
}

fn task(random: &mut Random, request: &mut RunRequest) {
    let task = &mut request.task;
    match random.below(4) {
        0 => task.cpu = Some(*random.pick(&[0, 256, 300, 1024, 4096, 16_384, 20_000, u32::MAX])),
        1 => task.memory = Some(*random.pick(&[0, 512, 2048, 3000, 8192, 16_384, u32::MAX])),
        2 => task.launch_type = Some(*random.pick(&[LaunchType::Fargate, LaunchType::FargateSpot, LaunchType::Ec2])),
        _ => task.max_wait_seconds = Some(*random.pick(&[0, 1, u32::MAX])),
    }
}
