//! Against ISC's dhcpd itself, in a network namespace. Needs root, dhcpd and ip.

use super::{Done, Shop, Variant, done, left_out, trial, variants};
use libtest_mimic::Trial;
use std::sync::{Arc, OnceLock};
use test_support::c_tests::{CTest, Server};
use test_support::dhcpd::{Dhcpd, missing};
use test_support::{Build, Row, Run, Workshop, row};

fn check(workshop: &Workshop, test: &CTest, algorithm: Option<&str>, build: Build) -> Done {
    static MISSING: OnceLock<Option<String>> = OnceLock::new();
    if let Some(reason) = MISSING.get_or_init(missing) {
        return left_out(reason);
    }
    let program = workshop.compile(&test.source, build)?;
    let mut server = Dhcpd::start(workshop.folder(), algorithm);
    let note = format!("dhcpd {}", algorithm.unwrap_or("without a key"));
    let result = program.check(&Run::against(&server).note(note));
    if algorithm.is_none() {
        let counts = Row {
            passed: result.as_ref().map_or(0, |tap| tap.passed),
            differ: 0,
            wrong: result.is_err(),
        };
        row(&test.name, "dhcpd", &counts);
    }
    if !server.is_alive() {
        return Err(format!("dhcpd has died:\n{}", server.log()).into());
    }
    done(result.map_err(|wrong| format!("{wrong}dhcpd said\n{}", server.log())))
}

pub(crate) fn trials(shop: &Arc<Shop>, test: &CTest) -> Vec<Trial> {
    if !test.is_for(Server::Dhcpd) {
        return Vec::new();
    }
    let one = |(algorithm, build, name): Variant| {
        let test = test.clone();
        trial(shop, format!("{}::{name}", test.name), move |w| {
            check(w, &test, algorithm, build)
        })
    };
    variants(test, "dhcpd").into_iter().map(one).collect()
}
