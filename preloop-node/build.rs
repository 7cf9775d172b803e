//! Tells the linker that Node brings the symbols of its native interface.

fn main() {
    napi_build::setup();
}
