//! Scripts, what they print, and how two outputs are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use test_support::dhcpd::{Dhcpd, Namespace};

/// The key of every server that has one.
pub(crate) const KEY: (&str, &str) = ("omapi_key", "/x0wDf4uQd51vExUtkGpk88yloJOTE3LvECusvN0Wbw=");

/// A file of this package.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A session: lines for standard input.
pub(crate) struct Script {
    pub name: String,
    pub text: Vec<u8>,
    /// What the first line asks for, as in `# server: hmac-sha1`.
    pub server: Option<Server>,
}

/// The server that a script needs.
#[derive(Clone)]
pub(crate) struct Server {
    /// With this algorithm, for those that want a key.
    pub algorithm: Option<String>,
    /// Only a real dhcpd will do.
    pub live_only: bool,
}

/// All scripts, by name.
pub(crate) fn scripts() -> Vec<Script> {
    let mut scripts: Vec<_> = std::fs::read_dir(file("tests/scripts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| {
            let text = std::fs::read(&path).unwrap();
            let first = text.split(|&c| c == b'\n').next().unwrap_or_default();
            let first = String::from_utf8_lossy(first);
            let server = first.strip_prefix("# server: ").map(|words| Server {
                algorithm: words
                    .split(' ')
                    .next()
                    .filter(|&a| a != "plain")
                    .map(Into::into),
                live_only: words.ends_with(" live"),
            });
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            Script { name, text, server }
        })
        .collect();
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    scripts
}

/// What a server is started with.
pub(crate) fn configuration(server: &Server) -> (String, String) {
    let read = |name| std::fs::read_to_string(file("../c-tests").join(name)).unwrap();
    let mut conf = read("server.conf");
    if let Some(algorithm) = &server.algorithm {
        let (name, secret) = KEY;
        conf = format!(
            "key {name} {{ algorithm {algorithm}; secret {secret}; }};\nomapi-key {name};\n{conf}"
        );
    }
    (conf, read("server.leases"))
}

/// A real dhcpd for a script.
pub(crate) fn start_dhcpd(network: &Arc<Namespace>, server: &Server) -> Dhcpd {
    let (conf, leases) = configuration(server);
    Dhcpd::with(network, &test_support::scratch(), &conf, &leases)
}

/// What a program printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    /// It ended by itself, with status 0.
    pub fine: bool,
}

/// Runs a program with that input; kills it when it takes too long.
pub(crate) fn run(command: &mut Command, input: &[u8], limit: Duration) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let input = input.to_vec();
    // A program that ends early does not read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let reader = std::thread::spawn(move || {
        let mut out = Vec::new();
        stdout.read_to_end(&mut out).unwrap();
        out
    });
    let errors = std::thread::spawn(move || {
        let mut err = Vec::new();
        stderr.read_to_end(&mut err).unwrap();
        err
    });
    let deadline = Instant::now() + limit;
    let fine = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.success();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break false;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    writer.join().unwrap();
    Output {
        out: reader.join().unwrap(),
        err: errors.join().unwrap(),
        fine,
    }
}

/// What was printed for each line of input, and after the last.
pub(crate) fn chunks(out: &[u8]) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    let Some(mut rest) = out.strip_prefix(b"> ") else {
        return chunks;
    };
    loop {
        // What a command prints is nothing, or ends with a newline.
        let end = if rest.starts_with(b"> ") {
            Some(0)
        } else {
            rest.windows(3).position(|w| w == b"\n> ").map(|at| at + 1)
        };
        match end {
            Some(end) => {
                chunks.push(&rest[..end]);
                rest = &rest[end + 2..];
            }
            None => {
                chunks.push(rest);
                return chunks;
            }
        }
    }
}

/// Where we differ from the original on purpose: by script, its lines.
pub(crate) struct Differences(BTreeMap<String, BTreeSet<usize>>);

impl Differences {
    /// Reads the list.
    pub(crate) fn load() -> Self {
        Self::of_file("differences.txt")
    }

    /// Reads another one.
    pub(crate) fn of_file(name: &str) -> Self {
        let text = std::fs::read_to_string(file("tests").join(name)).unwrap();
        let mut map: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for line in text.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.splitn(3, ' ');
            let (name, lines) = (words.next().unwrap(), words.next().unwrap());
            assert!(words.next().is_some_and(|r| r.len() > 10), "reason: {line}");
            let set = map.entry(name.to_owned()).or_default();
            for part in lines.split(',') {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                set.extend(first.parse::<usize>().unwrap()..=last.parse().unwrap());
            }
        }
        Self(map)
    }

    /// The lines of a script; nothing for most.
    pub(crate) fn of(&self, script: &str) -> Option<&BTreeSet<usize>> {
        self.0.get(script)
    }

    /// The scripts in the list.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

/// Numbers of the lines (from 1) whose output is not the same. The place after
/// the last line counts too: a program that died never got there.
pub(crate) fn different(original: &[u8], ours: &[u8]) -> BTreeSet<usize> {
    let (original, ours) = (chunks(original), chunks(ours));
    (0..original.len().max(ours.len()))
        .filter(|&at| original.get(at) != ours.get(at))
        .map(|at| at + 1)
        .collect()
}

/// Complains unless we print what the original printed, the listed lines aside.
pub(crate) fn compare(
    script: &Script,
    original: &Output,
    ours: &Output,
    differences: &Differences,
) -> Result<(), String> {
    let name = &script.name;
    if !ours.fine {
        return Err(format!("{name}: ours failed\n{}", shown(&ours.err)));
    }
    let found = different(&original.out, &ours.out);
    match differences.of(name) {
        None if !found.is_empty() => Err(format!(
            "{name}: lines {found:?} differ\n--- original\n{}\n--- ours\n{}",
            shown(&original.out),
            shown(&ours.out)
        )),
        None if original.err != ours.err => Err(format!(
            "{name}: standard error differs\n--- original\n{}\n--- ours\n{}",
            shown(&original.err),
            shown(&ours.err)
        )),
        None => Ok(()),
        Some(listed) if *listed != found => Err(format!(
            "{name}: lines {found:?} differ, {listed:?} are listed\n--- original\n{}\n--- ours\n{}",
            shown(&original.out),
            shown(&ours.out)
        )),
        Some(_) => Ok(()),
    }
}

pub(crate) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Our program.
pub(crate) fn ours() -> Command {
    Command::new(env!("CARGO_BIN_EXE_omshell"))
}

/// A recorded output: the original's in `golden`, ours in `expected` where it
/// differs.
pub(crate) fn recorded(directory: &str, name: &str) -> Output {
    let read = |extension| {
        let path = file(&format!("tests/{directory}/{name}.{extension}"));
        std::fs::read(&path).unwrap_or_else(|e| match extension {
            // Most print nothing there, and have no file.
            "err" => Vec::new(),
            _ => panic!("{}: {e}", path.display()),
        })
    };
    Output {
        out: read("out"),
        err: read("err"),
        fine: true,
    }
}

/// Records an output.
pub(crate) fn record(directory: &str, name: &str, output: &Output) {
    let path = |extension| file(&format!("tests/{directory}/{name}.{extension}"));
    std::fs::write(path("out"), &output.out).unwrap();
    if output.err.is_empty() {
        drop(std::fs::remove_file(path("err")))
    } else {
        std::fs::write(path("err"), &output.err).unwrap()
    }
}
