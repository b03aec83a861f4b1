//! Looks at the program that Lambda is to start: whether the runtime can load it at all.
//!
//! A function that cannot be loaded fails at its first call, in production. Reads the file's headers only; never runs it.

use std::collections::BTreeSet;
use std::fmt;

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, Sym as _};
use object::{Endianness, SymbolIndex};

/// The C library of `provided.al2023`, the runtime that the function is deployed on (Amazon Linux 2023).
const RUNTIME_GLIBC: Glibc = Glibc(2, 34);
/// As many symbols as one message names.
const MAX_NAMED: usize = 5;

/// The processors that Lambda has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    /// Intel and AMD.
    X86_64,
    /// Graviton.
    Arm64,
}

impl Architecture {
    /// The word that Lambda has for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Why Lambda could not start a program.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// Something else than a program of 64-bit Linux.
    #[error("it is no Linux program for x86-64 or ARM64: build the package `invoker-lambda` and give its `bootstrap`")]
    NotAProgram,
    /// A program for another processor.
    #[error("it is a program for another processor (ELF machine {0}): Lambda has x86-64 and ARM64")]
    Machine(u16),
    /// Its headers are damaged.
    #[error("its ELF headers are damaged: {0}: build it again")]
    Damaged(#[from] object::read::Error),
    /// Nothing can be told of a program whose section headers were cut off.
    #[error("it has no section headers, so nobody can tell which C library it needs: strip its symbols only")]
    NoSections,
    /// It needs a newer C library.
    #[error(
        "it needs a newer C library than `provided.al2023` has (glibc {RUNTIME_GLIBC}): {symbols}: build it on a system with glibc {RUNTIME_GLIBC}, or link it statically"
    )]
    NewerGlibc {
        /// The symbols with their versions.
        symbols: String,
    },
}

/// A version of the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Glibc(u32, u32);

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Checks a program, and answers which processor it is for.
pub(super) fn check(program: &[u8]) -> Result<Architecture, BootstrapError> {
    let header = FileHeader64::<Endianness>::parse(program).map_err(|_not_elf| BootstrapError::NotAProgram)?;
    let endian = header.endian()?;
    if !matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN) {
        return Err(BootstrapError::NotAProgram);
    }
    let architecture = match header.e_machine(endian) {
        elf::EM_X86_64 => Architecture::X86_64,
        elf::EM_AARCH64 => Architecture::Arm64,
        other => return Err(BootstrapError::Machine(other.0)),
    };
    let newer = newer_symbols(header, endian, program)?;
    if newer.is_empty() {
        return Ok(architecture);
    }
    let more = newer.len().saturating_sub(MAX_NAMED);
    let mut symbols: Vec<String> = newer.into_iter().take(MAX_NAMED).collect();
    if more > 0 {
        symbols.push(format!("and {more} more"));
    }
    Err(BootstrapError::NewerGlibc {
        symbols: symbols.join(", "),
    })
}

/// Every symbol that only a newer C library has, as `name@GLIBC_2.38`.
fn newer_symbols(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    program: &[u8],
) -> Result<BTreeSet<String>, BootstrapError> {
    let sections = header.sections(endian, program)?;
    if sections.is_empty() {
        return Err(BootstrapError::NoSections);
    }
    let mut newer = BTreeSet::new();
    let Some(versions) = sections.versions(endian, program)? else {
        return Ok(newer);
    };
    let symbols = sections.symbols(endian, program, elf::SHT_DYNSYM)?;
    // The first entry of every symbol table is no symbol.
    for index in (1..symbols.len()).map(SymbolIndex) {
        let symbol = symbols.symbol(index)?;
        if symbol.st_shndx(endian) != elf::SHN_UNDEF {
            continue;
        }
        let Some(version) = versions.version(versions.version_index(endian, index).index())? else {
            continue;
        };
        let version = String::from_utf8_lossy(version.name());
        if glibc(&version).is_some_and(|needed| needed > RUNTIME_GLIBC) {
            let name = String::from_utf8_lossy(symbols.symbol_name(endian, symbol)?);
            newer.insert(format!("`{name}@{version}`"));
        }
    }
    Ok(newer)
}

/// `GLIBC_2.34` or `GLIBC_2.2.5`; other names are of other libraries.
fn glibc(version: &str) -> Option<Glibc> {
    let mut numbers = version.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some(Glibc(major, minor)),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests;
