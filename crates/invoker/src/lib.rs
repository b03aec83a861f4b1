//! From a message to an answer: gate, engine, audit. Never knows whether it is in a Lambda.
