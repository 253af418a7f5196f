//! The shell: what each command does.
//!
//! The order of checks is the original's; it decides which complaint comes.

use crate::failure::{Failure, end};
use crate::hint::{hint, is_kea};
use crate::kea;
use crate::lexer::{Kind, Lexer, bytes, latin};
use crate::print;
use crate::settings::Settings;
use crate::value::{self, Parsed};
use dhcpctl::client::{Connection, Object, OpenFlags, RequestError, Value, map_complaint};
use omapi::status::Status;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
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

/// What `help` tells a person besides.
const HELP_MORE: &str = "\
  close
  key-algorithm <algorithm name>
  timeout <seconds>
  kea <command> [<arguments in JSON>]
  help";

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
pub(crate) struct Shell {
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
    pub(crate) fn new(for_person: bool) -> Self {
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
    pub(crate) fn run(&mut self, line: &[u8]) -> bool {
        let mut lexer = Lexer::new(line);
        let result = self.command(&mut lexer);
        if !matches!(result, Err(Failure::Cut(_))) {
            skip(&mut lexer);
        }
        let complaints = Zeroizing::new(lexer.complaints());
        self.err.extend_from_slice(&complaints);
        match &result {
            Err(Failure::Said(text) | Failure::Cut(text)) => line_to(&mut self.out, text),
            Err(Failure::Logged(text)) => line_to(&mut self.err, text),
            Ok(()) | Err(Failure::Complained) => {}
        }
        if self.connection.is_some() {
            self.show();
        }
        result.is_ok() && complaints.is_empty()
    }

    fn show(&mut self) {
        match &self.local {
            None => print::no_object(&mut self.out),
            Some(l) => print::object(&mut self.out, &l.object_type, &l.object.values()),
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
                if self.for_person {
                    line_to(&mut self.out, HELP_MORE);
                }
                Ok(())
            }
            "port" => self.settings.port(lexer),
            "server" => self.settings.server(lexer),
            "key" => self.settings.key(lexer),
            "key-algorithm" => self.settings.key_algorithm(lexer),
            "timeout" => self.settings.timeout(lexer),
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
            "kea" => self.kea(lexer),
            _ => {
                lexer.complain(&format!("unknown token: {}", token.shown()));
                Err(Failure::Complained)
            }
        }
    }

    fn connect(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        end(lexer, "usage: connect")?;
        let key = self
            .settings
            .authenticator()
            .map_err(|e| Failure::Logged(format!("Cannot create authenticator: {}", e)))?;
        let s = &self.settings;
        let server = OsStr::from_bytes(&s.server);
        match Connection::connect(server, s.port, key.as_ref(), s.deadline()) {
            // It takes the place of a former one. Without success that one
            // stays; the original then has none, and crashes on its use.
            Ok(connection) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(status) => {
                // A script that names a Kea server was not written for the original.
                let named = is_kea(&s.server);
                let more = if named {
                    hint(&s.server, status)
                } else {
                    map_complaint().map(|m| latin(m.as_bytes()))
                };
                let more = more.map_or(String::new(), |m| format!(" ({m})"));
                let status = if self.for_person || named {
                    status
                } else {
                    connect_status(status)
                };
                Err(Failure::Logged(format!("dhcpctl_connect: {status}{more}")))
            }
        }
    }

    fn disconnect(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        end(lexer, "usage: disconnect")?;
        let Some(connection) = &self.connection else {
            return Err(Failure::Logged("not connected".into()));
        };
        if !connection.is_connected() && !self.for_person {
            return Err(Failure::Logged(format!(
                "dhcpctl_disconnect detected invalid arg\ndhcpctl_disconnect: {}",
                Status::INVALID_ARGUMENT
            )));
        }
        self.connection = None;
        Ok(())
    }

    /// Not in the original: any command of a Kea server.
    fn kea(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: kea <command> [<arguments in JSON>]";
        let command = name(lexer).ok_or(USAGE)?;
        let json = kea::without_comment(lexer.take_rest());
        let arguments = (!json.is_empty()).then_some(json);
        let deadline = self.settings.deadline();
        match self.connected()?.kea_command(command, arguments, deadline) {
            Ok(answer) => {
                if self.for_person {
                    kea::pretty(&mut self.out, &answer.reply)
                } else {
                    self.out.extend_from_slice(&answer.reply)
                }
                self.out.push(b'\n');
                match answer.result {
                    0 => Ok(()),
                    _ => Err(Failure::Complained),
                }
            }
            Err(fate) => {
                let status = fate.status();
                if status == Status::TIMED_OUT {
                    self.connection = None;
                }
                Err(format!("can't send command: {status}").into())
            }
        }
    }

    fn new_object(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: new <object-type>";
        let object_type = name(lexer).ok_or_else(|| Failure::Cut(USAGE.into()))?;
        if self.local.is_some() {
            return Err("an object is already open.".into());
        }
        self.connected()?;
        let object =
            Object::new(&object_type).map_err(|e| format!("can't create object: {}", e))?;
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
            Parsed::Value(value, next) => {
                // What the object does not take, it does not show.
                let _ = object.set(&name, &value);
                match next {
                    Kind::End => Ok(()),
                    _ => Err(USAGE.into()),
                }
            }
            Parsed::TooLarge => Err(USAGE.into()),
            Parsed::Nothing(Kind::End) => Err("invalid value.".into()),
            Parsed::Nothing(_) => Err(format!("invalid value.\n{USAGE}").into()),
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
                _ => format!("usage: {}", extra.shown()).into(),
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
        let done = queued
            .map_err(RequestError::Unanswered)
            .and_then(|()| object.wait(self.settings.deadline()));
        let Err(fate) = done else {
            if request == Request::Remove {
                self.local = None;
            }
            return Ok(());
        };
        let message = match fate {
            RequestError::Refused(_) if self.for_person => object.message(),
            _ => None,
        };
        let status = match fate {
            // The original does not hear of a connection lost in a removal.
            RequestError::Unanswered(Status::CONNECTION_RESET)
                if request == Request::Remove && !self.for_person =>
            {
                Status::NO_MORE
            }
            // The answer may still come, and would be taken for another's.
            RequestError::Unanswered(Status::TIMED_OUT) => {
                self.connection = None;
                Status::TIMED_OUT
            }
            other => other.status(),
        };
        let mut failure = format!("{}: {status}", request.failure());
        if let Some(message) = message {
            failure.push_str(&format!(" ({message})"));
        }
        Err(failure.into())
    }
}

fn line_to(out: &mut Vec<u8>, text: &str) {
    out.extend(bytes(text));
    out.push(b'\n');
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

/// A word or string.
fn name(lexer: &mut Lexer) -> Option<Vec<u8>> {
    let token = lexer.next();
    (token.kind == Kind::String || token.kind.is_word()).then(|| token.c_text().to_vec())
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
