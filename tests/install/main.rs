//! `make install` as a user does it, and what old programs do with the result:
//! their link lines, names of their own, other libraries beside ours.

mod archive;
mod lines;
mod names;
mod old_style;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use test_support::{
    Program, Run, Tap, all_pass, have, leave_out, must, root, scratch as target_tmp, tally,
};

/// The linkers; cc takes each by `-fuse-ld=`.
const LINKERS: [&str; 3] = ["bfd", "gold", "lld"];

/// Where everything is installed, once for all tests here: PREFIX.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let folder = target_tmp().join("install");
        let _ = fs::remove_dir_all(&folder);
        let mut make = make_install();
        make.arg(format!("PREFIX={}", folder.display()));
        must(run(&mut make));
        folder
    })
}

/// `make install` with this test's cargo and its folder of built things.
fn make_install() -> Command {
    make_to("install")
}

fn make_to(goal: &str) -> Command {
    // target/PROFILE/deps/test
    let me = std::env::current_exe().expect("the path of this test");
    let target = me.ancestors().nth(3).expect("its target folder");
    let mut make = Command::new("make");
    make.current_dir(root())
        .env_remove("MAKEFLAGS")
        .env_remove("DESTDIR")
        .env("CARGO_TARGET_DIR", target)
        .arg(goal)
        .arg(concat!("CARGO=", env!("CARGO")));
    make
}

/// What a command prints; an error is all that it says.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout) + &text(&output.stderr));
    }
    Err(format!(
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    ))
}

/// How a program is made, beside its libraries.
#[derive(Clone, Copy, Debug)]
struct Mode {
    name: &'static str,
    /// For the linker call.
    flags: &'static [&'static str],
    /// Whether `libdhcpctl.so.0` is what it runs with.
    shared: bool,
    /// Whether its objects are position independent.
    pie: bool,
}

const MODES: [Mode; 5] = [
    Mode {
        name: "shared",
        flags: &["-no-pie"],
        shared: true,
        pie: false,
    },
    Mode {
        name: "pie",
        flags: &["-pie"],
        shared: true,
        pie: true,
    },
    Mode {
        name: "static",
        flags: &["-static"],
        shared: false,
        pie: false,
    },
    Mode {
        name: "static-pie",
        flags: &["-static-pie"],
        shared: false,
        pie: true,
    },
    // Everything but the C library from archives.
    Mode {
        name: "archive",
        flags: &["-no-pie", "-Wl,-Bstatic"],
        shared: false,
        pie: false,
    },
];

/// The modes that a linker knows.
fn modes(linker: &str) -> impl Iterator<Item = Mode> {
    let all = MODES.into_iter();
    all.filter(move |m| (linker, m.name) != ("gold", "static-pie"))
}

/// Whether this linker is here. What is missing is left out, unless nothing
/// may be.
fn have_linker(test: &str, linker: &str) -> bool {
    let program = format!("ld.{linker}");
    let found = have(&program);
    if !found {
        leave_out(test, &format!("{program} is not installed"));
    }
    found
}

/// A folder for the files of one test.
fn scratch(test: &str) -> PathBuf {
    let folder = target_tmp().join("linked").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// Compiles a source against the installed headers, into an object.
fn compile(compiler: &str, source: &Path, folder: &Path, flags: &[&str]) -> PathBuf {
    let name = source.file_stem().unwrap_or_default().to_string_lossy();
    let object = folder.join(format!("{name}{}.o", flags.concat()));
    must(run(Command::new(compiler)
        .args(["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-c"])
        .args(flags)
        .arg("-I")
        .arg(prefix().join("include"))
        .arg("-I")
        .arg(root().join("c-tests"))
        .arg(source)
        .arg("-o")
        .arg(&object)));
    object
}

/// Links as an old Makefile does, with `line` behind the objects, and makes
/// sure that nobody else's libdhcpctl was taken: with Debian's isc-dhcp-dev
/// there is one in /usr/lib. With -v the compiler says so, not the linkers, so
/// they are asked to trace.
fn link(
    compiler: &str,
    linker: &str,
    mode: Mode,
    objects: &[&Path],
    line: &[&str],
    out: &Path,
) -> Result<(), String> {
    let lib = prefix().join("lib");
    let mut command = Command::new(compiler);
    command
        .arg(format!("-fuse-ld={linker}"))
        .args(objects)
        .arg("-o")
        .arg(out)
        .args(mode.flags)
        .arg("-Wl,--trace")
        .arg("-L")
        .arg(&lib)
        .args(line);
    if mode.shared {
        command.arg(format!("-Wl,-rpath,{}", lib.display()));
    }
    if mode.name == "archive" {
        command.arg("-Wl,-Bdynamic");
    }
    let trace = run(&mut command)?;
    let mut ours = 0;
    for file in trace
        .lines()
        .filter(|l| l.contains("libdhcpctl.") || l.contains("libomapi."))
    {
        if !file.contains(&*lib.to_string_lossy()) {
            return Err(format!("{command:?}: took {file}"));
        }
        ours += 1;
    }
    match ours {
        0 => Err(format!("{command:?}: linked without our library\n{trace}")),
        _ => check_needed(out, mode),
    }
}

/// A shared program asks for one library of ours, any other for none.
fn check_needed(program: &Path, mode: Mode) -> Result<(), String> {
    let listing = run(Command::new("readelf").arg("-dW").arg(program))?;
    let needed: Vec<&str> = listing
        .lines()
        .filter(|l| l.contains("(NEEDED)"))
        .filter_map(|l| l.split(['[', ']']).nth(1))
        .filter(|l| !["libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"].contains(l))
        .filter(|l| !l.starts_with("libstdc++") && !l.starts_with("libm.so"))
        .collect();
    let wanted: &[&str] = if mode.shared {
        &["libdhcpctl.so.0"]
    } else {
        &[]
    };
    if needed == wanted {
        Ok(())
    } else {
        Err(format!("{} needs {needed:?}", program.display()))
    }
}

/// A TAP program that was linked here.
fn tap_program(name: String, binary: PathBuf, mode: Mode) -> Program {
    let library = mode
        .shared
        .then(|| prefix().join("lib").join("libdhcpctl.so.0"));
    Program::at(name, binary, library)
}

/// What a package would contain.
#[test]
fn installed_files() {
    let folder = scratch("destdir");
    prefix(); // everything is built
    let mut make = make_install();
    make.arg("PREFIX=/usr")
        .arg(format!("DESTDIR={}", folder.display()));
    must(run(&mut make));
    let found = must(run(Command::new("find")
        .args([".", "!", "-type", "d", "-not", "-path", "*/include/*"])
        .current_dir(&folder)));
    let mut found: Vec<&str> = found.lines().collect();
    found.sort_unstable();
    let mut wanted: Vec<String> = [
        "libdhcpctl.a",
        "libdhcpctl.so",
        "libdhcpctl.so.0",
        "libomapi.a",
        "libomapi.so",
        "libomapi.so.0",
        "pkgconfig/dhcpctl.pc",
    ]
    .map(|f| format!("./usr/lib/{f}"))
    .to_vec();
    for library in ["dst", "dhcp", "irs", "dns", "isccfg", "isc"] {
        for ending in ["a", "so"] {
            wanted.push(format!("./usr/lib/dhcpctl-compat/lib{library}.{ending}"));
        }
    }
    wanted.sort_unstable();
    wanted.insert(0, "./usr/bin/omshell".into());
    assert_eq!(found, wanted);
    for header in ["dhcpctl/dhcpctl.h", "omapip/omapip_p.h", "isc/result.h"] {
        assert!(
            folder.join("usr/include").join(header).is_file(),
            "{header}"
        );
    }
    let pc = fs::read_to_string(folder.join("usr/lib/pkgconfig/dhcpctl.pc")).expect("it");
    assert!(pc.contains("libdir=/usr/lib\n"), "{pc}");
    let soname = must(run(Command::new("readelf")
        .arg("-dW")
        .arg(folder.join("usr/lib/libdhcpctl.so.0"))));
    assert!(soname.contains("[libdhcpctl.so.0]"), "{soname}");
    let version = must(run(
        Command::new(folder.join("usr/bin/omshell")).arg("--version")
    ));
    assert!(version.starts_with("omshell (dhcpctl) "), "{version}");

    // Only what was there before is there after.
    fs::write(folder.join("usr/include/isc/other.h"), "").expect("a file of somebody else");
    let mut make = make_to("uninstall");
    make.arg("PREFIX=/usr")
        .arg(format!("DESTDIR={}", folder.display()));
    must(run(&mut make));
    let left = must(run(Command::new("find")
        .args([".", "!", "-type", "d"])
        .current_dir(&folder)));
    assert_eq!(left, "./usr/include/isc/other.h\n");
    assert!(!folder.join("usr/include/dhcpctl").exists());
    assert!(!folder.join("usr/lib/dhcpctl-compat").exists());
}
