//! One command over HTTP, without I/O: ureq-proto does the protocol.

use super::target::Secret;
use crate::json::MAX_BYTES;
use crate::model::KeaError;
use omapi::status::Status;
use ureq_proto::BodyMode;
use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
use ureq_proto::http::{Request, StatusCode};
use zeroize::Zeroizing;

/// Longest header of an answer.
const MAX_HEADER: usize = 64 * 1024;

enum State {
    /// Nothing is known of the answer yet.
    Start,
    /// The usual answer: a header of this length, then so much content.
    Plain {
        header: usize,
        content: usize,
    },
    Header(Call<RecvResponse>),
    Body(Call<RecvBody>),
    Done {
        reusable: bool,
    },
    /// Only while a call goes from one state to the next, or after an error.
    Over,
}

/// How commands are sent to one server. May hold a password.
pub struct Template {
    /// Up to the length of the content.
    before: Zeroizing<Vec<u8>>,
    /// From there to the content.
    after: Vec<u8>,
}

/// The receiving side of an exchange.
pub struct Response {
    state: State,
    status: StatusCode,
    /// Bytes received and not yet understood.
    input: Vec<u8>,
    /// The content.
    body: Vec<u8>,
}

const LENGTH: &[u8] = b"content-length: ";

impl Template {
    /// For a server.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for what cannot be part of a request.
    pub fn new(
        authority: &str,
        path: &str,
        authorization: Option<&Secret>,
    ) -> Result<Self, Status> {
        let (header, _) = call(authority, path)?;
        let mut lines = header.windows(LENGTH.len());
        let at = lines.position(|l| l == LENGTH);
        let at = at.ok_or(Status::INVALID_ARGUMENT)?;
        let (before, rest) = header.split_at(at);
        let after = rest[LENGTH.len()..].strip_prefix(b"0");
        let after = after.ok_or(Status::INVALID_ARGUMENT)?;
        // The line with the secret is ours, because the parts of a request that
        // a library makes are not erased.
        let (name, secret, end): (&[u8], &[u8], &[u8]) = match authorization {
            Some(secret) => (b"authorization: ", secret.reveal().as_bytes(), b"\r\n"),
            None => (b"", b"", b""),
        };
        Ok(Self {
            before: Zeroizing::new([before, name, secret, end, LENGTH].concat()),
            after: after.into(),
        })
    }

    /// The bytes of a request with `command` as its content, and what takes the
    /// answer.
    #[must_use]
    pub fn request(&self, command: &[u8]) -> (Zeroizing<Vec<u8>>, Response) {
        let length = command.len().to_string();
        let parts: [&[u8]; 4] = [&self.before, length.as_bytes(), &self.after, command];
        (Zeroizing::new(parts.concat()), Response::default())
    }
}

impl Default for Response {
    fn default() -> Self {
        Self {
            state: State::Start,
            status: StatusCode::OK,
            input: Vec::new(),
            body: Vec::new(),
        }
    }
}

/// A request without content, and what follows it.
fn call(authority: &str, path: &str) -> Result<(Vec<u8>, Call<RecvResponse>), Status> {
    let bad = |_| Status::INVALID_ARGUMENT;
    let request = Request::post(format!("http://{authority}{path}"))
        .header("content-type", "application/json")
        .header("content-length", "0");
    let request = request.body(()).map_err(|_| Status::INVALID_ARGUMENT)?;
    let mut call = Call::new(request).map_err(bad)?.proceed();
    let mut out = Vec::new();
    let mut line = vec![0; MAX_HEADER];
    while !call.can_proceed() {
        let n = call.write(&mut line).map_err(bad)?;
        if n == 0 {
            return Err(Status::INVALID_ARGUMENT);
        }
        out.extend_from_slice(&line[..n]);
    }
    match call.proceed().map_err(bad)? {
        Some(SendRequestResult::SendBody(mut call)) => {
            call.write(&[], &mut line).map_err(bad)?;
            Ok((out, call.proceed().ok_or(Status::INVALID_ARGUMENT)?))
        }
        Some(SendRequestResult::RecvResponse(call)) => Ok((out, call)),
        _ => Err(Status::INVALID_ARGUMENT),
    }
}

/// What the start of an answer shows.
enum Start {
    Incomplete,
    Plain { header: usize, content: usize },
    Other,
}

/// Nearly all answers have status 200, a length, and leave the connection open.
/// To see that first saves 7 of 107 us and 12,000 instructions in the benchmark's
/// row "lookups/s over HTTP keep-alive, Kea 3.0's own socket": a call of
/// ureq-proto starts with a request that has to be made.
fn start_of(input: &[u8]) -> Start {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let header = match response.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if input.len() <= MAX_HEADER => return Start::Incomplete,
        _ => return Start::Other,
    };
    if (response.code, response.version) != (Some(200), Some(1)) {
        return Start::Other;
    }
    let mut content = None;
    for field in response.headers {
        if field.name.eq_ignore_ascii_case("content-length") && content.is_none() {
            let digits = field.value.iter().all(u8::is_ascii_digit);
            let text = core::str::from_utf8(field.value).ok().filter(|_| digits);
            content = text.and_then(|t| t.parse::<usize>().ok());
        } else if !["content-type", "date", "server"]
            .iter()
            .any(|n| field.name.eq_ignore_ascii_case(n))
        {
            return Start::Other;
        }
    }
    match content {
        Some(content) if content <= MAX_BYTES => Start::Plain { header, content },
        _ => Start::Other,
    }
}

impl Response {
    /// Takes what was received; `Some` with the content when it is complete,
    /// and whether the connection may be used again.
    ///
    /// # Errors
    /// The peer does not speak HTTP, or refuses: `ISC_R_NOPERM` for 401 and
    /// 403, `DHCP_R_PROTOCOLERROR`.
    pub fn take(&mut self, received: &[u8]) -> Result<Option<(Vec<u8>, bool)>, KeaError> {
        self.input.extend_from_slice(received);
        let result = self.digest();
        if result.is_err() {
            self.state = State::Over;
        }
        result
    }

    /// The peer closed: the end of an answer that has no length of its own.
    /// `None` when it was not the end.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn closed(&mut self) -> Result<Option<Vec<u8>>, KeaError> {
        match &self.state {
            State::Body(call) if until_closed(call) => {
                self.state = State::Over;
                self.end(false).map(|(body, _)| Some(body))
            }
            _ => Ok(None),
        }
    }

    fn digest(&mut self) -> Result<Option<(Vec<u8>, bool)>, KeaError> {
        let bad = |_| KeaError::from(Status::PROTOCOL_ERROR);
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Over) {
                State::Start => match start_of(&self.input) {
                    Start::Incomplete => {
                        self.state = State::Start;
                        return Ok(None);
                    }
                    Start::Plain { header, content } => State::Plain { header, content },
                    // What was asked plays no role any more.
                    Start::Other => State::Header(call("localhost", "/")?.1),
                },
                State::Plain { header, content } => {
                    let end = header + content;
                    if self.input.len() < end {
                        self.state = State::Plain { header, content };
                        return Ok(None);
                    }
                    let reusable = self.input.len() == end;
                    self.input.truncate(end);
                    self.body = self.input.split_off(header);
                    self.input.clear();
                    State::Done { reusable }
                }
                State::Header(mut call) => {
                    let (used, response) = call.try_response(&self.input, false).map_err(bad)?;
                    self.input.drain(..used);
                    match response {
                        Some(response) => {
                            self.status = response.status();
                            match call.proceed() {
                                Some(RecvResponseResult::RecvBody(call)) => State::Body(call),
                                Some(RecvResponseResult::Cleanup(call)) => State::Done {
                                    reusable: !call.must_close_connection(),
                                },
                                _ => return Err(Status::PROTOCOL_ERROR.into()),
                            }
                        }
                        None if used > 0 => State::Header(call),
                        None if self.input.len() > MAX_HEADER => {
                            return Err(Status::PROTOCOL_ERROR.into());
                        }
                        None => {
                            self.state = State::Header(call);
                            return Ok(None);
                        }
                    }
                }
                State::Body(mut call) => {
                    let had = self.body.len();
                    self.body.resize(had + self.input.len(), 0);
                    let (used, n) = call.read(&self.input, &mut self.body[had..]).map_err(bad)?;
                    self.body.truncate(had + n);
                    self.input.drain(..used);
                    if self.body.len() > MAX_BYTES {
                        return Err(Status::PROTOCOL_ERROR.into());
                    }
                    if call.can_proceed() && !until_closed(&call) {
                        match call.proceed() {
                            Some(RecvBodyResult::Cleanup(call)) => State::Done {
                                reusable: !call.must_close_connection(),
                            },
                            _ => return Err(Status::PROTOCOL_ERROR.into()),
                        }
                    } else if used > 0 && !self.input.is_empty() {
                        State::Body(call)
                    } else {
                        self.state = State::Body(call);
                        return Ok(None);
                    }
                }
                State::Done { reusable } => return self.end(reusable).map(Some),
                State::Over => return Err(Status::PROTOCOL_ERROR.into()),
            };
        }
    }

    fn end(&mut self, reusable: bool) -> Result<(Vec<u8>, bool), KeaError> {
        let reusable = reusable && self.input.is_empty();
        match self.status {
            StatusCode::OK => Ok((std::mem::take(&mut self.body), reusable)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(KeaError::because(
                Status::NO_PERMISSION,
                "HTTP: not authorized",
            )),
            _ => Err(KeaError::because(Status::PROTOCOL_ERROR, "HTTP: refused")),
        }
    }
}

fn until_closed(call: &Call<RecvBody>) -> bool {
    call.body_mode() == BodyMode::CloseDelimited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> Response {
        let template = Template::new("[::1]:81", "/", None).unwrap();
        let (bytes, response) = template.request(b"{}");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.starts_with("POST / HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("content-length: 2\r\n"), "{text}");
        assert!(text.contains("host: [::1]:81\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n{}"), "{text}");
        response
    }

    #[test]
    fn the_secret_is_one_line_of_the_header() {
        let name = "kea+http://admin:pw@h/p";
        let target = super::super::target::Target::parse(name).unwrap().unwrap();
        let super::super::target::Endpoint::Http { authorization, .. } = target.endpoint else {
            panic!("over HTTP");
        };
        let lines = |secret| {
            let template = Template::new("h:1", "/p", secret).unwrap();
            let (bytes, _) = template.request(b"{}");
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.split("\r\n").map(str::to_owned).collect::<Vec<_>>()
        };
        let (mut with, without) = (lines(authorization.as_ref()), lines(None));
        let at = with
            .iter()
            .position(|l| l == "authorization: Basic YWRtaW46cHc=");
        with.remove(at.expect("the line"));
        assert_eq!(with, without);
    }

    #[test]
    fn byte_by_byte() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]";
        let mut r = response();
        for (i, b) in text.iter().enumerate() {
            let done = r.take(&[*b]).unwrap();
            assert_eq!(done.is_some(), i + 1 == text.len());
            if let Some((body, reusable)) = done {
                assert_eq!((&body[..], reusable), (&b"[1]"[..], true));
            }
        }
        let mut r = response();
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n2\r\n1]\r\n0\r\n\r\n";
        assert_eq!(r.take(chunked).unwrap().unwrap().0, b"[1]");
    }

    #[test]
    fn up_to_the_end_of_the_connection() {
        let mut r = response();
        for piece in [&b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n["[..], b"1]"] {
            assert_eq!(r.take(piece).unwrap(), None);
        }
        assert_eq!(r.closed().unwrap(), Some(b"[1]".to_vec()));
        // One with a length ends there, and not before.
        let mut r = response();
        let half = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1";
        assert_eq!(r.take(half).unwrap(), None);
        assert_eq!(r.closed().unwrap(), None);
    }

    #[test]
    fn unusual_headers() {
        let take = |header: &str| {
            let text = format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n[1]");
            response().take(text.as_bytes()).map_err(|f| f.status())
        };
        let whole = |reusable| Ok(Some((b"[1]".to_vec(), reusable)));
        for header in [
            "content-LENGTH:3",
            "Content-Length: 3\r\nDate: x\r\nServer: y",
            "Content-Length: 3\r\nX-Other: z",
            "Connection: keep-alive\r\nContent-Length: 3",
        ] {
            assert_eq!(take(header), whole(true), "{header}");
        }
        assert_eq!(take("Content-Length: 3\r\nConnection: close"), whole(false));
        // More than was announced: it cannot be known what it is.
        let more = take("Content-Length: 2").unwrap().unwrap();
        assert_eq!(more, (b"[1".to_vec(), false));
        assert_eq!(take("Content-Length: 4"), Ok(None));
        for bad in [
            "Content-Length: 3\r\nContent-Length: 2",
            "Content-Length: +3",
            "Content-Length: 99999999999999999999",
            "Content-Length: 999999999999",
        ] {
            assert!(!matches!(take(bad), Ok(Some(_))), "{bad}");
        }
        let many = "x: y\r\n".repeat(40) + "Content-Length: 3";
        assert_eq!(take(&many), whole(true));
    }

    #[test]
    fn refusals() {
        let status = |text: &[u8]| response().take(text).map_err(|f| f.status());
        let auth = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(status(auth).unwrap_err(), Status::NO_PERMISSION);
        let bad = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(status(bad).unwrap_err(), Status::PROTOCOL_ERROR);
        assert_eq!(
            status(b"\0\0\0\x64\0\0\0\x18").unwrap_err(),
            Status::PROTOCOL_ERROR
        );
        let redirect = b"HTTP/1.1 301 x\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(status(redirect).unwrap_err(), Status::PROTOCOL_ERROR);
    }
}
