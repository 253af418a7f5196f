//! Builds the variable-argument shim and names the shared library.

fn main() {
    println!("cargo::rerun-if-changed=src/abi/variadic.c");
    println!("cargo::rerun-if-changed=include/dhcpctl.h");
    cc::Build::new()
        .file("src/abi/variadic.c")
        .flag("-fvisibility=hidden")
        .warnings(true)
        .extra_warnings(true)
        .compile("dhcpctl_variadic");
    // The name that programs linked with the genuine library ask for.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libdhcpctl.so.0");
}
