//! The sizes of task that Fargate has: CPU units and the memory that each may be paired with.
//!
//! The table is written here once, from "Task CPU and memory" in the Amazon ECS Developer Guide. Decides nothing.

/// The memory, in MiB, that one number of CPU units may be paired with.
struct Row {
    cpu: u32,
    memories: &'static [Steps],
}

/// Every `step` from `first` to `last`.
struct Steps {
    first: u32,
    last: u32,
    step: u32,
}

const TABLE: &[Row] = &[
    Row {
        cpu: 256,
        memories: &[
            Steps {
                first: 512,
                last: 1024,
                step: 512,
            },
            Steps {
                first: 2048,
                last: 2048,
                step: 1,
            },
        ],
    },
    Row {
        cpu: 512,
        memories: &[Steps {
            first: 1024,
            last: 4096,
            step: 1024,
        }],
    },
    Row {
        cpu: 1024,
        memories: &[Steps {
            first: 2048,
            last: 8192,
            step: 1024,
        }],
    },
    Row {
        cpu: 2048,
        memories: &[Steps {
            first: 4096,
            last: 16_384,
            step: 1024,
        }],
    },
    Row {
        cpu: 4096,
        memories: &[Steps {
            first: 8192,
            last: 30_720,
            step: 1024,
        }],
    },
    Row {
        cpu: 8192,
        memories: &[Steps {
            first: 16_384,
            last: 61_440,
            step: 4096,
        }],
    },
    Row {
        cpu: 16_384,
        memories: &[Steps {
            first: 32_768,
            last: 122_880,
            step: 8192,
        }],
    },
];

/// The CPU units that a Fargate task may have, smallest first.
pub fn valid_cpus() -> impl Iterator<Item = u32> {
    TABLE.iter().map(|row| row.cpu)
}

/// The memory in MiB that a Fargate task with these CPU units may have, smallest first; none when no task has these units.
pub fn valid_memories(cpu: u32) -> impl Iterator<Item = u32> {
    TABLE
        .iter()
        .filter(move |row| row.cpu == cpu)
        .flat_map(|row| row.memories)
        .flat_map(Steps::values)
}

/// Whether Fargate has a task of this size.
pub fn valid_pair(cpu: u32, memory: u32) -> bool {
    valid_memories(cpu).any(|valid| valid == memory)
}

/// The sizes nearest to one that Fargate has not, in one line: `1024 with 2048, 3072, … 8192`.
pub fn nearest_sizes(cpu: u32) -> String {
    let Some(nearest) = valid_cpus().min_by_key(|valid| valid.abs_diff(cpu)) else {
        return String::new();
    };
    let memories = valid_memories(nearest)
        .map(|memory| memory.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    format!("cpu {nearest} with memory {memories}")
}

impl Steps {
    fn values(&self) -> impl Iterator<Item = u32> + use<> {
        (self.first..=self.last).step_by(self.step as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_the_guide_is_valid_and_its_neighbours_are_not() {
        let guide = [
            (256, vec![512, 1024, 2048]),
            (512, vec![1024, 2048, 3072, 4096]),
            (1024, (2..=8).map(|gib| gib * 1024).collect()),
            (2048, (4..=16).map(|gib| gib * 1024).collect()),
            (4096, (8..=30).map(|gib| gib * 1024).collect()),
            (8192, (16..=60).step_by(4).map(|gib| gib * 1024).collect()),
            (16_384, (32..=120).step_by(8).map(|gib| gib * 1024).collect()),
        ];
        for memory in (512..=131_072).step_by(512) {
            for (cpu, memories) in &guide {
                assert_eq!(
                    valid_pair(*cpu, memory),
                    memories.contains(&memory),
                    "{cpu} with {memory}"
                );
            }
        }
        assert_eq!(valid_cpus().collect::<Vec<_>>(), guide.map(|(cpu, _)| cpu));
    }

    #[test]
    fn a_size_that_does_not_exist_is_answered_with_the_nearest() {
        assert!(!valid_pair(300, 512));
        assert_eq!(valid_memories(300).count(), 0);
        assert_eq!(nearest_sizes(300), "cpu 256 with memory 512, 1024, 2048");
        assert_eq!(nearest_sizes(0), "cpu 256 with memory 512, 1024, 2048");
    }
}
