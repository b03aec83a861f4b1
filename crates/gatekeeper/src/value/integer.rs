//! Decimal integers, each written in one way only.

use super::Refusal;

/// Digits only: no plus sign, no leading zero, no `-0`.
pub(super) fn check(text: &str, min: i64, max: i64) -> Result<(), Refusal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::NotAnInteger("only the digits 0 to 9 make one"));
    }
    if (digits.starts_with('0') && digits.len() > 1) || text == "-0" {
        return Err(Refusal::NotAnInteger("it has a leading zero or is `-0`"));
    }
    match text.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(()),
        Ok(_) | Err(_) => Err(Refusal::NotAnInteger("it is out of range")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_the_range_belong_to_it() {
        for text in ["-3", "-1", "0", "1", "10", "12"] {
            assert_eq!(check(text, -3, 12), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_number_has_one_notation_and_each_other_text_is_told_why_it_is_none() {
        let no_digits = [
            "", "-", "--1", "+1", "1a", "a1", "1.0", "1e3", " 1", "0x1", "1_0", "\u{661}", "−1",
        ];
        let other_notations = ["-0", "00", "01", "-01", "007"];
        let out_of_range = ["-4", "13", "9223372036854775808", "-9223372036854775809"];
        let reasons = [
            (no_digits.as_slice(), "only the digits 0 to 9 make one"),
            (other_notations.as_slice(), "it has a leading zero or is `-0`"),
            (out_of_range.as_slice(), "it is out of range"),
        ];
        for (texts, reason) in reasons {
            for text in texts {
                assert_eq!(check(text, -3, 12), Err(Refusal::NotAnInteger(reason)), "{text}");
            }
        }
    }
}
