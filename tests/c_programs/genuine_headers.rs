//! Objects compiled against the genuine headers, where Debian's isc-dhcp-dev
//! has them, linked with our library: what an old program's object files hold
//! (offsets, prototypes, constants) is what the library has.

use super::{Done, Shop, done, left_out};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use test_support::c_tests::{CTest, Way};
use test_support::testd::Testd;
use test_support::{Linkage, Program, Run, Workshop, root};

const GENUINE: &str = "/usr/include/omapip/omapip.h";

/// Compiles with the genuine headers and stand-ins for BIND's, and makes sure
/// that none of ours was read.
fn compile(source: &Path, object: &Path) -> Result<(), String> {
    let output = Command::new("cc")
        .args(["-std=gnu11", "-g", "-O1", "-Wall", "-Werror", "-H", "-c"])
        .arg("-DISC_DHCP_NORETURN=")
        .arg("-I")
        .arg(root().join("tests/stand-ins"))
        .arg(source)
        .arg("-o")
        .arg(object)
        .output()
        .map_err(|e| format!("cc: {e}"))?;
    // -H: every header, with dots before it, among the messages.
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}:\n{said}", source.display()));
    }
    let ours = root().join("include");
    let read_ours = said.contains(&*ours.to_string_lossy());
    if read_ours || !said.contains(GENUINE) {
        return Err(format!("{}: wrong headers\n{said}", source.display()));
    }
    Ok(())
}

fn link(
    workshop: &Workshop,
    name: &str,
    object: &Path,
    linkage: Linkage,
) -> Result<Program, String> {
    let folder = workshop.folder();
    let binary = folder.join(format!("{name}-{linkage:?}"));
    let library = match linkage {
        Linkage::Shared => folder.join("libdhcpctl.so"),
        Linkage::Static => folder.join("libdhcpctl.a"),
    };
    let output = Command::new("cc")
        .arg(object)
        .arg(library)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .arg("-o")
        .arg(&binary)
        .output()
        .map_err(|e| format!("cc: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let library: Option<PathBuf> = match linkage {
        Linkage::Shared => Some(folder.join("libdhcpctl.so.0")),
        Linkage::Static => None,
    };
    Ok(Program::at(
        format!("{name} genuine headers {linkage:?}"),
        binary,
        library,
    ))
}

fn check(workshop: &Workshop, test: &CTest, linkage: Linkage) -> Done {
    if !Path::new(GENUINE).is_file() {
        return left_out("isc-dhcp-dev is not installed");
    }
    let object = workshop.folder().join(format!("{}.o", test.name));
    compile(&root().join(&test.source), &object)?;
    let program = link(workshop, &test.name, &object, linkage)?;
    done(program.check(&Run::against(&Testd::start(None))))
}

pub(crate) fn trial(shop: &Arc<Shop>, test: &CTest) -> Option<Trial> {
    if !matches!(test.way, Way::Servers(_)) {
        return None;
    }
    // Each of the two libraries for about half of the programs; running them
    // all twice says nothing more about the headers.
    let sum = test.name.bytes().fold(0, u8::wrapping_add);
    let (linkage, name) = match sum % 2 {
        0 => (Linkage::Shared, "so"),
        _ => (Linkage::Static, "a"),
    };
    let test = test.clone();
    let name = format!("{}::genuine_headers::{name}", test.name);
    Some(super::trial(shop, name, move |w| check(w, &test, linkage)))
}
