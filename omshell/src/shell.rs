//! The shell: what each command does.
//!
//! The order of checks is the original's; it decides which complaint comes.

use crate::lexer::{Kind, Lexer, Token};
use crate::settings::Settings;
use crate::value::{self, Parsed};
use crate::{print, secret, services};
use dhcpctl::client::{Connection, Object, OpenFlags, Value};
use dhcpctl::status::Status;
use std::net::Ipv6Addr;
use std::time::Duration;
use zeroize::Zeroizing;

const HELP: &str = "\
Commands:
  port <server omapi port>
  server <server address>
  key <key name> <key value>
  connect
  disconnect
  new <object-type>
  set <name> = <value>
  create
  open
  update
  unset <name>
  refresh
  remove
";

/// Why a command failed, as it is printed.
type Failure = String;

/// The local object.
struct Local {
    object_type: Vec<u8>,
    object: Object,
}

/// A request about the local object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Request {
    Open,
    Create,
    Update,
    Refresh,
    Remove,
}

impl Request {
    /// How its failure is announced.
    fn failure(self) -> &'static str {
        match self {
            Self::Open | Self::Create => "can't open object",
            Self::Update => "can't update object",
            Self::Refresh => "can't refresh object",
            Self::Remove => "can't destroy object",
        }
    }

    /// What is printed when there is no local object.
    fn without_object(self) -> &'static str {
        match self {
            Self::Open | Self::Create => "you must make a new object first!",
            Self::Update => "you haven't opened an object yet!",
            Self::Refresh | Self::Remove => "no object.",
        }
    }
}

/// The state of a session. Output is collected: what goes to standard output
/// in `out`, complaints about the input in `err`.
pub struct Shell {
    settings: Settings,
    connection: Option<Connection>,
    local: Option<Local>,
    /// For a person: reasons as they are. For a script: as the original
    /// prints them.
    for_person: bool,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Shell {
    /// A session with the original's defaults.
    pub fn new(for_person: bool) -> Self {
        Self {
            settings: Settings::default(),
            connection: None,
            local: None,
            for_person,
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    /// Runs one line. False when the command failed.
    pub fn run(&mut self, line: &[u8]) -> bool {
        let mut lexer = Lexer::new(line);
        let result = self.command(&mut lexer);
        let complaints = Zeroizing::new(lexer.complaints());
        self.err.extend_from_slice(&complaints);
        if let Err(failure) = &result {
            self.say(failure);
        }
        if self.connection.is_some() {
            self.show();
        }
        result.is_ok() && complaints.is_empty()
    }

    fn say(&mut self, text: &str) {
        if !text.is_empty() {
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b'\n');
        }
    }

    fn show(&mut self) {
        match &self.local {
            None => print::object(&mut self.out, None),
            Some(l) => print::object(
                &mut self.out,
                Some((&l.object_type, &l.object.values())),
            ),
        }
    }

    fn command(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        let token = lexer.next();
        let word = match token.kind {
            Kind::End => return Ok(()),
            Kind::Other(b'?') => "help".to_owned(),
            kind if kind.is_word() => token.shown().to_ascii_lowercase(),
            _ => String::new(),
        };
        match word.as_str() {
            "help" => {
                self.out.extend_from_slice(HELP.as_bytes());
                Ok(())
            }
            "port" => self.port(lexer),
            "server" => self.server(lexer),
            "key" => self.key(lexer),
            "key-algorithm" => self.key_algorithm(lexer),
            "timeout" => self.timeout(lexer),
            "connect" => self.connect(lexer),
            "disconnect" => self.disconnect(lexer),
            "new" => self.new_object(lexer),
            "close" => self.close(lexer),
            "set" => self.set(lexer),
            "unset" => self.unset(lexer),
            "open" => self.request(lexer, Request::Open),
            "create" => self.request(lexer, Request::Create),
            "update" => self.request(lexer, Request::Update),
            "refresh" => self.request(lexer, Request::Refresh),
            "remove" => self.request(lexer, Request::Remove),
            _ => {
                lexer.complain(&format!("unknown token: {}", token.shown()));
                skip(lexer);
                Err(String::new())
            }
        }
    }

    fn port(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        let token = lexer.next();
        self.settings.port = match token.kind {
            Kind::Number => value::number(&token.text) as u16,
            kind if kind.is_word() => services::port(&token.shown())
                .ok_or_else(|| format!("unknown service name: {}", token.shown()))?,
            _ => return Err("usage: port <port>".into()),
        };
        end(lexer, "usage: port <server>")
    }

    fn server(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: server <server>";
        if let Some(address) = ipv6(lexer.rest()) {
            self.settings.server = address;
            return Ok(());
        }
        let token = lexer.next();
        self.settings.server = match token.kind {
            Kind::Number => {
                let mut parts = vec![token.shown().into_owned()];
                while parts.len() < 4 {
                    if lexer.next().kind != Kind::Other(b'.') {
                        return Err(USAGE.into());
                    }
                    let part = lexer.next();
                    if part.kind != Kind::Number {
                        return Err(USAGE.into());
                    }
                    parts.push(part.shown().into_owned());
                }
                parts.join(".")
            }
            // Not in the original: any name, also one with dots.
            Kind::String if !token.text.is_empty() => token.shown().into_owned(),
            kind if kind.is_word() => token.shown().into_owned(),
            _ => return Err(USAGE.into()),
        };
        end(lexer, USAGE)
    }

    fn key(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: key <name> <value>";
        let part = |kind: Kind| kind == Kind::Number || kind.is_word();
        let token = lexer.next();
        if !part(token.kind) {
            return Err(USAGE.into());
        }
        let mut name = token.text;
        while lexer.peek() == Kind::Other(b'.') {
            name.push(b'.');
            lexer.next();
            if !part(lexer.peek()) {
                break;
            }
            name.extend_from_slice(&lexer.next().text);
        }
        let (secret, right) = secret::parse(lexer);
        self.settings.key = Some((name, Zeroizing::new(secret)));
        // What is wrong was complained about.
        right.ok_or_else(String::new)?;
        end(lexer, USAGE)
    }

    fn key_algorithm(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        let token = lexer.next();
        if token.kind != Kind::Name {
            return Err("missing or invalid algorithm name\n\
                        usage: key-algoritm <algorithm name>"
                .into());
        }
        let usage = format!(
            "extra information after {}\nusage: key-algorithm <algorithm name>",
            token.shown()
        );
        self.settings.algorithm = token.text;
        end(lexer, &usage)
    }

    /// Not in the original, which waits for ever.
    fn timeout(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: timeout <seconds>";
        let token = lexer.next();
        let seconds = match token.kind {
            Kind::Number => u32::try_from(value::number(&token.text)).map_err(|_| USAGE)?,
            _ => return Err(USAGE.into()),
        };
        self.settings.timeout = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
        end(lexer, USAGE)
    }

    fn connect(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        end(lexer, "usage: connect")?;
        // A lost connection is made anew; the original never gets over it.
        if self.connection.as_ref().is_some_and(Connection::is_connected) {
            return Ok(());
        }
        let key = self
            .settings
            .authenticator()
            .map_err(|e| format!("Cannot create authenticator: {}", text(e)))?;
        let s = &self.settings;
        match Connection::connect(&s.server, s.port, key.as_ref(), s.deadline()) {
            Ok(connection) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(status) => {
                let status = match self.for_person {
                    true => status,
                    false => connect_status(status),
                };
                Err(format!("dhcpctl_connect: {}", text(status)))
            }
        }
    }

    fn disconnect(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        end(lexer, "usage: disconnect")?;
        let Some(connection) = &self.connection else {
            return Err("not connected".into());
        };
        if !connection.is_connected() && !self.for_person {
            self.err
                .extend_from_slice(b"dhcpctl_disconnect detected invalid arg\n");
            return Err(format!(
                "dhcpctl_disconnect: {}",
                text(Status::INVALID_ARGUMENT)
            ));
        }
        self.connection = None;
        Ok(())
    }

    fn new_object(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: new <object-type>";
        let object_type = name(lexer).ok_or(USAGE)?;
        if self.local.is_some() {
            return Err("an object is already open.".into());
        }
        self.connected()?;
        let object = Object::new(&object_type)
            .map_err(|e| format!("can't create object: {}", text(e)))?;
        self.local = Some(Local {
            object_type,
            object,
        });
        end(lexer, USAGE)
    }

    fn close(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        end(lexer, "usage: close")?;
        self.connected()?;
        match self.local.take() {
            Some(_) => Ok(()),
            None => Err("not open.".into()),
        }
    }

    fn set(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: set <name> = <value>";
        let name = name(lexer).ok_or(USAGE)?;
        let object = self.settable()?;
        if lexer.next().kind != Kind::Other(b'=') {
            return Err(USAGE.into());
        }
        match value::parse(lexer) {
            Parsed::Value(value) => {
                // What the object does not take, it does not show.
                let _ = object.set(&name, &value);
                end(lexer, USAGE)
            }
            Parsed::TooLarge => Err(USAGE.into()),
            Parsed::Nothing { end: true } => Err("invalid value.".into()),
            Parsed::Nothing { end: false } => Err(format!("invalid value.\n{USAGE}")),
        }
    }

    fn unset(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: unset <name>";
        let name = name(lexer).ok_or(USAGE)?;
        let object = self.settable()?;
        end(lexer, USAGE)?;
        // As in `set`. (The original crashes on "remote-handle".)
        let _ = object.set(&name, &Value::Null);
        Ok(())
    }

    fn settable(&self) -> Result<&Object, Failure> {
        let local = self.local.as_ref().ok_or("no open object.")?;
        self.connected()?;
        Ok(&local.object)
    }

    fn connected(&self) -> Result<&Connection, Failure> {
        self.connection
            .as_ref()
            .ok_or_else(|| "not connected.".into())
    }

    fn request(&mut self, lexer: &mut Lexer, request: Request) -> Result<(), Failure> {
        let extra = lexer.next();
        if extra.kind != Kind::End {
            return Err(match request {
                Request::Refresh => "usage: refresh".into(),
                Request::Remove => "usage: remove".into(),
                _ => format!("usage: {}", extra.shown()),
            });
        }
        let server = self.connected()?;
        let local = self.local.as_ref().ok_or(request.without_object())?;
        let object = &local.object;
        let flags = OpenFlags {
            create: request == Request::Create,
            exclusive: request == Request::Create,
            update: false,
        };
        let queued = match request {
            Request::Open | Request::Create => object.open(server, flags),
            Request::Update => object.update(server),
            // As in the original, only the wait tells.
            Request::Refresh => object.refresh(server).or(Ok(())),
            Request::Remove => object.remove(server),
        };
        let waited = queued.is_ok();
        let Err(status) = queued.and_then(|()| object.wait(self.settings.deadline())) else {
            if request == Request::Remove {
                self.local = None;
            }
            return Ok(());
        };
        let mut failure = format!("{}: {}", request.failure(), text(status));
        match (status, object.message()) {
            (_, Some(message)) if self.for_person && waited => {
                failure.push_str(&format!(" ({message})"));
            }
            // The original does not hear of a connection lost in a removal.
            (Status::CONNECTION_RESET, _) if request == Request::Remove && !self.for_person => {
                failure = format!("{}: {}", request.failure(), text(Status::NO_MORE));
            }
            // The answer may still come, and would be taken for another's.
            (Status::TIMED_OUT, None) => self.connection = None,
            _ => {}
        }
        Err(failure)
    }
}

/// What the original makes of failures to connect: it only finds that it has
/// no connection to wait for.
fn connect_status(status: Status) -> Status {
    match status {
        Status::CONNECTION_REFUSED
        | Status::CONNECTION_RESET
        | Status::HOST_UNREACHABLE
        | Status::HOST_DOWN
        | Status::VERSION_MISMATCH
        | Status::PROTOCOL_ERROR => Status::NO_MORE,
        other => other,
    }
}

fn text(status: Status) -> std::borrow::Cow<'static, str> {
    status.text().to_string_lossy()
}

/// Fails with `usage` unless the line ends here.
fn end(lexer: &mut Lexer, usage: &str) -> Result<(), Failure> {
    match lexer.next().kind {
        Kind::End => Ok(()),
        _ => Err(usage.into()),
    }
}

/// A word or string.
fn name(lexer: &mut Lexer) -> Option<Vec<u8>> {
    let Token { kind, text } = lexer.next();
    // As in C, a string ends at its first NUL.
    let text = || text.split(|&c| c == 0).next().unwrap_or_default().to_vec();
    (kind == Kind::String || kind.is_word()).then(text)
}

/// Reads to the end of the statement, for the complaints about strings in it.
fn skip(lexer: &mut Lexer) {
    let mut depth = 0_u32;
    loop {
        match lexer.next().kind {
            Kind::End => return,
            Kind::Other(b';') if depth == 0 => return,
            Kind::Other(b'{') => depth += 1,
            Kind::Other(b'}') if depth <= 1 => return,
            Kind::Other(b'}') => depth -= 1,
            _ => {}
        }
    }
}

/// An IPv6 address, perhaps with a scope, alone up to the end of the line.
fn ipv6(rest: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(rest).ok()?;
    let text = text.split('#').next()?.trim();
    let (address, _scope) = text.split_once('%').unwrap_or((text, ""));
    address.parse::<Ipv6Addr>().ok()?;
    Some(text.to_owned())
}
