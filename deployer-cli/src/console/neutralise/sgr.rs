//! Recognises the one terminal sequence that a job may send: "select graphic rendition", which sets colours and weight.
//!
//! Text that is concealed (attribute 8) stays refused: hidden text deceives its reader, and one CI system keeps its own
//! instructions in it. Never: lets any other sequence through.

/// No program that means colours writes more than this.
const MAX_PARAMETERS: usize = 64;
/// Colour sequences that are remembered for sending them again.
const MAX_OPEN: usize = 256;
const CONCEAL: u32 = 8;

/// The parameters of a control sequence, as far as they have been read.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    parameters: Vec<u8>,
}

impl Sequence {
    /// Takes the byte if it is a parameter of a colour sequence.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        let fits = matches!(byte, b'0'..=b'9' | b';' | b':') && self.parameters.len() < MAX_PARAMETERS;
        if fits {
            self.parameters.push(byte);
        }
        fits
    }

    pub(super) fn parameters(&self) -> &[u8] {
        &self.parameters
    }

    /// Ended by `m`, the sequence sets colours and weight, and hides nothing.
    pub(super) fn only_changes_colours(&self) -> bool {
        let mut attributes = self.parameters.split(|&byte| byte == b';');
        while let Some(attribute) = attributes.next() {
            match number(attribute) {
                Some(38 | 48 | 58) if !attribute.contains(&b':') => skip_colour(&mut attributes),
                Some(CONCEAL) | None => return false,
                Some(_) => {}
            }
        }
        true
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&self.parameters);
        out.push(b'm');
    }

    fn is_reset(&self) -> bool {
        self.parameters.iter().all(|byte| matches!(byte, b'0' | b';'))
    }
}

/// The numbers after an extended colour (38, 48, 58) belong to the colour: `5;N` or `2;R;G;B`.
fn skip_colour<'a>(attributes: &mut impl Iterator<Item = &'a [u8]>) {
    let count = match attributes.next().and_then(number) {
        Some(5) => 1,
        Some(2) => 3,
        _ => 0,
    };
    for _ in 0..count {
        attributes.next();
    }
}

/// The attribute's first number; absent is 0, and more than a terminal could mean is none.
fn number(attribute: &[u8]) -> Option<u32> {
    let digits = attribute.split(|&byte| byte == b':').next().unwrap_or_default();
    digits.iter().try_fold(0_u32, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u32::from(digit.wrapping_sub(b'0')))
    })
}

/// The colours that are switched on.
#[derive(Debug, Default)]
pub(super) struct OpenStyle {
    sequences: Vec<u8>,
}

impl OpenStyle {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.sequences
    }

    pub(super) fn apply(&mut self, sequence: &Sequence) {
        if sequence.is_reset() || self.sequences.len() + sequence.parameters.len() > MAX_OPEN {
            self.sequences.clear();
        }
        if !sequence.is_reset() {
            sequence.write_to(&mut self.sequences);
        }
    }
}
