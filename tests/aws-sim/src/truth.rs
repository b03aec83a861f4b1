//! What truly happened, for tests to judge by. Never: told to the code under test.

use protocol::frame::Channel;

use crate::ecs::Task;
use crate::life::Fate;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTruth {
    /// Its id.
    pub id: String,
    /// The client token that started it.
    pub token: Option<String>,
    /// When it was created; all moments are milliseconds of Unix time.
    pub created: u64,
    /// When its program started.
    pub started: Option<u64>,
    /// When its program ended.
    pub ended: Option<u64>,
    /// When ECS said STOPPED.
    pub stopped: Option<u64>,
    /// When somebody asked it to stop.
    pub stop_asked: Option<u64>,
    /// What became of it.
    pub fate: Fate,
    /// The container's exit code as ECS tells it.
    pub exit_code: Option<i32>,
    /// What the program wrote, in order.
    pub lines: Vec<Line>,
    /// When each log entry could be read; absent is never. The trailer is the last one.
    pub readable: Vec<Option<u64>>,
}

/// One line that a program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: u64,
    /// Where.
    pub channel: Channel,
    /// What, with its line feed.
    pub text: String,
    /// When it could be read in the log; absent is never.
    pub readable: Option<u64>,
}

impl TaskTruth {
    pub(crate) fn of(task: &Task) -> Self {
        let life = &task.life;
        let started = life.started.unwrap_or_default();
        let lines = life.wrote.iter().enumerate().map(|(place, write)| Line {
            at: started + write.at,
            channel: write.channel,
            text: write.text.clone(),
            readable: task.readable.get(place).copied().flatten(),
        });
        Self {
            id: task.id.clone(),
            token: task.token.clone(),
            created: life.created,
            started: life.started,
            ended: life.container_ended,
            stopped: life.stopped,
            stop_asked: task.conditions.stop.as_ref().map(|stop| stop.at),
            fate: life.fate.clone(),
            exit_code: life.exit_code,
            lines: lines.collect(),
            readable: task.readable.clone(),
        }
    }

    /// Everything that the program wrote to one output.
    pub fn written(&self, channel: Channel) -> String {
        let lines = self.lines.iter().filter(|line| line.channel == channel);
        lines.map(|line| line.text.as_str()).collect()
    }
}
