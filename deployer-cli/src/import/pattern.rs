//! Patterns of the other dialect: rewritten so that they match no text that any reading of the original refuses.
//!
//! The original may have been matched by another engine, over Unicode, from the start or anywhere. Only what all of them read alike is
//! taken over, it must match the whole value, and what stands for "any character" becomes any printable character of ASCII.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, GroupKind,
    Literal, LiteralKind, Repetition, RepetitionKind, RepetitionRange,
};

/// Deepest nesting of groups that is looked at; the gate takes no more.
const MAX_NESTING: u32 = 50;
/// More words than this are no list that a person keeps.
const MAX_WORDS: usize = 64;
/// Any character that a value of ASCII can hold.
const PRINTABLE: &str = "[ -~]";

/// What a pattern came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// It matches these words. A dot that was not escaped is a dot.
    Words(Vec<String>),
    /// It matches what this pattern matches as a whole.
    Pattern(String),
}

/// Why a pattern cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unportable {
    /// Not a pattern for the gate.
    #[error("it is not a pattern that the gate can read: {0}")]
    Syntax(String),
    /// The dialects differ.
    #[error("it holds {0}, which not every pattern language reads alike")]
    Differs(&'static str),
}

/// Reads a pattern.
pub(super) fn read(pattern: &str) -> Result<Reading, Unportable> {
    let parsed = ParserBuilder::new().nest_limit(MAX_NESTING).build().parse(pattern);
    let mut ast = parsed.map_err(|error| Unportable::Syntax(error.kind().to_string()))?;
    strip_anchors(&mut ast);
    let printed = print(&ast)?;
    Ok(match words(&ast) {
        Some(mut words) => {
            words.retain(|word| !word.is_empty());
            words.sort();
            words.dedup();
            if words.is_empty() {
                return Err(Unportable::Syntax("it matches no text at all".to_owned()));
            }
            Reading::Words(words)
        }
        None => Reading::Pattern(printed),
    })
}

/// A whole value begins and ends where the anchors say that it does.
fn strip_anchors(ast: &mut Ast) {
    if let Ast::Alternation(alternation) = ast {
        alternation.asts.iter_mut().for_each(strip_anchors);
    } else if let Ast::Concat(concat) = ast {
        if concat.asts.first().is_some_and(|first| is_anchor(first, &BEGINNINGS)) {
            concat.asts.remove(0);
        }
        if concat
            .asts
            .last()
            .is_some_and(|last| is_anchor(last, &[AssertionKind::EndLine]))
        {
            concat.asts.pop();
        }
    }
}

const BEGINNINGS: [AssertionKind; 2] = [AssertionKind::StartLine, AssertionKind::StartText];

fn is_anchor(ast: &Ast, kinds: &[AssertionKind]) -> bool {
    matches!(ast, Ast::Assertion(assertion) if kinds.contains(&assertion.kind))
}

fn print(ast: &Ast) -> Result<String, Unportable> {
    match ast {
        Ast::Empty(_) => Ok(String::new()),
        Ast::Flags(_) => Err(Unportable::Differs("flags")),
        Ast::Literal(literal) => character(literal).map(escaped),
        Ast::Dot(_) => Ok(PRINTABLE.to_owned()),
        Ast::Assertion(assertion) => anchor(assertion).map(str::to_owned),
        Ast::ClassUnicode(_) => Err(Unportable::Differs("a class of Unicode characters")),
        Ast::ClassPerl(class) => Ok(bracketed(perl(class), class.negated)),
        Ast::ClassBracketed(class) => bracketed_class(class),
        Ast::Repetition(repetition) => repeated(repetition),
        Ast::Group(group) => {
            if matches!(&group.kind, GroupKind::NonCapturing(flags) if !flags.items.is_empty()) {
                return Err(Unportable::Differs("flags"));
            }
            Ok(format!("({})", print(&group.ast)?))
        }
        Ast::Alternation(alternation) => Ok(printed_all(&alternation.asts)?.join("|")),
        Ast::Concat(concat) => Ok(printed_all(&concat.asts)?.concat()),
    }
}

fn printed_all(asts: &[Ast]) -> Result<Vec<String>, Unportable> {
    asts.iter().map(print).collect()
}

/// A printable character of ASCII that is written as itself, or escaped because it would mean something.
fn character(literal: &Literal) -> Result<char, Unportable> {
    let written = matches!(
        literal.kind,
        LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous
    );
    if !written {
        return Err(Unportable::Differs("a character written by its number or name"));
    }
    if !matches!(literal.c, ' '..='~') {
        return Err(Unportable::Differs("a character that is not printable ASCII"));
    }
    Ok(literal.c)
}

fn escaped(character: char) -> String {
    if regex_syntax::is_meta_character(character) {
        format!("\\{character}")
    } else {
        character.to_string()
    }
}

const fn anchor(assertion: &Assertion) -> Result<&'static str, Unportable> {
    match assertion.kind {
        AssertionKind::StartLine | AssertionKind::StartText => Ok("^"),
        AssertionKind::EndLine => Ok("$"),
        AssertionKind::EndText
        | AssertionKind::WordBoundary
        | AssertionKind::NotWordBoundary
        | AssertionKind::WordBoundaryStart
        | AssertionKind::WordBoundaryEnd
        | AssertionKind::WordBoundaryStartAngle
        | AssertionKind::WordBoundaryEndAngle
        | AssertionKind::WordBoundaryStartHalf
        | AssertionKind::WordBoundaryEndHalf => Err(Unportable::Differs("a boundary other than `^` and `$`")),
    }
}

/// The characters of ASCII, without brackets; what all dialects count among them.
const fn perl(class: &ClassPerl) -> &'static str {
    match class.kind {
        ClassPerlKind::Digit => "0-9",
        ClassPerlKind::Space => " ",
        ClassPerlKind::Word => "0-9A-Za-z_",
    }
}

fn bracketed(items: &str, negated: bool) -> String {
    if negated {
        format!("[ -~&&[^{items}]]")
    } else {
        format!("[{items}]")
    }
}

fn bracketed_class(class: &ClassBracketed) -> Result<String, Unportable> {
    let ClassSet::Item(item) = &class.kind else {
        return Err(Unportable::Differs("an operation on classes"));
    };
    Ok(bracketed(&class_item(item)?, class.negated))
}

fn class_item(item: &ClassSetItem) -> Result<String, Unportable> {
    match item {
        ClassSetItem::Empty(_) => Ok(String::new()),
        ClassSetItem::Literal(literal) => character(literal).map(escaped),
        ClassSetItem::Range(range) => {
            let (start, end) = (character(&range.start)?, character(&range.end)?);
            Ok(format!("{}-{}", escaped(start), escaped(end)))
        }
        ClassSetItem::Perl(class) if !class.negated => Ok(perl(class).to_owned()),
        ClassSetItem::Perl(_) => Err(Unportable::Differs("a negated class in a class")),
        ClassSetItem::Ascii(_) | ClassSetItem::Unicode(_) => Err(Unportable::Differs("a named class")),
        ClassSetItem::Bracketed(_) => Err(Unportable::Differs("a class in a class")),
        ClassSetItem::Union(union) => union.items.iter().map(class_item).collect(),
    }
}

fn repeated(repetition: &Repetition) -> Result<String, Unportable> {
    if matches!(*repetition.ast, Ast::Repetition(_) | Ast::Assertion(_) | Ast::Empty(_)) {
        return Err(Unportable::Differs("a repetition of a repetition or of nothing"));
    }
    let count = match &repetition.op.kind {
        RepetitionKind::ZeroOrOne => "?".to_owned(),
        RepetitionKind::ZeroOrMore => "*".to_owned(),
        RepetitionKind::OneOrMore => "+".to_owned(),
        RepetitionKind::Range(RepetitionRange::Exactly(count)) => format!("{{{count}}}"),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => format!("{{{least},}}"),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => format!("{{{least},{most}}}"),
    };
    Ok(print(&repetition.ast)? + &count)
}

/// The words that a pattern matches, when they can be listed.
fn words(ast: &Ast) -> Option<Vec<String>> {
    let found = match ast {
        Ast::Empty(_) => vec![String::new()],
        Ast::Literal(literal) => vec![literal.c.to_string()],
        Ast::Dot(_) => vec![".".to_owned()],
        Ast::ClassBracketed(class) if !class.negated => match &class.kind {
            ClassSet::Item(ClassSetItem::Literal(literal)) => vec![literal.c.to_string()],
            ClassSet::Item(_) | ClassSet::BinaryOp(_) => return None,
        },
        Ast::Group(group) => words(&group.ast)?,
        Ast::Repetition(repetition) if repetition.op.kind == RepetitionKind::ZeroOrOne => {
            let mut found = words(&repetition.ast)?;
            found.push(String::new());
            found
        }
        Ast::Alternation(alternation) => {
            let each: Option<Vec<_>> = alternation.asts.iter().map(words).collect();
            each?.concat()
        }
        Ast::Concat(concat) => concat.asts.iter().try_fold(vec![String::new()], |before, next| {
            let next = words(next)?;
            let joined = before
                .iter()
                .flat_map(|start| next.iter().map(move |end| format!("{start}{end}")));
            let joined: Vec<_> = joined.take(MAX_WORDS + 1).collect();
            (joined.len() <= MAX_WORDS).then_some(joined)
        })?,
        Ast::Flags(_)
        | Ast::Assertion(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_)
        | Ast::Repetition(_) => return None,
    };
    (found.len() <= MAX_WORDS).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn pattern(original: &str, expected: &str) {
        assert_eq!(read(original), Ok(Reading::Pattern(expected.to_owned())), "{original}");
    }

    #[track_caller]
    fn listed(original: &str, expected: &[&str]) {
        let expected = expected.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(read(original), Ok(Reading::Words(expected)), "{original}");
    }

    #[track_caller]
    fn refused(original: &str, expected: &str) {
        let error = read(original).expect_err("it must not be taken over").to_string();
        assert!(error.contains(expected), "{original}: {error}");
    }

    #[test]
    fn a_pattern_that_lists_words_is_those_words() {
        listed("^(plan|apply)$", &["apply", "plan"]);
        listed("^plan$|^apply$", &["apply", "plan"]);
        listed("plan(-all)?", &["plan", "plan-all"]);
        listed(
            r"(https://a\.example/x.git|git@b[.]example:y\.git)",
            &["git@b.example:y.git", "https://a.example/x.git"],
        );
    }

    #[test]
    fn anything_becomes_anything_printable_and_classes_are_those_of_ascii() {
        pattern("^v.+$", "v[ -~]+");
        pattern(r"\d+\.\d+", r"[0-9]+\.[0-9]+");
        pattern("[^/]*x", "[ -~&&[^/]]*x");
        pattern(r"\W{2}", "[ -~&&[^0-9A-Za-z_]]{2}");
        pattern(r"[\w.-]+?", r"[0-9A-Za-z_\.\-]+");
        pattern("(?P<name>a*)(?:b|c)+", "(a*)(b|c)+");
    }

    #[test]
    fn what_dialects_read_differently_is_not_taken_over() {
        refused("(?i)main", "flags");
        refused("(?i:main)", "flags");
        refused(r"\bmain\b", "boundary");
        refused(r"main\z", "boundary");
        refused("a++b", "repetition of a repetition");
        refused("a{,3}", "not a pattern that the gate can read");
        refused("[a-z&&[^m]]+", "operation");
        refused("[[:alpha:]]+", "named class");
        refused(r"\p{L}+", "Unicode");
        refused(r"\x41+", "number");
        refused("é+", "not printable ASCII");
        refused("(?=a)b", "look-around");
        refused(r"(a)\1", "backreferences");
        refused("(", "unclosed");
        refused("^$", "no text at all");
    }

    #[test]
    fn a_long_list_of_words_stays_a_pattern() {
        pattern("[ab](c|d)", "[ab](c|d)");
        let many = "(a|b)".repeat(7);
        pattern(&many, &many);
    }
}
