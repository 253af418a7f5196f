//! Builds the variable-argument shim and names the shared library.
fn main() {
    println!("cargo::rerun-if-changed=src/capi/variadic.c");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libdhcpctl.so.0");
}
