//! The gatekeeper as a Lambda function: wiring only.

fn main() {}
