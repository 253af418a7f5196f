//! The C programs of `c-tests`: each is compiled and run with every server and
//! library that its first line names (`c-tests/README.md`), as a test of its
//! own, PROGRAM::SERVER::LIBRARY:
//!
//! ```text
//! cargo test --test c_programs lookup
//! cargo test --test c_programs dhcpd
//! cargo test --test c_programs eventloop::kea_3.0
//! ```
//!
//! What this machine lacks (root and dhcpd, a Kea server, valgrind) is ignored, with
//! the reason; with DHCPCTL_REQUIRE_LIVE=1 that is a failure.

mod dhcpd;
mod genuine_headers;
mod hostile;
#[cfg(feature = "kea")]
mod kea;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use test_support::c_tests::{self, CTest, Server, Watcher, Way};
use test_support::testd::Testd;
use test_support::{
    Build, Linkage, Program, Run, Tap, Workshop, have, nothing_may_be_missing, root,
};

/// Made when the first test needs it: not for `--list`.
#[derive(Default)]
struct Shop(OnceLock<Workshop>);

impl Shop {
    fn get(&self) -> &Workshop {
        self.0.get_or_init(Workshop::new)
    }
}

/// How a test ends.
type Done = Result<Completion, Failed>;

fn trial(
    shop: &Arc<Shop>,
    name: String,
    test: impl FnOnce(&Workshop) -> Done + Send + 'static,
) -> Trial {
    let shop = Arc::clone(shop);
    Trial::ignorable_test(name, move || test(shop.get()))
}

fn done<T>(result: Result<T, String>) -> Done {
    result.map(|_| Completion::Completed).map_err(Failed::from)
}

/// The end of a test for which something is missing here.
fn left_out(reason: &str) -> Done {
    if nothing_may_be_missing() {
        Err(reason.into())
    } else {
        Ok(Completion::ignored_with(reason))
    }
}

const ALGORITHMS: [&str; 6] = [
    "hmac-md5",
    "hmac-sha1",
    "hmac-sha224",
    "hmac-sha256",
    "hmac-sha384",
    "hmac-sha512",
];

/// The other compiler, the other library.
const CLANG_STATIC: Build = Build {
    compiler: "clang",
    standard: "c11",
    linkage: Linkage::Static,
};

/// A server's key, how the program is compiled, and the end of the test's name.
type Variant = (Option<&'static str>, Build, String);

/// With a server of OMAPI's: both libraries, without a key and with one; each
/// algorithm where the program wants that.
fn variants(test: &CTest, server: &str) -> Vec<Variant> {
    let mut variants = vec![
        (None, Build::PLAIN, format!("{server}::so")),
        (
            Some("hmac-sha256"),
            CLANG_STATIC,
            format!("{server}_keyed::a"),
        ),
    ];
    if test.each_key {
        variants.extend(ALGORITHMS.map(|a| {
            let name = format!("{server}_{}::so", a.replace('-', "_"));
            (Some(a), Build::PLAIN, name)
        }));
    }
    variants
}

/// Every way to compile, but for the usual one.
fn builds() -> impl Iterator<Item = Build> {
    let linkages = [Linkage::Shared, Linkage::Static];
    let all = linkages.into_iter().flat_map(|linkage| {
        ["cc", "clang"].into_iter().flat_map(move |compiler| {
            ["c11", "c++17"].map(|standard| Build {
                compiler,
                standard,
                linkage,
            })
        })
    });
    all.filter(|b| b.label() != Build::PLAIN.label())
}

fn with_testd(program: &Program, algorithm: Option<&str>, note: &str) -> Result<Tap, String> {
    let server = Testd::start(algorithm);
    program.check(&Run::against(&server).note(note))
}

/// Compiles and runs a program with what it needs of `omapi-testd`.
fn run(
    workshop: &Workshop,
    test: &CTest,
    algorithm: Option<&str>,
    build: Build,
) -> Result<Tap, String> {
    let program = workshop.compile(&test.source, build)?;
    if !test.is_for(Server::Testd) {
        return program.check(&Run::default());
    }
    let note = format!("testd {}", algorithm.unwrap_or_default());
    with_testd(&program, algorithm, note.trim())
}

/// Against `omapi-testd`, or against nothing.
fn plain(shop: &Arc<Shop>, test: &CTest) -> Vec<Trial> {
    let server = match &test.way {
        Way::Servers(servers) if servers.contains(&Server::Testd) => "testd",
        Way::Servers(servers) if servers.is_empty() => "alone",
        _ => return Vec::new(),
    };
    let mut variants = variants(test, server);
    if server == "alone" {
        variants[1].2 = "alone::a".into();
    }
    if test.each_build {
        let more = builds().map(|b| (None, b, format!("{server}::{}", b.label())));
        variants.extend(more);
    }
    let one = |(algorithm, build, name): Variant| {
        let test = test.clone();
        trial(shop, format!("{}::{name}", test.name), move |w| {
            done(run(w, &test, algorithm, build))
        })
    };
    variants.into_iter().map(one).collect()
}

/// No invalid access and no leak. Programs that fork are left to the others:
/// their children end without cleaning up.
fn valgrind(workshop: &Workshop, test: &CTest, algorithm: Option<&str>) -> Done {
    if !have("valgrind") {
        return left_out("valgrind is not installed");
    }
    let program = workshop.compile(&test.source, Build::PLAIN)?;
    let server = Testd::start(algorithm);
    let mut run = Run::against(&server).note("valgrind");
    run.slow = true;
    run.prefix = [
        "valgrind",
        "-q",
        "--error-exitcode=9",
        "--leak-check=full",
        // Not "possible": Rust's hash tables are held by a pointer into
        // their middle, which valgrind calls possibly lost.
        "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite",
    ]
    .map(Into::into)
    .to_vec();
    done(program.check(&run))
}

fn watched(shop: &Arc<Shop>, test: &CTest) -> Vec<Trial> {
    let one = |watcher: &Watcher| {
        let (name, algorithm) = match watcher {
            Watcher::Valgrind => ("valgrind", None),
            Watcher::ValgrindKeyed => ("valgrind_keyed", Some("hmac-sha256")),
            Watcher::Sanitizer => return None,
        };
        let test = test.clone();
        let name = format!("{}::{name}", test.name);
        Some(trial(shop, name, move |w| valgrind(w, &test, algorithm)))
    };
    test.under.iter().filter_map(one).collect()
}

/// Whatever uses our header of checks is C++ too.
fn as_cxx(shop: &Arc<Shop>, test: &CTest) -> Option<Trial> {
    let text = std::fs::read_to_string(root().join(&test.source)).unwrap_or_default();
    if !test.source.ends_with(".c") || !text.contains("\n#include \"") {
        return None;
    }
    let build = Build {
        compiler: "clang",
        standard: "c++17",
        linkage: Linkage::Shared,
    };
    let source = test.source.clone();
    Some(trial(shop, format!("{}::as_cxx", test.name), move |w| {
        done(w.compile_only(&source, build))
    }))
}

fn all(shop: &Arc<Shop>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for test in c_tests::all() {
        let test = match test {
            Ok(test) => test,
            Err((file, wrong)) => {
                let name = format!("{file}::first_line");
                trials.push(Trial::test(name, || Err(wrong.into())));
                continue;
            }
        };
        trials.extend(plain(shop, &test));
        trials.extend(watched(shop, &test));
        trials.extend(as_cxx(shop, &test));
        trials.extend(genuine_headers::trial(shop, &test));
        trials.extend(dhcpd::trials(shop, &test));
        #[cfg(feature = "kea")]
        trials.extend(kea::trials(shop, &test));
    }
    trials.extend(hostile::trials(shop));
    #[cfg(feature = "kea")]
    trials.push(kea::documented());
    trials
}

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    // The programs wait more than they compute.
    let threads = || {
        let wanted = std::env::var("RUST_TEST_THREADS").ok();
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        wanted
            .and_then(|n| n.parse().ok())
            .unwrap_or_else(|| 2 * cores())
    };
    args.test_threads = args.test_threads.or_else(|| Some(threads()));
    let shop = Arc::default();
    let conclusion = libtest_mimic::run(&args, all(&shop));
    if conclusion.has_failed()
        && let Some(workshop) = shop.0.get()
    {
        workshop.keep();
    }
    conclusion.exit_code()
}
