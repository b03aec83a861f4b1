//! The whole story of `build-docker-image`, step by step.
//!
//! Responsible for the order of the steps: where the image may go is checked before anything is fetched, and nothing of the
//! repository runs before its commit is verified and its paths are resolved. A Dockerfile is code: what it does is limited by the
//! role of the container, not by this script.

pub mod arguments;
mod builder;
mod credentials;
pub mod failure;
mod help;
pub mod outcome;
mod registry;
mod registry_error;

use std::env;

use crate::checkout::{Checkout, PlaceError};
use crate::interruption::Interruptions;
use crate::report::Report;
use crate::working_place::WorkingPlace;

use arguments::{Destination, Order};
use builder::{Build, Builder};
use credentials::Credentials;
use failure::Failure;
use outcome::{Image, Outcome};
use registry::Registry;

/// Does what was ordered.
pub fn build(order: &Order, report: Report) -> Result<Outcome, Failure> {
    let mut interruptions = Interruptions::catch().map_err(Failure::Signals)?;
    require_allowed(order)?;
    require_secrets(order)?;
    let place = WorkingPlace::make()?;
    let credentials = Credentials::prepare(order, &place)?;
    if order.repetition == arguments::Repetition::Skipped {
        let mut registry = Registry::prepare(&credentials, report, &mut interruptions)?;
        if let Some(images) = registry.all_of(&order.tags)? {
            return Ok(Outcome::Exists(images));
        }
    }
    let builder = Builder::prepare(order, &place, &credentials, report, &mut interruptions)?;
    let checkout = order.source.fetch(&place, report, &mut interruptions)?;
    let build = resolve(order, &checkout)?;
    let digests = builder.run(&build, &mut interruptions)?;
    let images = order.tags.iter().zip(digests).map(Image::from).collect();
    Ok(match order.destination {
        Destination::Registry => Outcome::Pushed(images),
        Destination::Nowhere => Outcome::Built,
    })
}

/// The gate has checked the names by a pattern; here they are checked as what they are.
fn require_allowed(order: &Order) -> Result<(), Failure> {
    if order.destination == Destination::Nowhere {
        return Ok(());
    }
    let is_allowed =
        |name: &&crate::values::ImageName| order.allowed.iter().any(|allowed| name.repository().is_within(allowed));
    match order.tags.iter().find(|tag| !is_allowed(tag)) {
        Some(tag) => Err(Failure::NotAllowed(tag.clone())),
        None => Ok(()),
    }
}

fn require_secrets(order: &Order) -> Result<(), Failure> {
    let is_missing = |name: &str| env::var_os(name).is_none_or(|value| value.is_empty());
    match order.secrets.iter().find(|secret| is_missing(secret.name())) {
        Some(secret) => Err(Failure::NoSecret(secret.name().to_owned())),
        None => Ok(()),
    }
}

/// The Dockerfile is looked for in the context, and both stay inside the checkout.
fn resolve<'order>(order: &'order Order, checkout: &Checkout) -> Result<Build<'order>, Failure> {
    let context = checkout.resolve(&order.context)?;
    if !context.is_dir() {
        return Err(Failure::Place(PlaceError::WrongKind {
            path: order.context.clone(),
            expected: "directory",
        }));
    }
    let dockerfile = checkout.file(&order.dockerfile_in_repository()?)?;
    Ok(Build {
        order,
        context,
        dockerfile,
    })
}
