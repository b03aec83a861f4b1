//! A real program of this machine, the tests' own, and what becomes of it when bytes of it are changed.

use super::*;

fn own_program() -> Vec<u8> {
    std::fs::read(std::env::current_exe().unwrap()).unwrap()
}

#[track_caller]
fn refused(program: &[u8], expected: &str) {
    let error = check(program).expect_err("must be refused").to_string();
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

/// The program with other bytes at a place of its ELF header.
fn with(place: usize, bytes: &[u8]) -> Vec<u8> {
    let mut program = own_program();
    program[place..place + bytes.len()].copy_from_slice(bytes);
    program
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
fn a_program_of_this_machine_is_what_lambda_can_start() {
    assert_eq!(check(&own_program()).unwrap().as_str(), "x86_64");
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn a_symbol_of_a_newer_c_library_is_named_with_its_version() {
    let program = own_program();
    let mut newer = program.clone();
    let places = (0..program.len() - 11).filter(|&at| &program[at..at + 11] == b"GLIBC_2.34\0");
    for at in places {
        newer[at..at + 11].copy_from_slice(b"GLIBC_2.99\0");
    }
    assert_ne!(newer, program, "the test needs a program that needs glibc 2.34");
    refused(&newer, "@GLIBC_2.99`");
    refused(&newer, "(glibc 2.34)");
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_of_another_sort_or_processor_is_refused() {
    const TYPE: usize = 16;
    const MACHINE: usize = 18;
    const SECTION_COUNT: usize = 60;
    const SECTIONS: usize = 40;
    refused(&with(TYPE, &[1, 0]), "no Linux program");
    refused(&with(MACHINE, &[243, 0]), "ELF machine 243");
    refused(&with(SECTIONS, &[0xff; 8]), "damaged");
    let mut stripped = with(SECTIONS, &[0; 8]);
    stripped[SECTION_COUNT..SECTION_COUNT + 4].fill(0);
    refused(&stripped, "no section headers");
}

#[test]
fn what_is_no_program_is_refused() {
    for bytes in [&b""[..], b"#!/bin/sh\nexit 0\n", b"\x7fELF", b"MZ\x90"] {
        refused(bytes, "no Linux program");
    }
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(glibc("GLIBC_2.9").unwrap() < glibc("GLIBC_2.34").unwrap());
    assert!(glibc("GLIBC_2.2.5").unwrap() < RUNTIME_GLIBC);
    assert!(glibc("GLIBC_2.38").unwrap() > RUNTIME_GLIBC);
    assert_eq!(glibc("GLIBC_PRIVATE"), None);
    assert_eq!(glibc("GCC_4.2.0"), None);
}
