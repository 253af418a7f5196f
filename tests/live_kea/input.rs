//! More input that must do no harm: what could corrupt Kea's lease file, what
//! is too long, too deep or too large, and somebody else who is faster.

use super::fake_kea::Fake;
use super::kea::{Program, Setup, raw_command};
use super::{
    Attributes, CREATE, connect, find, get, object, open, refresh, set, update, with_each,
    with_those,
};
use dhcpctl::client::OpenFlags;
use omapi::status::Status;
use std::io::Write;

const A21: (&str, &[u8]) = ("ip-address", &[10, 77, 0, 21]);

/// Everything that a row of the lease file could trip over.
const NASTY: &[u8] = b"a\r\nb,c\x00d\"e\\f\x7f\xff&#x2c\n10.77.0.99,,,1,1,1,0,0,,0,";

#[test]
fn the_lease_file_stays_whole() {
    with_each("nasty leases", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let before = kea.leases();
        let (_, lease) = find(&c, "lease", &[A21]);
        t.is(
            update(&c, &lease, &[("client-hostname", NASTY)]),
            Status::UNCHANGED,
            "a name",
        );
        t.is(kea.leases(), before, "leases");
        let (_, lease) = find(&c, "lease", &[A21]);
        t.is(
            update(&c, &lease, &[("note", NASTY)]),
            Status::SUCCESS,
            "a variable",
        );
        kea.restart();
        t.is(refresh(&c, &lease), Status::SUCCESS, "after a restart");
        t.is(get(&lease, "note"), Some(NASTY.to_vec()), "the variable");
        let count = kea.leases().matches("\"ip-address\"").count();
        t.is(count, 4, "all leases and no other");
        // Kea writes names as they are.
        let before = kea.leases();
        for name in ["a\nb", "a\"b", "a\\b", "a\u{7f}b", "h\u{f6}st"] {
            let (_, lease) = find(&c, "lease", &[A21]);
            let status = update(&c, &lease, &[(name, b"1")]);
            t.is(status, Status::INVALID_ARGUMENT, &format!("{name:?}"));
        }
        t.is(kea.leases(), before, "leases");
        let (_, lease) = find(&c, "lease", &[A21]);
        let status = update(&c, &lease, &[("a, b {}'#:;&#x2c", NASTY)]);
        t.is(status, Status::SUCCESS, "a name with other signs");
        kea.restart();
        let (_, lease) = find(&c, "lease", &[A21]);
        let kept = get(&lease, "a, b {}'#:;&#x2c");
        t.is(kept, Some(NASTY.to_vec()), "after a restart");
        let count = kea.leases().matches("\"ip-address\"").count();
        t.is(count, 4, "all leases and no other");
    });
}

#[test]
fn keys_that_no_lease_or_host_can_have() {
    let long = vec![7; 300];
    let name = vec![b'x'; 70_000];
    let cases: Vec<(&str, Attributes<'_>)> = vec![
        ("lease", vec![("ip-address", &[10, 77, 0])]),
        ("lease", vec![("ip-address", &[0; 16])]),
        ("lease", vec![("hardware-address", &long)]),
        ("lease", vec![("dhcp-client-identifier", &long)]),
        ("lease", vec![("dhcp-client-identifier", &[1])]),
        ("host", vec![("name", &name)]),
        ("host", vec![("name", NASTY)]),
        ("host", vec![("hardware-address", &long)]),
        ("host", vec![("dhcp-client-identifier", &long)]),
        ("host", vec![("ip-address", &[10, 77])]),
        ("group", vec![("name", &name)]),
        ("group", vec![("name", NASTY)]),
    ];
    with_each("impossible keys", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let (config, leases) = (kea.config(), kea.leases());
        for (kind, attributes) in &cases {
            let (key, value) = attributes[0];
            let what = format!("{kind} by {key}, {} bytes", value.len());
            let (status, _) = find(&c, kind, attributes);
            let expected = [Status::NOT_FOUND, Status::INVALID_ARGUMENT];
            t.ok(expected.contains(&status), &format!("{what}: {status:?}"));
        }
        let bad: Vec<(&str, Attributes<'_>)> = vec![
            (
                "a group's long name",
                vec![("name", &name), ("statements", b"filename \"x\";")],
            ),
            (
                "its control characters",
                vec![("name", b"a\nb"), ("statements", b"filename \"x\";")],
            ),
            (
                "its bad statements",
                vec![("name", b"g"), ("statements", b"option routers")],
            ),
            ("no name", vec![("statements", b"filename \"x\";")]),
        ];
        for (what, attributes) in &bad {
            let status = open(&c, &object("group", attributes), CREATE);
            let expected = [Status::INVALID_ARGUMENT, Status::BAD_PARSE];
            t.ok(expected.contains(&status), &format!("{what}: {status:?}"));
        }
        t.is(kea.config(), config, "configuration");
        t.is(kea.leases(), leases, "leases");
        t.is(
            find(&c, "lease", &[A21]).0,
            Status::SUCCESS,
            "and it goes on",
        );
    });
}

#[test]
fn bombs_as_arguments() {
    let deep = [b"[".repeat(121), b"]".repeat(121)].concat();
    let wide = [&b"["[..], &b"0,".repeat(6_000_000), b"0]"].concat();
    let nested = [
        b"{\"a\":".repeat(100_000),
        b"1".to_vec(),
        b"}".repeat(100_000),
    ]
    .concat();
    let cases = [("deep", deep), ("wide", wide), ("nested", nested)];
    with_each("bombs", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let config = kea.config();
        for (what, bomb) in &cases {
            let o = object("kea-command", &[("command", b"config-set")]);
            set(&o, &[("arguments", bomb)]);
            let status = open(&c, &o, OpenFlags::default());
            t.is(status, Status::INVALID_ARGUMENT, what);
        }
        t.is(kea.config(), config, "configuration");
    });
}

/// Somebody adds the same reservation right before ours arrives.
#[test]
fn somebody_is_faster() {
    let which = |p: &Program| p.has_host_cmds();
    with_those("a faster client", which, Setup::default(), |t, kea| {
        let (real, path) = (kea.socket(), kea.folder.join("proxy.sock"));
        let between = Fake::start(&path, move |command, stream| {
            if command.contains("reservation-add") {
                let theirs = br#"{"command":"reservation-add","arguments":{"operation-target":"memory","reservation":
                    {"subnet-id":1,"hw-address":"02:00:00:00:08:01","ip-address":"10.77.20.1","hostname":"theirs"}}}"#;
                raw_command(&real, theirs).unwrap();
            }
            let _ = stream.write_all(&raw_command(&real, command.as_bytes()).unwrap());
        });
        let c = connect(&format!("kea:{}", path.display()));
        let host: Attributes<'_> = vec![
            ("name", b"ours"),
            ("hardware-address", &[2, 0, 0, 0, 8, 1]),
            ("ip-address", &[10, 77, 20, 1]),
        ];
        t.is(
            open(&c, &object("host", &host), CREATE),
            Status::EXISTS,
            "too late",
        );
        drop(between);
        let config = kea.config();
        t.ok(config.contains("\"theirs\""), "theirs stays");
        t.ok(!config.contains("\"ours\""), "ours is not there");
    });
}
