//! What every engine must offer: launch, observe, stop. Never names a vendor.
