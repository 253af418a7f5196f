//! The map as it is written down.

use std::collections::BTreeSet;

/// The fenced block of `ARCHITECTURE.md`.
pub(crate) struct Map {
    pub(crate) crates: Vec<Crate>,
}

/// One crate of the map.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Crates of the workspace that it depends on.
    pub(crate) needs: BTreeSet<String>,
    /// Its rooms, line by line from the top down; empty where the map shows
    /// none.
    pub(crate) rooms: Vec<Vec<String>>,
}

impl Map {
    pub(crate) fn parse(text: &str) -> Self {
        let block = text.split("```arrows\n").nth(1).expect("a block of arrows");
        let block = block.split("```").next().unwrap_or_default();
        let mut crates: Vec<Crate> = Vec::new();
        for line in block.lines().filter(|line| !line.trim().is_empty()) {
            if line.starts_with(' ') {
                let rooms = line.split('|').map(|room| room.trim().to_owned());
                let it = crates.last_mut().expect("a crate before its rooms");
                it.rooms.push(rooms.collect());
            } else {
                let (name, needs) = line.split_once("->").expect("CRATE -> CRATES");
                crates.push(Crate {
                    name: name.trim().to_owned(),
                    needs: needs.split_whitespace().map(Into::into).collect(),
                    rooms: Vec::new(),
                });
            }
        }
        Self { crates }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Crate> {
        self.crates.iter().find(|it| it.name == name)
    }
}

impl Crate {
    /// On which line the room is; higher numbers are further down.
    pub(crate) fn level(&self, room: &str) -> Option<usize> {
        let on = |line: &Vec<String>| line.iter().any(|name| name == room);
        self.rooms.iter().position(on)
    }
}
