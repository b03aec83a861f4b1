//! Tests of the gate from outside: decisions, their explanations, generated requests against two other readings.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod clap_reading;
#[cfg(test)]
mod decision;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod naive_model;
