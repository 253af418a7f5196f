//! Tables of facts, compilers, and small C programs for them.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use test_support::root;

/// The rows of `data/abi/NAME.tsv`. A row may leave out empty cells at its end:
/// they are put back, so that every row has `columns`.
pub(crate) fn table(name: &str, columns: usize) -> Vec<Vec<String>> {
    let path = root().join("data/abi").join(name).with_extension("tsv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let rows = text.lines().filter(|l| !l.starts_with('#')).map(|line| {
        let mut row: Vec<String> = line.split('\t').map(str::to_owned).collect();
        row.resize(columns.max(row.len()), String::new());
        row
    });
    rows.collect()
}

/// A function or variable that ours must have.
pub(crate) struct Required {
    pub name: String,
    /// `T` function, `B` variable.
    pub kind: String,
    pub tier: u8,
    pub prototype: String,
}

/// Everything that is to be there: what the genuine libraries have, and our
/// additions.
pub(crate) fn required() -> Vec<Required> {
    let rows = table("required", 4).into_iter();
    let rows = rows.chain(table("additions", 4)).map(|row| Required {
        name: row[0].clone(),
        kind: row[1].clone(),
        tier: row[2].parse().expect("a tier"),
        prototype: row[3].clone(),
    });
    rows.collect()
}

/// Fails if a list of what is left out names something that is not in the table.
pub(crate) fn assert_known(left_out: &[&str], table: &[Vec<String>]) {
    for name in left_out {
        assert!(table.iter().any(|row| row[0] == *name), "unknown: {name}");
    }
}

/// The committed header.
pub(crate) fn header() -> String {
    let path = root().join(xtask::header::PATH);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

/// The header without comments and preprocessor lines: what it declares.
pub(crate) fn declarations() -> String {
    let header = header();
    let mut code = String::new();
    let (mut comment, mut directive) = (false, false);
    for line in header.lines() {
        comment |= line.trim_start().starts_with("/*");
        directive |= line.starts_with('#');
        if !comment && !directive {
            code.push_str(line);
            code.push('\n');
        }
        comment &= !line.ends_with("*/");
        directive &= line.ends_with('\\');
    }
    code
}

/// True if `text` has `word` as a whole word with `after` behind it.
fn has_word(text: &str, word: &str, after: char) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(in_word) && text[at + word.len()..].starts_with(after))
}

/// True if the function or variable is among the declarations.
pub(crate) fn declared(declarations: &str, name: &str) -> bool {
    has_word(declarations, name, '(') || has_word(declarations, name, ';')
}

/// A folder for the files of one test.
pub(crate) fn scratch(test: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("abi")
        .join(test);
    std::fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("{dir:?}: {e}"));
    dir
}

/// A compiler and the language that it is to expect.
pub(crate) struct Compiler {
    /// What to start.
    pub program: &'static str,
    /// The ending of its sources.
    pub ending: &'static str,
    language: &'static [&'static str],
}

const C11: &[&str] = &["-std=c11"];
const CXX17: &[&str] = &["-std=c++17"];
const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-pedantic", "-Werror"];

/// True if the tool can be started. Without a required one (DHCPCTL_REQUIRE_TOOLS=1)
/// the test fails, otherwise it says what it leaves out.
pub(crate) fn have(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        println!("left out: {program} (not installed)");
    }
    found
}

/// True if missing tools are failures.
pub(crate) fn tools_required() -> bool {
    std::env::var_os("DHCPCTL_REQUIRE_TOOLS").is_some_and(|v| v == "1")
}

/// gcc and clang, C11 and C++17: as many of the four as are installed.
pub(crate) fn compilers() -> Vec<Compiler> {
    let all = [
        ("gcc", "c", C11),
        ("g++", "cc", CXX17),
        ("clang", "c", C11),
        ("clang++", "cc", CXX17),
    ];
    let found: Vec<Compiler> = all
        .into_iter()
        .filter(|(program, ..)| have(program))
        .map(|(program, ending, language)| Compiler {
            program,
            ending,
            language,
        })
        .collect();
    assert!(
        !tools_required() || found.iter().any(|c| c.program == "gcc"),
        "gcc is required"
    );
    found
}

impl Compiler {
    /// True for C, false for C++.
    pub(crate) fn is_c(&self) -> bool {
        self.ending == "c"
    }

    /// Compiles (and links, unless told otherwise) sources with our headers.
    ///
    /// `Err` has what the compiler said.
    pub(crate) fn run(&self, sources: &[PathBuf], arguments: &[&str]) -> Result<(), String> {
        let output = Command::new(self.program)
            .args(self.language)
            .args(WARNINGS)
            .arg("-I")
            .arg(root().join("include"))
            .args(arguments)
            .args(sources)
            .output()
            .unwrap_or_else(|e| panic!("{}: {e}", self.program));
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{} {:?}:\n{said}", self.program, self.language))
    }

    /// Checks one source without making anything of it.
    pub(crate) fn check(&self, dir: &Path, name: &str, text: &str) -> Result<(), String> {
        let source = self.source(dir, name, text);
        self.run(&[source], &["-fsyntax-only", "-D_DEFAULT_SOURCE"])
    }

    /// Makes a program of one source, runs it, returns what it printed.
    pub(crate) fn output(&self, dir: &Path, name: &str, text: &str) -> String {
        let source = self.source(dir, name, text);
        let program = dir.join(format!("{name}.{}", self.program));
        let to = program.to_str().expect("a path in UTF-8");
        if let Err(said) = self.run(&[source], &["-D_DEFAULT_SOURCE", "-o", to]) {
            panic!("{said}");
        }
        let output = Command::new(&program).output().expect("program starts");
        assert!(output.status.success(), "{program:?}: {:?}", output.status);
        String::from_utf8(output.stdout).expect("text")
    }

    /// Writes a source. Each compiler has its own, so that they can work at once.
    pub(crate) fn source(&self, dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(format!("{name}.{}.{}", self.program, self.ending));
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        path
    }
}
