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
mod grammar;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod load;
#[cfg(test)]
mod naive_model;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod task;
#[cfg(test)]
mod telling;
