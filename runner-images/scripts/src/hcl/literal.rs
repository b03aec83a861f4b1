//! Plain values of HCL: what one means, and how one is written.
//!
//! Responsible for a value keeping its type. Never evaluates an expression.

use hcl_edit::expr::Expression;

use super::EditError;
use crate::values::Setting;

/// A plain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A string, without quotes and escapes.
    Text(String),
    /// A number, as it is written: an `f64` would round what Terraform does not.
    Number(String),
    /// A boolean.
    Bool(bool),
}

impl Literal {
    /// What an expression that is written like this means, or what it is instead of a plain value.
    pub(super) fn read(expression: &Expression, written: &str) -> Result<Self, &'static str> {
        match expression {
            Expression::String(text) => Ok(Self::Text(text.value().clone())),
            Expression::Number(_) => Ok(Self::Number(written.to_owned())),
            Expression::Bool(value) => Ok(Self::Bool(*value.value())),
            Expression::Null(_) => Err("`null`"),
            Expression::Array(_) => Err("a list"),
            Expression::Object(_) => Err("an object"),
            Expression::StringTemplate(_) => Err("a template"),
            Expression::HeredocTemplate(_) => Err("a heredoc"),
            Expression::Parenthesis(_)
            | Expression::Variable(_)
            | Expression::Conditional(_)
            | Expression::FuncCall(_)
            | Expression::Traversal(_)
            | Expression::UnaryOp(_)
            | Expression::BinaryOp(_)
            | Expression::ForExpr(_) => Err("an expression"),
        }
    }

    /// The new value in the type of this one.
    pub(super) fn retyped(&self, setting: &Setting) -> Result<Self, EditError> {
        let value = setting.value.as_str();
        let (fits, expected, example) = match self {
            Self::Text(_) => (Some(Self::Text(value.to_owned())), "string", "text"),
            Self::Number(_) => (
                is_number(value).then(|| Self::Number(value.to_owned())),
                "number",
                "one such as `3`, `-1` or `0.5`",
            ),
            Self::Bool(_) => (value.parse().ok().map(Self::Bool), "boolean", "`true` or `false`"),
        };
        fits.ok_or_else(|| EditError::WrongType {
            name: setting.name.to_string(),
            value: value.to_owned(),
            expected,
            example,
        })
    }

    /// The value as HCL writes it.
    pub(super) fn write(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.clone(),
            Self::Bool(value) => value.to_string(),
        }
    }
}

/// A number that HCL and JSON read alike.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        // More than three digits overflow what any reader keeps.
        && exponent.is_none_or(|e| e.len() <= 4 && digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

/// A string that means itself: `${` and `%{` would otherwise begin a template.
fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' | '\\' => written.extend(['\\', c]),
            '$' | '%' if characters.peek() == Some(&'{') => written.extend([c, c]),
            _ => written.push(c),
        }
    }
    written.push('"');
    written
}
