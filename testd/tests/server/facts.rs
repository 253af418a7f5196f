//! What is known of dhcpd beyond the recorded sessions, and what our server
//! does where dhcpd dies.

use crate::client::{Answer, Client, Values};
use omapi_testd::{Config, Server};

const CONF: &[u8] = br#"
class "c" { lease limit 4; }
subclass "c" 1:02:00:00:00:00:01;
subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10 10.0.0.20; }
group g { host s { hardware ethernet 00:11:22:33:44:55; fixed-address 10.0.9.5; } }
"#;

const LEASES: &[u8] = br#"
lease 10.0.0.10 { starts epoch 100; ends epoch 2000; binding state active; next binding state free;
  hardware ethernet 02:00:00:00:00:01; client-hostname "h"; billing subclass "c" 1:02:00:00:00:00:01; }
lease 10.0.0.11 { starts epoch 100; ends epoch 900; binding state active; next binding state free;
  hardware ethernet 02:00:00:00:00:02; client-hostname "over"; }
lease 10.0.0.12 { starts epoch 100; ends never; binding state active; }
lease 172.16.0.1 { starts epoch 100; ends epoch 2000; binding state active; }
host made { dynamic; hardware ethernet 02:00:00:00:00:07; group "g"; }
"#;

fn server() -> Server {
    let mut config = Config::from_texts(CONF, LEASES).unwrap();
    config.now = Some(1000);
    config.ranges = vec![([192, 168, 0, 1].into(), [192, 168, 255, 255].into())];
    Server::start(config).unwrap()
}

fn refused(code: u32) -> Answer {
    Answer::Status(code, "can't update object".into())
}

fn success() -> Answer {
    Answer::Status(0, String::new())
}

const INVALID: u32 = 0x60003;
const HW: (&str, &[u8]) = ("hardware-address", &[2, 0xaa, 0, 0, 0, 1]);
const HW_TYPE: (&str, &[u8]) = ("hardware-type", &[0, 0, 0, 1]);

/// Each of these is a segmentation fault or failed assertion in dhcpd.
#[test]
fn requests_that_kill_dhcpd_are_refused() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let lease = c
        .open("lease", &[], &[("ip-address", &[10, 0, 0, 10])])
        .handle();
    let control = c.open("control", &[], &[]).handle();
    let class = c.open("class", &[], &[("name", b"c")]).handle();
    for (handle, name) in [
        (lease, "state"),
        (lease, "ends"),
        (lease, "flags"),
        (control, "state"),
        (class, "match"),
        (class, "group"),
    ] {
        assert_eq!(c.update(handle, &[(name, b"")]), refused(INVALID), "{name}");
    }
    let new = ["create", "exclusive"];
    let statements: (&str, &[u8]) = ("statements", b"filename \"x\";");
    for (kind, values) in [
        ("group", &[("name", &b""[..]), statements][..]),
        ("group", &[("name", b"n"), ("statements", b"")]),
        ("class", &[("name", b"")]),
        ("class", &[("name", b"n"), ("match", b"")]),
        ("subclass", &[("name", b"c"), ("hashstring", b"")]),
        ("host", &[HW, HW_TYPE, ("ip-address", &[10])]),
        ("host", &[HW, HW_TYPE, ("ip-address", &[10, 0])]),
    ] {
        assert_eq!(
            c.open(kind, &new, values),
            refused(INVALID),
            "{kind} {values:?}"
        );
    }
    // A group that a host refers to, deleted twice.
    let group = c.open("group", &[], &[("name", b"g")]).handle();
    assert_eq!(c.delete(group), success());
    assert_eq!(c.refresh(group), Answer::Object(group, vec![]));
    assert_eq!(c.delete(group), refused(INVALID));
    // When its last host is gone, so is the group.
    for name in [b"made".as_slice(), b"s"] {
        let host = c.open("host", &[], &[("name", name)]).handle();
        assert_eq!(c.delete(host), success());
    }
    let gone = Answer::Status(23, "no matching handle".into());
    assert_eq!(c.refresh(group), gone);
}

#[test]
fn leases_of_the_file() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let mut at = |ip: [u8; 4]| c.open("lease", &[], &[("ip-address", &ip)]);
    let state = |a: &Answer| a.get("state").map(|s| s[3]);
    let active = at([10, 0, 0, 10]);
    assert_eq!(
        (state(&active), active.get("client-hostname")),
        (Some(2), Some(&b"h"[..]))
    );
    // Its time was over when the server started.
    let over = at([10, 0, 0, 11]);
    assert_eq!((state(&over), over.get("client-hostname")), (Some(1), None));
    let never = at([10, 0, 0, 12]);
    assert_eq!(state(&never), Some(2));
    assert_eq!(never.get("ends"), Some(&[0x7f, 0xff, 0xff, 0xff][..]));
    assert_eq!(never.get("tstp"), never.get("ends"));
    // Outside of all ranges, yet in the file; and a range without a subnet.
    let outside = at([172, 16, 0, 1]);
    let extra = at([192, 168, 7, 7]);
    assert_eq!((state(&outside), state(&extra)), (Some(2), Some(1)));
    assert_eq!(outside.get("pool"), extra.get("pool"));
    assert_ne!(outside.get("pool"), active.get("pool"));
    assert_eq!(
        at([10, 0, 0, 21]),
        Answer::Status(23, "no object matches specification".into())
    );

    let pool = |a: &Answer| u32::from_be_bytes(a.get("pool").unwrap().try_into().unwrap());
    let count = |a: &Answer, name| u32::from_be_bytes(a.get(name).unwrap().try_into().unwrap());
    let pools = [pool(&active), pool(&extra)].map(|p| c.refresh(p));
    let counts = pools.map(|p| (count(&p, "lease-count"), count(&p, "free-leases")));
    assert_eq!(counts, [(11, 9), (65536, 65535)]);
}

#[test]
fn a_freed_lease_is_billed_to_nobody() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let lease = c.open("lease", &[], &[("ip-address", &[10, 0, 0, 10])]);
    let class = u32::from_be_bytes(lease.get("billing-class").unwrap().try_into().unwrap());
    assert_eq!(c.refresh(class).get("leases-used"), Some(&[0, 0, 0, 1][..]));
    assert_eq!(
        c.update(lease.handle(), &[("state", &[0, 0, 0, 1])]),
        success()
    );
    assert_eq!(c.refresh(class).get("leases-used"), Some(&[0, 0, 0, 0][..]));
    assert_eq!(c.refresh(lease.handle()).get("billing-class"), None);
}

#[test]
fn lease_variables() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let h = c
        .open("lease", &[], &[("ip-address", &[10, 0, 0, 10])])
        .handle();
    assert_eq!(c.update(h, &[("mine", b"")]), refused(0x60020));
    assert_eq!(c.refresh(h).get("remote-handle"), None);
    assert_eq!(c.update(h, &[("mine", b"text")]), success());
    let lease = c.refresh(h);
    assert_eq!(lease.get("mine").map(<[u8]>::len), Some(4));
    assert_eq!(lease.get("remote-handle"), Some(&h.to_be_bytes()[..]));
    assert_eq!(c.update(h, &[("mine", b"")]), success());
    assert_eq!(c.refresh(h).get("mine"), None);
    // A read-only time becomes a variable: the name is there twice, and the
    // first is the genuine one.
    let before = lease.get("cltt").map(<[u8]>::to_vec);
    assert_eq!(c.update(h, &[("cltt", &[9, 9, 9, 9])]), success());
    assert_eq!(c.refresh(h).get("cltt").map(<[u8]>::to_vec), before);
}

#[test]
fn hosts() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let open_update = |c: &mut Client, values: Values<'_>| c.open("host", &["update"], values);
    // The key of the lookup is set again.
    assert_eq!(
        open_update(&mut c, &[("name", b"s"), ("known", b"1")]),
        refused(18)
    );
    // The lease of this address has the hardware of no host.
    let by_ip = c.open("host", &[], &[("ip-address", &[10, 0, 0, 10])]);
    assert_eq!(
        by_ip,
        Answer::Status(23, "no object matches specification".into())
    );
    // Without a name one is made.
    let unnamed = c.open("host", &["create"], &[HW, HW_TYPE]);
    assert!(unnamed.get("name").unwrap().starts_with(b"nh"));
    // A changed type is not entered anew: the host is lost to the lookup.
    let host = unnamed.handle();
    assert_eq!(
        c.update(host, &[("hardware-type", &[0, 0, 0, 6])]),
        success()
    );
    for kind in [1, 6] {
        let found = c.open("host", &[], &[HW, ("hardware-type", &[0, 0, 0, kind])]);
        assert!(matches!(found, Answer::Status(23, _)), "{found:?}");
    }
    assert_eq!(c.delete(host), success());
    // Identifiers that are set later can be looked up.
    let host = c.open(
        "host",
        &["create"],
        &[("name", b"n"), ("dhcp-client-identifier", b"i")],
    );
    assert_eq!(c.update(host.handle(), &[HW_TYPE, HW]), success());
    let found = c.open("host", &[], &[HW]);
    assert_eq!(found.handle(), host.handle());
    // The host that was recorded in the leases file.
    assert_eq!(
        c.open("host", &[], &[("name", b"made")]).get("name"),
        Some(&b"made"[..])
    );
}

/// An address that is no lease, or the lease of another client, does not matter
/// once the host was found.
#[test]
fn addresses_as_keys_of_hosts() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let name: (&str, &[u8]) = ("name", b"n");
    let elsewhere: (&str, &[u8]) = ("ip-address", &[10, 0, 9, 9]);
    let lease: (&str, &[u8]) = ("ip-address", &[10, 0, 0, 10]);
    let new = ["create", "exclusive"];
    let host = c.open("host", &new, &[name, HW, HW_TYPE, elsewhere]);
    for ip in [elsewhere, lease, ("ip-address", b"odd")] {
        let again = c.open("host", &new, &[name, HW, HW_TYPE, ip]);
        let exists = Answer::Status(18, "specified object already exists".into());
        assert_eq!(again, exists, "{ip:?}");
        assert_eq!(c.open("host", &[], &[ip, HW]), host, "{ip:?}");
    }
    // It is looked at before the name, and after all there is no host.
    assert_eq!(
        c.open("host", &[], &[name, elsewhere]),
        Answer::Status(23, "no object matches specification".into())
    );
    assert_eq!(c.open("host", &new, &[name, elsewhere]), refused(INVALID));
    // Of a client that has a host, the lease names this one.
    let own: [(&str, &[u8]); 2] = [("name", b"own"), ("hardware-address", &[2, 0, 0, 0, 0, 1])];
    let own = c.open("host", &new, &[own[0], own[1], HW_TYPE]);
    assert_eq!(c.open("host", &[], &[lease]), own);
    assert_eq!(
        c.open("host", &[], &[name, lease]),
        Answer::Status(0x60007, "object lookup failed".into())
    );
}

/// What is wrong with a value is told before the name is found to be taken.
#[test]
fn taken_names() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let name: (&str, &[u8]) = ("name", b"made");
    let mut create = |value| c.open("host", &["create"], &[name, HW, HW_TYPE, value]);
    assert_eq!(create(("group", b"nope")), refused(23));
    assert_eq!(create(("nope", b"1")), refused(0x60020));
    assert_eq!(create(("statements", b"option nope 1;")), refused(0x60008));
    assert_eq!(create(("known", b"1")), refused(18));
}

/// A lookup with a second key that names the same host leaves a reference.
#[test]
fn hosts_that_outlive_their_removal() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let name: (&str, &[u8]) = ("name", b"n");
    let id: (&str, &[u8]) = ("dhcp-client-identifier", b"i");
    let other: (&str, &[u8]) = ("name", b"s");
    let bad_type: (&str, &[u8]) = ("hardware-type", b"1");
    let new = ["create", "exclusive"];
    let gone = Answer::Status(23, "no matching handle".into());
    let lookups: [(&[&str], Values<'_>, bool); 9] = [
        (&[], &[name], false),
        (&[], &[HW], false),
        (&[], &[HW, other], false),
        (&[], &[HW, bad_type], false),
        (&[], &[HW, name], true),
        (&["create"], &[HW, HW_TYPE, name], true),
        (&new, &[id, HW], true),
        (&[], &[id, HW, other], true),
        (&[], &[id, HW, bad_type], true),
    ];
    for (flags, keys, stays) in lookups {
        let host = c.open("host", &new, &[name, id, HW, HW_TYPE]);
        let handle = host.handle();
        c.open("host", flags, keys);
        assert_eq!(c.delete(handle), success());
        for key in [name, id, HW] {
            let found = c.open("host", &[], &[key]);
            assert!(matches!(found, Answer::Status(23, _)), "{found:?}");
        }
        for _ in 0..2 {
            let (refreshed, deleted) = (c.refresh(handle), c.delete(handle));
            if stays {
                assert_eq!((refreshed, deleted), (host.clone(), success()))
            } else {
                assert_eq!((refreshed, deleted), (gone.clone(), gone.clone()))
            }
        }
        // The handle is no key any more.
        if stays {
            let by_handle = c.open("host", &[], &[("handle", &handle.to_be_bytes())]);
            assert_ne!(by_handle.handle(), handle);
        }
    }
    // So do the hosts of dhcpd.conf, in any case.
    let host = c.open("host", &[], &[("name", b"s")]);
    assert_eq!(c.delete(host.handle()), success());
    assert_eq!(c.refresh(host.handle()), host);
    // Groups have the same fault.
    let group = c.open("group", &[], &[("name", b"g")]).handle();
    let keys: [(&str, &[u8]); 2] = [("handle", &group.to_be_bytes()), ("name", b"g")];
    assert_eq!(c.open("group", &[], &keys).handle(), group);
    let made = c.open("host", &[], &[("name", b"made")]).handle();
    assert_eq!(c.delete(made), success());
    for _ in 0..2 {
        assert_eq!(c.delete(group), success());
        assert_eq!(c.refresh(group), Answer::Object(group, vec![]));
    }
    let found = c.open("group", &[], &keys);
    assert!(matches!(found, Answer::Status(23, _)), "{found:?}");
}

/// Objects that exist in an answer only have attributes, too.
#[test]
fn classes_without_a_key() {
    let server = server();
    let mut c = Client::connect(server.addr());
    let class: (&str, &[u8]) = ("name", b"c");
    let handle = c.open("class", &[], &[class]).handle().to_be_bytes();
    for (kind, keys) in [
        ("class", &[][..]),
        ("class", &[("handle", &handle[..])]),
        ("subclass", &[]),
        ("subclass", &[class]),
        ("subclass", &[("hashstring", b"x")]),
    ] {
        let open = c.open(kind, &[], keys);
        let zero = Some(&[0; 4][..]);
        assert_eq!(
            (open.get("lease-limit"), open.get("leases-used")),
            (zero, zero)
        );
        assert!(matches!(c.refresh(open.handle()), Answer::Status(23, _)));
        assert_eq!(c.open(kind, &["create"], &keys[..0]), refused(INVALID));
    }
    let found = c.open("subclass", &[], &[("name", b"nope")]);
    assert!(matches!(found, Answer::Status(23, _)), "{found:?}");
    let new = ["create", "exclusive"];
    assert_eq!(c.open("subclass", &new, &[class]), refused(INVALID));
    assert_eq!(c.open("subclass", &new, &[("name", b"nope")]), refused(23));
}

#[test]
fn handles_are_the_same_on_all_connections() {
    let server = server();
    let (mut a, mut b) = (
        Client::connect(server.addr()),
        Client::connect(server.addr()),
    );
    let handle = a.open("host", &[], &[("name", b"made")]).handle();
    assert_eq!(b.open("host", &[], &[("name", b"made")]).handle(), handle);
    assert_eq!(b.delete(handle), success());
    assert_eq!(
        a.refresh(handle),
        Answer::Status(23, "no matching handle".into())
    );
}

#[test]
fn a_client_can_end_the_server() {
    let server = server();
    let (mut a, mut b) = (
        Client::connect(server.addr()),
        Client::connect(server.addr()),
    );
    let control = a.open("control", &[], &[]).handle();
    a.send(
        omapi::wire::op::UPDATE,
        control,
        &[],
        &[("state", &[0, 0, 0, 2])],
    );
    assert_eq!(a.answer(), None);
    assert_eq!(b.answer(), None);
    server.wait();
}

#[test]
fn dropping_the_server_ends_its_connections() {
    let server = server();
    let mut c = Client::connect(server.addr());
    drop(server);
    assert_eq!(c.answer(), None);
}

#[test]
fn an_omapi_key_needs_its_key() {
    let config = Config::from_texts(b"omapi-key k;", b"").unwrap();
    assert!(Server::start(config).is_err());
}
