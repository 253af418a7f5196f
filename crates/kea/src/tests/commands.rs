//! Changes with host_cmds and class_cmds, and with databases.

use super::hosts::NEW_HOST;
use super::*;
use crate::config::Config;

/// A Kea server with host_cmds and class_cmds, and its hosts in a database.
fn with_database() -> Arc<ServerInfo> {
    let info = info_of(Target::parse("kea:/test").unwrap().unwrap());
    let commands = reply("list-commands", "3.0.4").into_arguments();
    let commands = commands.as_array().unwrap().iter();
    let commands = commands.filter_map(Value::as_str);
    info.set_capabilities(Capabilities {
        commands: commands
            .chain(["class-add", "class-del"])
            .map(str::to_owned)
            .collect(),
        version: (3, 0),
    });
    info
}

#[test]
fn a_class_of_a_host_in_a_database_is_durable_too() {
    const CONFIG: &str = r#"{"result":0,"arguments":{"Dhcp4":{"hosts-databases":[{"type":"mysql"}],"subnet4":[{"id":1,"subnet":"10.77.0.0/16"}]}}}"#;
    let ok = || Json(r#"{"result":0}"#);
    let none = || Json(r#"{"result":3}"#);
    let create = |more: &[(&str, &[u8])]| {
        let list = [&NEW_HOST[..], more].concat();
        open(Kind::Host, flags::CREATE | flags::EXCLUSIVE, &list)
    };
    let looks = || vec![Json(CONFIG), none(), none(), none(), none()];
    let names = |sent: &[Value]| -> Vec<String> {
        let names = sent.iter().filter_map(|c| c["command"].as_str());
        names.map(str::to_owned).collect()
    };
    // The host alone: nothing to write.
    let mut script = looks();
    script.push(ok());
    let (answers, sent) = play(&with_database(), "3.0.4", vec![create(&[])], &script);
    assert_eq!(status(&answers[0]), Status::SUCCESS);
    assert_eq!(names(&sent).last().unwrap(), "reservation-add");
    assert_eq!(
        sent.last().unwrap()["arguments"]["operation-target"],
        "database"
    );
    // Its lease time is a class, and a class is in the configuration.
    let mut script = looks();
    script.extend([ok(), ok(), Json(CONFIG), ok()]);
    let timed = create(&[("statements", b"default-lease-time 77;")]);
    let (answers, sent) = play(&with_database(), "3.0.4", vec![timed], &script);
    assert_eq!(status(&answers[0]), Status::SUCCESS);
    assert_eq!(
        names(&sent)[5..],
        ["class-add", "reservation-add", "config-get", "config-write"]
    );
}

#[test]
fn an_invented_name_is_nobodys() {
    let request = open(
        Kind::Host,
        flags::CREATE | flags::EXCLUSIVE,
        &[("hardware-address", &[2, 0, 0, 0, 9, 1])],
    );
    let mut job = Job::new(&server("2.2.0", ""), |kea| async move {
        // Every name is somebody's, at first.
        let others = (0..0x20).map(|n| {
            format!(
                r#"{{"hw-address":"02:00:00:01:{:02x}:{:02x}","user-context":{{"omapi":{{"name":"nh{NOW:x}{PROCESS_ID:x}{n:x}"}}}}}}"#,
                n >> 8, n & 0xff
            )
        });
        let others = others.collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"Dhcp4":{{"subnet4":[{{"id":1,"subnet":"10.77.0.0/16","reservations":[{others}]}}]}}}}"#
        );
        let arguments = json::parse(text.as_bytes()).unwrap();
        let config = Config::new(arguments, Duration::ZERO).unwrap();
        let entries = config.entries();
        let context = crate::hosts::PlanContext {
            source: crate::hosts::Source::Snapshot(config.dhcp4(), entries),
            dhcp4: config.dhcp4(),
            server: &kea.server,
            now: NOW,
        };
        let answer = crate::hosts::plan(context, &request).await.unwrap().answer;
        let name = value(&answer, "name").unwrap();
        assert!(entries.iter().all(|e| e.name != name));
        vec![answer]
    });
    assert!(matches!(job.step(None, MOMENT), Step::Done(_)));
}

#[test]
fn a_configuration_with_a_database_is_read_anew() {
    const CONFIG: &str = r#"{"result":0,"arguments":{"Dhcp4":{"config-control":{"config-databases":[{"type":"mysql"}]},"client-classes":[{"name":"omapi-group-g"}]}}}"#;
    let find = || open(Kind::Group, 0, &[("name", b"g")]);
    let info = server("2.2.0", "");
    for _ in 0..2 {
        // Kea's word that it did not reconfigure says nothing about it.
        let (answers, sent) = play(
            &info,
            "2.2.0",
            vec![find(), find()],
            &[Json(CONFIG), Json(CONFIG)],
        );
        assert_eq!(status(&answers[1]), Status::SUCCESS);
        assert_eq!(sent[1]["command"], "config-get");
    }
}

/// A host with both identifiers, as host_cmds shows its halves.
const HARDWARE_HALF: &str = r#"{"result":0,"arguments":{"subnet-id":1,"hw-address":"02:00:00:00:09:01","ip-address":"10.77.30.1","user-context":{"omapi":{"name":"n1","twin":{"client-id":"01:02"}}}}}"#;
const CLIENT_HALF: &str = r#"{"result":0,"arguments":{"subnet-id":1,"client-id":"01:02","ip-address":"10.77.30.1","user-context":{"omapi":{"name":"n1","twin":{"hw-address":"02:00:00:00:09:01"}}}}}"#;

#[test]
fn half_of_a_host_is_not_changed_alone() {
    use crate::model::{HostKey, Identity};
    const CONFIG: &str = r#"{"result":0,"arguments":{"Dhcp4":{"ip-reservations-unique":false,"subnet4":[{"id":1,"subnet":"10.77.0.0/16"}]}}}"#;
    let key = HostKey {
        subnet: 1,
        kind: "hw-address",
        id: vec![2, 0, 0, 0, 9, 1],
    };
    let info = with_database();
    let host = info.handle(Identity::Host(key));
    let both = || [Json(HARDWARE_HALF), Json(CLIENT_HALF)];
    let none = || Json(r#"{"result":3}"#);
    for (end, expected) in [(none(), Status::NOT_FOUND), (Die, Status::CONNECTION_RESET)] {
        let mut script = vec![Json(CONFIG)];
        script.extend(both());
        script.push(none()); // nobody has the new address
        script.extend(both()); // what undoes the first
        script.push(Json(r#"{"result":0}"#));
        script.push(end); // the second is gone
        script.push(Json(r#"{"result":0}"#));
        let request = KeaRequest::Update(host, attributes(&[("ip-address", &[10, 77, 30, 2])]));
        let (answers, sent) = play(&info, "3.0.4", vec![request], &script);
        assert_eq!(status(&answers[0]), expected);
        let undone = sent.last().unwrap();
        assert_eq!(undone["command"], "reservation-update");
        let back = &undone["arguments"]["reservation"];
        assert_eq!(back["ip-address"], "10.77.30.1");
        assert_eq!(back["hw-address"], "02:00:00:00:09:01");
    }
}

#[test]
fn what_is_done_is_not_reported_as_lost() {
    const CONFIG: &str =
        r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16"}]}}}"#;
    let group = |name: &[u8]| {
        let list = [("name", name), ("statements", b"option routers 1.1.1.1;")];
        open(Kind::Group, flags::CREATE | flags::EXCLUSIVE, &list)
    };
    let ok = || Json(r#"{"result":0}"#);
    let script = [Json(CONFIG), ok(), Die, ok()];
    let requests = vec![group(b"a"), group(b"b")];
    let (answers, sent) = play(&with_database(), "3.0.4", requests, &script);
    assert_eq!(status(&answers[0]), Status::SUCCESS);
    assert_eq!(answers[1], Answer::Lost(Status::CONNECTION_RESET));
    assert_eq!(sent.last().unwrap()["command"], "config-write");
}
