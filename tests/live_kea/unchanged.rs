//! A program from before there was anything for Kea: compiled once, against
//! ISC's own headers where they are, it manages dhcpd, and then Kea, by another
//! name of the server or by nothing but a map.

use super::{Checks, with_each};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use test_support::dhcpd::{self, Dhcpd};
use test_support::kea::{Kea, as_dhcpd};
use test_support::{Program, Run, Workshop, leave_out, root};

const GENUINE: &str = "/usr/include/omapip/omapip.h";

/// A binary that is never touched again.
struct Old {
    program: Program,
    binary: PathBuf,
    bytes: Vec<u8>,
}

impl Old {
    /// As an old makefile would: nothing of ours but the library.
    fn compile(workshop: &Workshop, name: &str) -> Self {
        let include = if Path::new(GENUINE).is_file() {
            "tests/stand-ins"
        } else {
            // BIND's headers, which ISC's name
            "include"
        };
        let binary = workshop.folder().join(format!("old-{name}"));
        let done = Command::new("cc")
            .args([
                "-std=gnu89",
                "-w",
                "-O1",
                "-D_GNU_SOURCE",
                "-DISC_DHCP_NORETURN=",
            ])
            // Headers that the manual page's text leaves out.
            .args(["-include", "time.h", "-include", "string.h"])
            .args(["-include", "stdlib.h", "-include", "arpa/inet.h", "-I"])
            .arg(root().join(include))
            .arg(root().join(format!("c-tests/{name}.c")))
            .arg(workshop.folder().join("libdhcpctl.so"))
            .arg(format!("-Wl,-rpath,{}", workshop.folder().display()))
            .arg("-o")
            .arg(&binary)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        let library = workshop.folder().join("libdhcpctl.so.0");
        Self {
            program: Program::at(format!("{name}, old"), binary.clone(), Some(library)),
            bytes: fs::read(&binary).unwrap(),
            binary,
        }
    }

    /// Where nobody listens on any port: whatever answers has another name.
    fn alone(&self, run: Run) -> test_support::Printed {
        let mut run = run;
        run.prefix.splice(0..0, ["unshare", "-n"].map(Into::into));
        self.program.run(&run)
    }

    fn is_unchanged(&self, t: &mut Checks) {
        t.ok(
            fs::read(&self.binary).unwrap() == self.bytes,
            "not a byte of the program has changed",
        );
    }
}

fn map(kea: &Kea) -> String {
    format!("127.0.0.1:7911 = {}", kea.name())
}

/// It came to its end, and every check is good.
fn is_fine(t: &mut Checks, printed: &test_support::Printed, what: &str) {
    let failed = printed.text.lines().any(|l| l.starts_with("not ok"));
    if printed.success && !failed && printed.text.contains("\n1..") {
        t.ok(true, what)
    } else {
        t.is(printed.text.as_str(), "", what)
    }
}

#[test]
fn the_same_program() {
    if let Some(reason) = dhcpd::missing() {
        return leave_out("the same program, dhcpd and Kea", &reason);
    }
    let workshop = Workshop::new();
    let page = Old::compile(&workshop, "manpage");
    let lookup = Old::compile(&workshop, "lookup");
    let group = Old::compile(&workshop, "group");
    let dhcpd = Dhcpd::start(workshop.folder(), None);
    with_each("the same program", as_dhcpd(), |t, kea| {
        for program in [&lookup, &group] {
            let over_dhcpd = program.program.run(&Run::against(&dhcpd));
            is_fine(t, &over_dhcpd, "dhcpd");
            let by_name = program.alone(Run::default().env("OMAPI_HOST", kea.name()));
            is_fine(t, &by_name, "Kea, by its name");
            let by_map = program.alone(Run::default().env("DHCPCTL_SERVERS", map(kea)));
            is_fine(t, &by_map, "Kea, by the map");
            t.is(
                by_name.text.lines().count(),
                over_dhcpd.text.lines().count(),
                "checks",
            );
            let neither = program.alone(Run::default());
            t.ok(
                neither.text.contains("Bail out! cannot connect"),
                "nobody there",
            );
            // The map goes before a server that is there.
            let nowhere = "127.0.0.1:7911 = kea:/nowhere/at/all";
            let run = Run::against(&dhcpd).env("DHCPCTL_SERVERS", nowhere);
            let led_astray = program.program.run(&run);
            t.ok(
                led_astray.text.contains("Bail out! cannot connect"),
                "elsewhere",
            );
            program.is_unchanged(t);
        }
        // Its server is in its text.
        let answer = "ending time is ";
        let over_dhcpd = page.program.run(&Run::against(&dhcpd));
        t.ok(
            over_dhcpd.text.starts_with(answer),
            "the page's program, dhcpd",
        );
        let by_map = page.alone(Run::default().env("DHCPCTL_SERVERS", map(kea)));
        t.ok(by_map.text.starts_with(answer), "the page's program, Kea");
        let neither = page.alone(Run::default());
        t.ok(!neither.text.contains(answer), "the page's program, nobody");
        page.is_unchanged(t);
    });
}

/// `/etc` with a map for this Kea and little else, for a mount namespace.
fn etc(kea: &Kea) -> PathBuf {
    let folder = kea.folder.join("etc");
    fs::create_dir_all(folder.join("dhcpctl")).unwrap();
    for name in ["ld.so.cache", "hosts", "nsswitch.conf", "passwd", "group"] {
        let _ = fs::copy(Path::new("/etc").join(name), folder.join(name));
    }
    let text = format!("# before\n\n{}   # behind\n", map(kea));
    fs::write(folder.join("dhcpctl/servers.conf"), text).unwrap();
    folder
}

/// Runs what follows with that folder as `/etc`, which only it sees.
fn with_etc(folder: &Path) -> Vec<std::ffi::OsString> {
    let script = "mount --bind \"$0\" /etc && exec \"$@\"";
    let mut line: Vec<_> = ["unshare", "-m", "sh", "-c", script].map(Into::into).into();
    line.push(folder.into());
    line
}

#[test]
fn the_map_of_the_system() {
    if let Some(reason) = dhcpd::missing() {
        return leave_out("/etc/dhcpctl/servers.conf", &reason);
    }
    let workshop = Workshop::new();
    let lookup = Old::compile(&workshop, "lookup");
    with_each("the system's map", as_dhcpd(), |t, kea| {
        let run = Run {
            prefix: with_etc(&etc(kea)),
            ..Run::default()
        };
        is_fine(t, &lookup.alone(run), "by /etc/dhcpctl/servers.conf");
        // The variable goes before the file.
        let run = Run {
            prefix: with_etc(&etc(kea)),
            ..Run::default().env("DHCPCTL_SERVERS", "127.0.0.1:7911 = kea:/nowhere/at/all")
        };
        let text = lookup.alone(run).text;
        t.ok(
            text.contains("Bail out! cannot connect"),
            "the variable first",
        );
    });
}

#[test]
fn set_uid_programs() {
    let test = "a set-uid program and DHCPCTL_SERVERS";
    if let Some(reason) = dhcpd::missing() {
        return leave_out(test, &reason);
    }
    let workshop = Workshop::new();
    let old = Old::compile(&workshop, "lookup");
    with_each("set-uid programs", as_dhcpd(), |t, kea| {
        // Kea's own folder is for root alone, this one for everybody.
        let folder = std::env::temp_dir().join(format!("dhcpctl-suid-{}", kea.pid()));
        fs::create_dir_all(&folder).unwrap();
        let library = folder.join("libdhcpctl.so.0");
        fs::copy(workshop.folder().join("libdhcpctl.so"), &library).unwrap();
        let copy = folder.join("old");
        fs::copy(&old.binary, &copy).unwrap();
        let open = |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode));
        for (path, mode) in [(&folder, 0o755), (&library, 0o755), (&copy, 0o755)] {
            open(path, mode).unwrap();
        }
        let nobody = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ];
        let run = |program: Program, mut prefix: Vec<std::ffi::OsString>, variable: bool| {
            prefix.splice(0..0, ["unshare", "-n"].map(Into::into));
            let mut run = Run::default();
            if variable {
                run = run.env("DHCPCTL_SERVERS", map(kea));
            }
            run.prefix = prefix;
            program.run(&run)
        };
        let as_root = Vec::new;
        let as_nobody = || nobody.map(Into::into).to_vec();
        let program = || Program::at("set-uid".into(), copy.clone(), None);
        is_fine(t, &run(program(), as_root(), true), "root, by the variable");
        open(&copy, 0o4755).unwrap();
        is_fine(
            t,
            &run(program(), as_root(), true),
            "root, set-uid and nothing gained",
        );
        let printed = run(program(), as_nobody(), true);
        let ignored = "# 127.0.0.1 port 7911: network unreachable";
        t.ok(
            printed.text.contains(ignored),
            &format!("ignored: {}", printed.text),
        );
        // The file is the administrator's: it counts.
        let etc = etc(kea);
        let mut prefix = with_etc(&etc);
        prefix.extend(as_nobody());
        is_fine(t, &run(program(), prefix, false), "nobody, by the file");
        fs::remove_dir_all(&folder).unwrap();
    });
}
