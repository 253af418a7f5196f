//! The programs of `c-tests`, and what their first lines say of them. The
//! syntax is in `c-tests/README.md`.

use crate::root;
use std::path::PathBuf;

/// Something that a program can be run against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `omapi-testd` of this workspace.
    Testd,
    /// ISC's.
    Dhcpd,
    /// Each Kea that is here.
    Kea,
}

/// Something that watches a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watcher {
    /// With a server without a key.
    Valgrind,
    /// With a server that has one.
    ValgrindKeyed,
    /// Read by `ci/sanitize`.
    Sanitizer,
}

/// How a program is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it is, against these servers; against none, it is run all the same.
    Servers(Vec<Server>),
    /// By a test of its own, in this file of the workspace.
    Test(String),
}

/// One program.
#[derive(Clone, Debug)]
pub struct CTest {
    /// The name of its file, without the ending.
    pub name: String,
    /// Its file, from the folder of the workspace.
    pub source: String,
    /// How it is run.
    pub way: Way,
    /// Against a server with a key of each algorithm as well.
    pub each_key: bool,
    /// Compiled in every way, not only in two.
    pub each_build: bool,
    /// What watches it in further runs.
    pub under: Vec<Watcher>,
}

impl CTest {
    /// Reads the first line of a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn of(file: &str, line: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("c-tests/{file}, line 1: {what}: see c-tests/README.md");
        let inside = line
            .strip_prefix("/* ")
            .and_then(|l| l.strip_suffix(" */"))
            .or_else(|| line.strip_prefix("// "))
            .ok_or_else(|| wrong("no comment of one line"))?;
        let (mut way, mut each_key, mut each_build, mut under) = (None, false, false, Vec::new());
        for field in inside.split("; ") {
            let (key, words) = field
                .split_once(": ")
                .ok_or_else(|| wrong(&format!("{field:?} is not KEY: WORDS")))?;
            let each = |word: &str| wrong(&format!("{key}: {word}?"));
            match (key, words) {
                ("servers", "none") if way.is_none() => way = Some(Way::Servers(Vec::new())),
                ("servers", words) if way.is_none() => {
                    let server = |word| match word {
                        "testd" => Ok(Server::Testd),
                        "dhcpd" => Ok(Server::Dhcpd),
                        "kea" => Ok(Server::Kea),
                        other => Err(each(other)),
                    };
                    let servers: Result<_, _> = words.split(' ').map(server).collect();
                    way = Some(Way::Servers(servers?));
                }
                ("test", path) if way.is_none() => way = Some(Way::Test(path.to_owned())),
                ("keys", "each") => each_key = true,
                ("builds", "each") => each_build = true,
                ("under", words) => {
                    for word in words.split(' ') {
                        under.push(match word {
                            "valgrind" => Watcher::Valgrind,
                            "valgrind-keyed" => Watcher::ValgrindKeyed,
                            "tsan" | "tsan-kea" | "asan" | "asan-kea" => Watcher::Sanitizer,
                            other => return Err(each(other)),
                        });
                    }
                }
                (_, words) => return Err(each(words)),
            }
        }
        let (name, _) = file.split_once('.').ok_or_else(|| wrong("no ending"))?;
        let way = way.ok_or_else(|| wrong("neither servers nor a test"))?;
        if matches!(way, Way::Test(_)) && (each_key || each_build) {
            return Err(wrong(
                "a program with a test of its own has no keys, no builds",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            source: format!("c-tests/{file}"),
            way,
            each_key,
            each_build,
            under,
        })
    }

    /// Whether it is run against this kind of server.
    pub fn is_for(&self, server: Server) -> bool {
        matches!(&self.way, Way::Servers(servers) if servers.contains(&server))
    }
}

/// Every program of the folder, by name; an error for each whose first line
/// cannot be read.
pub fn all() -> Vec<Result<CTest, (String, String)>> {
    let folder = root().join("c-tests");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "c" || e == "cc"))
        .collect();
    files.sort();
    let read = |path: &PathBuf| {
        let file = path.file_name().expect("a file").to_string_lossy();
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let line = text.lines().next().unwrap_or_default();
        CTest::of(&file, line).map_err(|e| (file.into_owned(), e))
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        let read = |line| CTest::of("x.c", line);
        let full = read("/* servers: testd kea; keys: each; builds: each; under: valgrind tsan */");
        let full = full.expect("a good line");
        assert_eq!((&*full.name, &*full.source), ("x", "c-tests/x.c"));
        assert_eq!(full.way, Way::Servers(vec![Server::Testd, Server::Kea]));
        assert!(full.each_key && full.each_build);
        assert_eq!(full.under, [Watcher::Valgrind, Watcher::Sanitizer]);
        assert!(full.is_for(Server::Kea) && !full.is_for(Server::Dhcpd));

        let none = read("/* servers: none */").expect("a good line");
        assert_eq!(none.way, Way::Servers(Vec::new()));
        let own = read("// test: tests/a/b.rs").expect("a good line");
        assert_eq!(own.way, Way::Test("tests/a/b.rs".into()));

        for bad in [
            "",
            "#include \"client.h\"",
            "/* Finding leases. */",
            "/* servers: */",
            "/* servers: dhcpcd */",
            "/* servers: testd, dhcpd */",
            "/* servers: testd; servers: kea */",
            "/* servers: testd; test: tests/a.rs */",
            "/* servers: testd; keys: some */",
            "/* servers: testd; under: strace */",
            "/* under: valgrind */",
            "/* test: tests/a.rs; keys: each */",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    /// The file that runs a program has its name.
    #[test]
    fn tests_of_their_own() {
        for test in all().into_iter().flatten() {
            let Way::Test(path) = &test.way else {
                continue;
            };
            let text = std::fs::read_to_string(root().join(path));
            let text = text.unwrap_or_else(|e| panic!("{}: {path}: {e}", test.source));
            let named = [&test.source, &format!("\"{}\"", test.name)];
            assert!(
                named.iter().any(|n| text.contains(*n)),
                "{path} does not run {}",
                test.source
            );
        }
    }
}
