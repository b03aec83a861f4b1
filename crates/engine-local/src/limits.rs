//! Ceilings that every run has, whatever holds it.

use protocol::TaskSize;

/// Most processes and threads of one run.
pub(crate) const MAX_TASKS: u32 = 4_096;
/// Open files of one process.
pub(crate) const MAX_OPEN_FILES: u64 = 65_536;
/// Period of the CPU quota in microseconds: the kernel's default.
pub(crate) const CPU_PERIOD: u32 = 100_000;

/// Bytes of memory.
pub(crate) fn memory_bytes(size: TaskSize) -> u64 {
    u64::from(size.memory) * 1024 * 1024
}

/// Microseconds of processor time in each period; 1024 units are one processor.
pub(crate) fn cpu_quota(size: TaskSize) -> u64 {
    (u64::from(size.cpu) * u64::from(CPU_PERIOD) / 1024).max(1_000)
}
