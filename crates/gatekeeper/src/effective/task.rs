//! Size and limits: a container's own, else the file's defaults, else the product's.

use protocol::LaunchType;

use crate::compiled::Task;
use crate::source::{Count, Located, TaskSource};

const CPU: u32 = 1024;
const MEMORY: u32 = 2048;
const TIMEOUT_SECONDS: u32 = 3600;
/// What ECS gives a container that says nothing.
const STOP_TIMEOUT_SECONDS: u32 = 30;

/// The settings that count. A ceiling that nobody sets is the default size: a caller may then ask for nothing larger.
pub(crate) fn effective_task(own: Option<&TaskSource>, defaults: Option<&TaskSource>) -> Task {
    let layers: Vec<&TaskSource> = [own, defaults].into_iter().flatten().collect();
    let units = |field: fn(&TaskSource) -> Option<&Located<Count<1_048_576>>>| {
        layers.iter().find_map(|layer| field(layer)).map(|units| units.value.0)
    };
    let seconds = |field: fn(&TaskSource) -> Option<&Located<crate::source::Seconds>>| {
        layers
            .iter()
            .find_map(|layer| field(layer))
            .map(|seconds| seconds.value.0)
    };
    let cpu = units(|task| task.cpu.as_ref()).unwrap_or(CPU);
    let memory = units(|task| task.memory.as_ref()).unwrap_or(MEMORY);
    Task {
        cpu,
        memory,
        max_cpu: units(|task| task.max_cpu.as_ref()).unwrap_or(cpu),
        max_memory: units(|task| task.max_memory.as_ref()).unwrap_or(memory),
        launch_types: layers
            .iter()
            .find_map(|layer| launch_types(layer))
            .unwrap_or_else(|| vec![LaunchType::Fargate]),
        timeout_seconds: seconds(|task| task.timeout.as_ref()).unwrap_or(TIMEOUT_SECONDS),
        stop_timeout_seconds: seconds(|task| task.stop_timeout.as_ref()).unwrap_or(STOP_TIMEOUT_SECONDS),
    }
}

/// The launch types of one layer, in either notation.
fn launch_types(task: &TaskSource) -> Option<Vec<LaunchType>> {
    let several = task
        .launch_types
        .as_ref()
        .map(|list| list.items.iter().map(|item| item.value).collect());
    several.or_else(|| task.launch_type.as_ref().map(|one| vec![one.value]))
}
