//! What needs a machine of its own: networks can only be made by root, and Docker's daemon runs as nobody else. `scripts/test.sh` leaves
//! these tests out for anybody else, and says so.

mod docker;
mod network;
mod rootless;
