//! Objects compiled against the genuine headers, where Debian's isc-dhcp-dev
//! has them, linked with our library: what an old program's object files hold
//! (offsets, prototypes, constants) is what the library has.

use super::{Linkage, PROGRAMS, Testd, Workshop, all_pass, leave_out, root};
use crate::support::{Program, Run};
use std::path::{Path, PathBuf};
use std::process::Command;

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

#[test]
fn objects_of_the_genuine_headers() {
    let test = "objects_of_the_genuine_headers";
    if !Path::new(GENUINE).is_file() {
        leave_out(test, "isc-dhcp-dev is not installed");
        return;
    }
    let workshop = Workshop::new();
    let server = Testd::start(None);
    let mut results = Vec::new();
    for (i, name) in PROGRAMS.iter().enumerate() {
        let object = workshop.folder().join(format!("{name}.o"));
        if let Err(said) = compile(&root().join(format!("c-tests/{name}.c")), &object) {
            results.push(Err(said));
            continue;
        }
        // Each of the two libraries for every other program; running them all
        // twice says nothing more about the headers.
        let linkage = match i % 2 {
            0 => Linkage::Shared,
            _ => Linkage::Static,
        };
        results.push(
            link(&workshop, name, &object, linkage).and_then(|p| p.check(&Run::against(&server))),
        );
    }
    all_pass(results);
}
