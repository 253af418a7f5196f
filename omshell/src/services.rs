//! Port numbers by the name of their service.

/// The TCP port of a service, from the system's table. Names are as written
/// there.
pub(crate) fn port(name: &str) -> Option<u16> {
    // Comments may be in any encoding.
    let table = std::fs::read("/etc/services").ok()?;
    find(&String::from_utf8_lossy(&table), name)
}

fn find(table: &str, name: &str) -> Option<u16> {
    table.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let service = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?.parse().ok()?;
        (service == name || words.any(|alias| alias == name)).then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        let table = "# comment\n\ntftp 69/udp\nhttp\t80/tcp www # web\nbad x/tcp\n";
        for (name, port) in [
            ("http", Some(80)),
            ("www", Some(80)),
            ("tftp", None),
            ("web", None),
        ] {
            assert_eq!(find(table, name), port, "{name}");
        }
    }
}
