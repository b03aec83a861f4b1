//! Tests of the gate from outside: decisions, their explanations, generated requests against two other readings.

#[cfg(test)]
mod decision;
#[cfg(test)]
mod lists;
