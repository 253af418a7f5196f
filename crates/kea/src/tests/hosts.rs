//! Hosts and failover.

use super::*;

pub(crate) const NEW_HOST: [(&str, &[u8]); 4] = [
    ("name", b"n1"),
    ("hardware-address", &[2, 0, 0, 0, 9, 1]),
    ("hardware-type", &[0, 0, 0, 1]),
    ("ip-address", &[10, 77, 30, 1]),
];

fn new_host() -> KeaRequest {
    open(Kind::Host, flags::CREATE | flags::EXCLUSIVE, &NEW_HOST)
}

/// The configuration with the new host, as Kea shows it.
const WITH_HOST: &str = r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16","reservations":[{"hw-address":"02:00:00:00:09:01","ip-address":"10.77.30.1","user-context":{"omapi":{"name":"n1"}}}]}]}}}"#;
const EMPTY: &str = r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16","reservations":[]}]}}}"#;

#[test]
fn a_host_by_a_new_configuration() {
    let script = [
        Recorded("status-get"),
        Recorded("config-get"),
        Recorded("config-test.ok"),
        Recorded("status-get"),
        Recorded("config-get"),
        Recorded("config-set.ok"),
        Json(WITH_HOST),
        Recorded("config-write.default"),
    ];
    let (answer, sent) = one("2.2.0", new_host(), &script);
    assert_eq!(value(&answer, "name").unwrap(), b"n1");
    // Nothing but the reservation differs from what was read.
    let mut set = sent[5]["arguments"].clone();
    assert_eq!(set, sent[2]["arguments"]);
    let list = set["Dhcp4"]["subnet4"][0]["reservations"]
        .as_array_mut()
        .unwrap();
    let new = list.pop().unwrap();
    assert_eq!(set, reply("config-get", "2.2.0").into_arguments());
    let expected = br#"{"hw-address":"02:00:00:00:09:01","ip-address":"10.77.30.1","user-context":{"omapi":{"name":"n1"}}}"#;
    assert_eq!(json::emit(&new), expected);
}

#[test]
fn what_goes_wrong_with_a_new_configuration() {
    let before = || [Recorded("status-get"), Json(EMPTY)];
    let tested = || Json(r#"{"result":0}"#);
    let failed = || Json(r#"{"result":1,"text":"no"}"#);
    // The check whether it changed meanwhile: certain.
    let same = || Json(r#"{"result":0,"arguments":{"pid":1,"uptime":9,"reload":9}}"#);
    let run = |script: Vec<Play>| {
        let script: Vec<Play> = before().into_iter().chain(script).collect();
        one("2.2.0", new_host(), &script)
    };
    let (answer, _) = run(vec![failed()]);
    assert_eq!(status(&answer), Status::INVALID_ARGUMENT);
    assert_eq!(run(vec![Die]).0, Answer::Lost(Status::CONNECTION_RESET));
    assert_eq!(
        run(vec![tested(), Die]).0,
        Answer::Lost(Status::CONNECTION_RESET)
    );
    let (answer, _) = run(vec![tested(), same(), Die, Die]);
    assert_eq!(answer, Answer::Lost(Status::CONNECTION_RESET));
    // Refused although it had passed the test: the old one is put back.
    let mut script = vec![tested(), same()];
    (0..5).for_each(|_| script.extend([failed(), same()]));
    script.extend([failed(), tested(), Recorded("lease4-get.miss")]);
    let (answer, sent) = run(script);
    assert_eq!(status(&answer), Status::IO_ERROR);
    let old = &sent[15]["arguments"]["Dhcp4"]["subnet4"][0]["reservations"];
    assert_eq!(old.as_array().map(Vec::len), Some(0));
    // Refused, and then no answer: Kea may have no lease database now.
    let mut script = vec![tested(), same(), failed(), Die, Json(EMPTY), tested()];
    script.push(Recorded("lease4-get.miss"));
    let (answer, sent) = run(script);
    assert_eq!(answer, Answer::Lost(Status::CONNECTION_RESET));
    assert_eq!(sent[7]["command"], "config-set");
    // Refused for a moment only.
    let script = vec![
        tested(),
        same(),
        failed(),
        same(),
        tested(),
        Json(WITH_HOST),
        tested(),
    ];
    assert_eq!(status(&run(script).0), Status::SUCCESS);
    // Somebody else's came while it was refused: theirs is the base then.
    let theirs = r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16","comment":"theirs"}]}}}"#;
    let reloaded = || Json(r#"{"result":0,"arguments":{"pid":1,"uptime":9,"reload":0}}"#);
    let script = vec![
        tested(),
        same(),
        failed(),
        reloaded(),
        Json(theirs),
        Json(theirs),
        tested(),
        same(),
        tested(),
        Json(WITH_HOST),
        tested(),
    ];
    let (answer, sent) = run(script);
    assert_eq!(status(&answer), Status::SUCCESS);
    let set = &sent[10]["arguments"]["Dhcp4"]["subnet4"][0];
    assert_eq!(set["comment"], "theirs");
    // Set, but what there is now is not to be learnt: undone.
    let restored = [tested(), Recorded("lease4-get.miss")];
    let mut script = vec![tested(), same(), tested(), Die, Json(WITH_HOST)];
    script.extend(restored);
    let (answer, sent) = run(script);
    assert_eq!(answer, Answer::Lost(Status::CONNECTION_RESET));
    assert_eq!(sent[7]["command"], "config-set");
    let old = &sent[7]["arguments"]["Dhcp4"]["subnet4"][0]["reservations"];
    assert_eq!(old.as_array().map(Vec::len), Some(0));
    // Not durable: undone.
    let script = vec![
        tested(),
        same(),
        tested(),
        Json(WITH_HOST),
        failed(),
        tested(),
        Recorded("lease4-get.miss"),
    ];
    let (answer, sent) = run(script);
    assert_eq!(status(&answer), Status::IO_ERROR);
    assert_eq!(sent[7]["command"], "config-set");
    // Somebody else's change comes between, three times.
    let attempt = || vec![Json(EMPTY), tested(), same(), tested(), Json(EMPTY)];
    let mut script = vec![Recorded("status-get")];
    (0..3).for_each(|_| script.extend(attempt()));
    let (answer, _) = one("2.2.0", new_host(), &script);
    assert_eq!(status(&answer), Status::IO_ERROR);
}

#[test]
fn refused_where_it_is_dangerous() {
    let ha = [Recorded("ha.status-get.partner-down")];
    let (answer, _) = one("2.2.0", new_host(), &ha);
    assert_eq!(status(&answer), Status::NO_PERMISSION);
    let option = r#"{"result":0,"arguments":{"Dhcp4":{"option-data":[{"code":43,"csv-format":false,"data":""}],"subnet4":[]}}}"#;
    let script = [Recorded("status-get"), Json(option)];
    let (answer, _) = one("2.6.3", new_host(), &script);
    assert_eq!(status(&answer), Status::NO_PERMISSION);
    let database = r#"{"result":0,"arguments":{"Dhcp4":{"config-control":{"config-databases":[{"type":"mysql"}]},"subnet4":[{"id":1,"subnet":"10.77.0.0/16"}]}}}"#;
    let script = [Recorded("status-get"), Json(database)];
    let (answer, _) = one("2.6.3", new_host(), &script);
    assert_eq!(status(&answer), Status::NO_PERMISSION);
    let (answers, _) = play(
        &server("2.2.0", "rewrite=no"),
        "2.2.0",
        vec![new_host()],
        &[],
    );
    assert_eq!(status(&answers[0]), Status::NOT_IMPLEMENTED);
}

#[test]
fn many_hosts_one_configuration_each_its_own_result() {
    let host = |i: u8, ip: [u8; 4]| {
        let name = format!("n{i}");
        let hw = [2, 0, 0, 0, 9, i];
        open(
            Kind::Host,
            flags::CREATE | flags::EXCLUSIVE,
            &[
                ("name", name.as_bytes()),
                ("hardware-address", &hw),
                ("ip-address", &ip),
            ],
        )
    };
    let requests = vec![
        host(1, [10, 77, 30, 1]),
        host(2, [10, 99, 0, 1]),  // in no subnet
        host(3, [10, 77, 30, 1]), // taken by the first
        host(4, [10, 77, 30, 4]), // Kea will refuse it
        host(5, [10, 77, 30, 5]),
    ];
    let now = r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16","reservations":[{"hw-address":"02:00:00:00:09:01","ip-address":"10.77.30.1","user-context":{"omapi":{"name":"n1"}}},{"hw-address":"02:00:00:00:09:05","ip-address":"10.77.30.5","user-context":{"omapi":{"name":"n5"}}}]}]}}}"#;
    let (ok, no) = (r#"{"result":0}"#, r#"{"result":1,"text":"no"}"#);
    let same = Json(r#"{"result":0,"arguments":{"pid":1,"uptime":9,"reload":9}}"#);
    let script = [
        Recorded("status-get"),
        Json(EMPTY),
        Json(no), // all
        Json(ok), // 1 2
        Json(no), // 3 4 5: the third is ours to refuse
        Json(no), // 4 5
        Json(no), // 4
        Json(ok), // 5
        same,
        Json(ok),
        Json(now),
        Json(ok),
    ];
    let info = server("2.2.0", "");
    // Kea refuses everything with the fourth host.
    let (answers, sent) = play(&info, "2.2.0", requests, &script);
    let found: Vec<Status> = answers.iter().map(status).collect();
    let expected = [
        Status::SUCCESS,
        Status::INVALID_ARGUMENT,
        Status::EXISTS,
        Status::INVALID_ARGUMENT,
        Status::SUCCESS,
    ];
    assert_eq!(found, expected);
    let sets = sent.iter().filter(|c| c["command"] == "config-set").count();
    assert_eq!(sets, 1);
}

#[test]
fn failover() {
    for version in ["2.2.0", "3.0.4"] {
        let request = open(Kind::Failover, 0, &[("name", b"s2")]);
        let script = [
            Recorded("ha.status-get.partner-down"),
            Recorded("ha.config-get"),
        ];
        let (answer, _) = one(version, request, &script);
        for (name, expected) in [
            ("name", &b"s2"[..]),
            ("local-state", &[0, 0, 0, 4]),
            ("partner-state", &[0, 0, 0, 3]),
            ("hierarchy", &[0; 4]),
            ("partner-address", &[127, 0, 0, 1]),
            ("partner-port", &18102u32.to_be_bytes()),
            ("local-port", &18101u32.to_be_bytes()),
            ("max-response-delay", &[0, 0, 0, 3]),
        ] {
            assert_eq!(value(&answer, name).unwrap(), expected, "{name}");
        }
        let request = open(Kind::Failover, 0, &[("name", b"s2")]);
        let (answer, _) = one(version, request, &[Recorded("status-get")]);
        assert_eq!(status(&answer), Status::NOT_FOUND);
    }
}

/// A hub of Kea 3.0 with two partners, neither of them reachable.
const HUB: &str = r#"{"result":0,"arguments":{"high-availability":[{"ha-mode":"hot-standby","ha-servers":{"local":{"role":"standby","scopes":[],"server-name":"hub1","state":"waiting","system-time":null},"remote":{"age":1,"clock-skew":7,"communication-interrupted":true,"in-touch":false,"last-scopes":[],"last-state":"unavailable","role":"primary","server-name":"spoke1","unacked-clients":3}}},{"ha-mode":"hot-standby","ha-servers":{"local":{"role":"standby","scopes":["spoke2"],"server-name":"hub2","state":"hot-standby"},"remote":{"age":1,"clock-skew":null,"communication-interrupted":false,"in-touch":true,"last-scopes":[],"last-state":"hot-standby","role":"primary","server-name":"spoke2","unacked-clients":0}}}]}}"#;
const HUB_CONFIG: &str = r#"{"result":0,"arguments":{"Dhcp4":{"hooks-libraries":[{"library":"x"},{"library":"ha","parameters":{"high-availability":[{"this-server-name":"hub1","max-response-delay":1500,"peers":[{"name":"hub1","role":"standby","url":"http://192.0.2.1:8001/"},{"name":"spoke1","role":"primary","url":"http://192.0.2.2/"}]},{"this-server-name":"hub2","peers":[{"name":"hub2","role":"standby","url":"http://hub.example.org:8002/"},{"name":"spoke2","role":"primary","url":"https://[2001:db8::1]:8003/"}]}]}}]}}}"#;

#[test]
fn failover_with_several_partners() {
    let process = Arc::<Process>::default();
    let find = |name: &[u8]| {
        let request = open(Kind::Failover, 0, &[("name", name)]);
        one_of(&process, "3.0.4", request, &[Json(HUB), Json(HUB_CONFIG)]).0
    };
    let first = find(b"spoke1");
    for (name, expected) in [
        ("local-state", Some(1u32)),
        ("partner-state", Some(3)),
        ("hierarchy", Some(1)),
        ("local-port", Some(8001)),
        ("partner-port", None),
        ("skew", Some(7)),
        ("max-response-delay", Some(2)),
        ("cur-unacked-updates", Some(3)),
        ("last-timestamp-received", Some(NOW as u32 - 1)),
        ("mclt", None),
    ] {
        let expected = expected.map(|n| n.to_be_bytes().to_vec());
        assert_eq!(value(&first, name), expected, "{name}");
    }
    assert_eq!(value(&first, "partner-address").unwrap(), [192, 0, 2, 2]);
    let second = find(b"spoke2");
    for (name, expected) in [
        ("local-state", Some(vec![0, 0, 0, 2])),
        ("partner-state", Some(vec![0, 0, 0, 2])),
        ("partner-port", Some(8003u32.to_be_bytes().to_vec())),
        // No numbers of IPv4.
        ("local-address", None),
        ("partner-address", None),
        ("skew", None),
    ] {
        assert_eq!(value(&second, name), expected, "{name}");
    }
    assert_eq!(status(&find(b"hub1")), Status::NOT_FOUND);
    // The command is for all partners at once.
    let Answer::Object(handle, _) = first else {
        panic!();
    };
    let request = KeaRequest::Update(handle, attributes(&[("local-state", &[0, 0, 0, 4])]));
    let (answer, _) = one_of(&process, "3.0.4", request, &[Json(HUB), Json(HUB_CONFIG)]);
    assert_eq!(status(&answer), Status::NOT_IMPLEMENTED);
}

#[test]
fn a_change_that_somebody_overwrote_is_made_again() {
    use crate::model::{HostKey, Identity};
    let key = HostKey {
        subnet: 1,
        kind: "hw-address",
        id: vec![2, 0, 0, 0, 9, 1],
    };
    let info = server("2.2.0", "");
    let handle = info.handle(Identity::Host(key));
    let request = KeaRequest::Update(handle, attributes(&[("statements", b"deny booting;")]));
    // Address and name are the same before and after.
    let denied = r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16","reservations":[{"hw-address":"02:00:00:00:09:01","ip-address":"10.77.30.1","client-classes":["DROP"],"option-data":[],"user-context":{"omapi":{"name":"n1","statements":"deny booting;"}}}]}]}}}"#;
    let ok = || Json(r#"{"result":0}"#);
    let same = || Json(r#"{"result":0,"arguments":{"pid":1,"uptime":9,"reload":9}}"#);
    let attempt = |shown| [Json(WITH_HOST), ok(), same(), ok(), Json(shown)];
    let mut script = vec![Recorded("status-get")];
    script.extend(attempt(WITH_HOST));
    script.extend(attempt(denied));
    script.push(ok());
    let (answers, _) = play(&info, "2.2.0", vec![request], &script);
    assert_eq!(status(&answers[0]), Status::SUCCESS);
}

#[test]
fn groups_and_hosts_together_take_the_lock_once() {
    // host_cmds without class_cmds: two ways in one batch.
    let info = info_of(Target::parse("kea:/test?write=no").unwrap().unwrap());
    let commands = reply("list-commands", "3.0.4").into_arguments();
    let commands = commands.as_array().unwrap().iter();
    info.set_capabilities(Capabilities {
        commands: commands
            .filter_map(Value::as_str)
            .filter(|c| !c.starts_with("class-") && !c.starts_with("config-hash"))
            .map(str::to_owned)
            .collect(),
        version: (3, 0),
    });
    let group = |name: &[u8]| {
        let list = [("name", name), ("statements", b"option routers 1.1.1.1;")];
        open(Kind::Group, flags::CREATE | flags::EXCLUSIVE, &list)
    };
    let ok = || Json(r#"{"result":0}"#);
    let with = |name: &str, shown: bool| {
        let class = format!(
            r#"{{"name":"omapi-group-{name}","user-context":{{"omapi":{{"group":"{name}","statements":"option routers 1.1.1.1;"}}}}}}"#
        );
        let classes = if shown { &class[..] } else { "" };
        let text = format!(
            r#"{{"result":0,"arguments":{{"Dhcp4":{{"client-classes":[{classes}],"subnet4":[{{"id":1,"subnet":"10.77.0.0/16"}}]}}}}}}"#
        );
        Json(String::leak(text))
    };
    let create_group = |name: &str| {
        vec![
            Recorded("status-get"),
            with(name, false),
            ok(),
            with(name, false), // again: without a hash nothing is certain
            ok(),
            with(name, true),
        ]
    };
    let mut script = create_group("a");
    script.extend([
        with("a", true),
        Json(r#"{"result":3}"#), // no reservations
        Json(r#"{"result":3}"#), // none by hardware address
        Json(r#"{"result":3}"#), // nor of that address
        Json(r#"{"result":3}"#), // nor in that subnet
        ok(),
    ]);
    script.extend(create_group("b"));
    let requests = vec![group(b"a"), new_host(), group(b"b")];
    let (answers, sent) = play(&info, "3.0.4", requests, &script);
    let results: Vec<Status> = answers.iter().map(status).collect();
    assert_eq!(results, [Status::SUCCESS; 3], "{sent:?}");
}
