//! What a run of `build-docker-image` came to, and how it is told.
//!
//! Responsible for the one line of JSON on standard output that a pipeline can go on with.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::arguments::Order;
use crate::handover::Handover;
use crate::report::Report;
use crate::values::ImageName;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The images are in their registries now.
    Pushed(Vec<Image>),
    /// The images were in their registries before.
    Exists(Vec<Image>),
    /// The image could be built.
    Built,
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    name: String,
    digest: String,
}

impl From<(&ImageName, String)> for Image {
    fn from((name, digest): (&ImageName, String)) -> Self {
        let name = name.to_string();
        Self { name, digest }
    }
}

impl Outcome {
    /// Says it: for people on standard error, for programs on standard output and in the run's result.
    pub fn tell(&self, order: &Order, report: Report, handover: &mut Handover) {
        match self {
            Self::Pushed(images) => {
                for Image { name, digest } in images {
                    report.step(format_args!("pushed `{name}` as `{digest}`"));
                }
            }
            Self::Exists(_) => report.step("every tag is in the registry already: nothing was built"),
            Self::Built => report.step("built, and pushed nowhere"),
        }
        let printed = self.printed(order);
        // Nobody may be reading any more; that must not change how a build ends.
        drop(writeln!(io::stdout().lock(), "{printed}"));
        if let Err(reason) = handover.send_result("image", &printed) {
            report.step(format_args!("the image is not in the run's result: {reason}"));
        }
    }

    fn printed(&self, order: &Order) -> Value {
        let (outcome, images) = match self {
            Self::Pushed(images) => ("pushed", images.as_slice()),
            Self::Exists(images) => ("exists", images.as_slice()),
            Self::Built => ("built", [].as_slice()),
        };
        let images = images
            .iter()
            .map(|Image { name, digest }| json!({ "name": name, "digest": digest }));
        json!({
            "outcome": outcome,
            "repository": order.source.repository.as_str(),
            "commit": order.source.commit.as_str(),
            "context": order.context.to_string(),
            "dockerfile": order.dockerfile.to_string(),
            "images": images.collect::<Vec<_>>(),
        })
    }
}
