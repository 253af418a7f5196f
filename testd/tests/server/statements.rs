//! What becomes of `statements`, as it was recorded from a real dhcpd.

use crate::client::{Answer, Client};
use omapi_testd::{Config, Server};

const CONF: &[u8] = br#"
option custom code 200 = text;
option space cust;
option cust.sub code 1 = array of { text, ip-address };
class "known-class" { match hardware; }
"#;

const RECORDED: &str = include_str!("statements.txt");

fn verdict(answer: &Answer) -> &'static str {
    match answer {
        Answer::Object(..) => "ok",
        Answer::Status(0x60008, _) => "bad",
        Answer::Status(0x60003, _) => "dies",
        other => panic!("{other:?}"),
    }
}

#[test]
fn as_recorded() {
    let server = Server::start(Config::from_texts(CONF, b"").unwrap()).unwrap();
    let mut c = Client::connect(server.addr());
    let recorded: Vec<_> = RECORDED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    let differ: Vec<_> = recorded
        .iter()
        .filter(|(dhcpd, text)| {
            let id: (&str, &[u8]) = ("dhcp-client-identifier", b"i");
            let values = [id, ("statements", text.as_bytes())];
            let host = verdict(&c.open("host", &["create"], &values));
            let group = verdict(&c.open("group", &["create"], &values[1..]));
            if let Answer::Object(handle, _) = c.open("host", &[], &[id]) {
                c.delete(handle);
            }
            assert_eq!(host, group, "{text}");
            // What is known to differ has to.
            match dhcpd.strip_prefix('!') {
                Some(dhcpd) => host == dhcpd,
                None => host != *dhcpd,
            }
        })
        .collect();
    assert!(recorded.len() > 400);
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn deep_nesting_is_refused() {
    let server = Server::start(Config::from_texts(b"", b"").unwrap()).unwrap();
    let mut c = Client::connect(server.addr());
    let text = "if known { ".repeat(10_000);
    let values: [(&str, &[u8]); 1] = [("statements", text.as_bytes())];
    assert_eq!(verdict(&c.open("group", &["create"], &values)), "bad");
}
