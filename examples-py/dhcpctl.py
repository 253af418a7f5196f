"""libdhcpctl from Python, with nothing but ctypes.

The lower half declares the C library as it is: structs and functions, under
their C names. The upper half is what a script wants:

    import dhcpctl

    with dhcpctl.Connection("127.0.0.1", 7911) as server:
        lease = server.lookup("lease", ip_address="10.0.0.10")
        print(lease["client-hostname"].decode(), lease.number("ends"))

A Kea server is named by its socket: Connection("/run/kea/kea4-ctrl-socket").
Attributes are bytes, as they are on the wire. Errors are exceptions:
`dhcpctl.Error` has the code and its text. Copy this file; it needs no other.
"""

import ctypes
import ctypes.util
import ipaddress
import os
import weakref
from ctypes import (CFUNCTYPE, POINTER, Structure, Union, byref, c_char_p, c_int, c_long, c_ubyte,
                    c_uint, c_void_p)

CREATE, UPDATE, EXCL = 1, 2, 4

SUCCESS = 0
TIMEDOUT = 2
NOTFOUND = 23
NOMORE = 29


# What C sees. Every struct is as long as in the genuine library.


class ObjectType(Structure):
    """A kind of object. The handlers, eleven pointers, are not spelled out."""


class Object(Structure):
    """What every object starts with; a `dhcpctl_handle` points to one."""


Handle = POINTER(Object)

ObjectType._fields_ = [
    ("name", c_char_p),
    ("next", POINTER(ObjectType)),
    ("handlers", c_void_p * 11),
    ("size", ctypes.c_size_t),
    ("rc_flag", c_int),
    ("initialize", c_void_p),
]

Object._fields_ = [
    ("type", POINTER(ObjectType)),
    ("refcnt", c_int),
    ("handle", c_uint),
    ("outer", Handle),
    ("inner", Handle),
]


class DataString(Structure):
    """Counted bytes; `value` goes on for `len` bytes."""

    _fields_ = [("refcnt", c_int), ("len", c_uint), ("value", c_ubyte * 1)]

    def bytes(self):
        start = ctypes.addressof(self) + DataString.value.offset
        return ctypes.string_at(start, self.len)


class _Buffer(Structure):
    _fields_ = [("len", c_uint), ("value", c_ubyte * 1)]


class _Reference(Structure):
    _fields_ = [("ptr", c_void_p), ("reference", c_void_p), ("dereference", c_void_p)]


class _Datum(Union):
    _fields_ = [
        ("buffer", _Buffer),
        ("object", Handle),
        ("ref", _Reference),
        ("integer", c_int),
    ]


class TypedData(Structure):
    """A number, text, bytes or an object."""

    INT, STRING, DATA, OBJECT = range(4)
    _fields_ = [("refcnt", c_int), ("type", c_uint), ("u", _Datum)]

    def python(self):
        """An int or bytes; None for an object."""
        if self.type == self.INT:
            return self.u.integer
        if self.type in (self.STRING, self.DATA):
            start = ctypes.addressof(self) + TypedData.u.offset + _Buffer.value.offset
            return ctypes.string_at(start, self.u.buffer.len)
        return None


class Value(Structure):
    """A name and what it stands for."""

    _fields_ = [("refcnt", c_int), ("name", POINTER(DataString)), ("value", POINTER(TypedData))]


class Generic(Structure):
    """The attributes of an object, in their order."""

    _fields_ = Object._fields_ + [
        ("values", POINTER(POINTER(Value))),
        ("changed", POINTER(c_ubyte)),
        ("nvalues", c_int),
        ("va_max", c_int),
    ]


class Remote(Structure):
    """An object of the server."""

    _fields_ = Object._fields_ + [
        ("rtype", POINTER(TypedData)),
        ("waitstatus", c_uint),
        ("message", POINTER(TypedData)),
        ("remote_handle", c_uint),
    ]


class Timeval(Structure):
    _fields_ = [("tv_sec", c_long), ("tv_usec", c_long)]


Callback = CFUNCTYPE(None, Handle, c_uint, c_void_p)


def _load():
    """The library: $DHCPCTL_LIBRARY, or where the system finds it."""
    name = os.environ.get("DHCPCTL_LIBRARY") or ctypes.util.find_library("dhcpctl")
    return ctypes.CDLL(name or "libdhcpctl.so.0")


class Error(Exception):
    """A result code other than success."""

    def __init__(self, code, what=""):
        self.code = code
        text = lib.isc_result_totext(code).decode()
        super().__init__(f"{what}: {text}" if what else text)


def _checked(result, function, _arguments):
    if result != SUCCESS:
        raise Error(result, function.__name__)
    return result


lib = _load()

# name, arguments, and whether the result is a code to be checked
_FILE = [c_char_p, c_int]
for _name, _arguments in {
    "dhcpctl_initialize": [],
    "dhcpctl_connect": [POINTER(Handle), c_char_p, c_int, Handle],
    "dhcpctl_timed_connect": [POINTER(Handle), c_char_p, c_int, Handle, POINTER(Timeval)],
    "dhcpctl_disconnect": [POINTER(Handle), c_int],
    "dhcpctl_new_authenticator": [POINTER(Handle), c_char_p, c_char_p, c_char_p, c_uint],
    "dhcpctl_new_object": [POINTER(Handle), Handle, c_char_p],
    "dhcpctl_open_object": [Handle, Handle, c_int],
    "dhcpctl_object_update": [Handle, Handle],
    "dhcpctl_object_refresh": [Handle, Handle],
    "dhcpctl_object_remove": [Handle, Handle],
    "dhcpctl_wait_for_completion": [Handle, POINTER(c_uint)],
    "dhcpctl_timed_wait_for_completion": [Handle, POINTER(c_uint), POINTER(Timeval)],
    "dhcpctl_get_value": [POINTER(POINTER(DataString)), Handle, c_char_p],
    "dhcpctl_get_boolean": [POINTER(c_int), Handle, c_char_p],
    "dhcpctl_set_value": [Handle, POINTER(DataString), c_char_p],
    "dhcpctl_set_string_value": [Handle, c_char_p, c_char_p],
    "dhcpctl_set_data_value": [Handle, c_char_p, c_uint, c_char_p],
    "dhcpctl_set_null_value": [Handle, c_char_p],
    "dhcpctl_set_int_value": [Handle, c_int, c_char_p],
    "dhcpctl_set_boolean_value": [Handle, c_int, c_char_p],
    "dhcpctl_set_callback": [Handle, c_void_p, Callback],
    "dhcpctl_data_string_dereference": [POINTER(POINTER(DataString)), *_FILE],
    "omapi_object_dereference": [POINTER(Handle), *_FILE],
    "omapi_data_string_new": [POINTER(POINTER(DataString)), c_uint, *_FILE],
    "omapi_one_dispatch": [Handle, POINTER(Timeval)],
    "omapi_disconnect": [Handle, c_int],
}.items():
    _function = getattr(lib, _name)
    _function.argtypes = _arguments
    _function.restype = c_uint
    _function.errcheck = _checked
lib.isc_result_totext.argtypes = [c_uint]
lib.isc_result_totext.restype = c_char_p

lib.dhcpctl_initialize()


# What scripts use.


def _drop(handle):
    """Gives up a handle; harmless when there is none."""
    if handle:
        lib.omapi_object_dereference(byref(handle), b"", 0)


# Objects with a function for answers: by their id, which is what the library
# passes on, and those with answers to come, which must not be collected.
_listening = weakref.WeakValueDictionary()
_awaited = {}  # id: [object, answers to come]


@Callback
def _answer(_handle, status, number):
    # One function for all objects, and never freed: C may be in it.
    listener = _listening.get(number)
    if listener:
        entry = _awaited.get(number, [listener, 0])
        entry[1] -= 1
        if entry[1] <= 0:
            _awaited.pop(number, None)
        listener._function(listener, status)


def _span(seconds):
    return byref(Timeval(int(seconds), int(seconds % 1 * 1_000_000)))


def attribute_name(name):
    """`ip_address=...` in Python is the attribute "ip-address"."""
    return name.replace("_", "-").encode()


def address(text):
    """Four bytes (or sixteen) for a dotted address."""
    return ipaddress.ip_address(text).packed


def hardware(text):
    """The bytes of 00:11:22:33:44:55."""
    return bytes.fromhex(text.replace(":", ""))


class Connection:
    """A connection to a DHCP server. `key` is (name, algorithm, secret)."""

    def __init__(self, host="127.0.0.1", port=7911, key=None, timeout=10):
        self.timeout = timeout
        self.handle = Handle()
        authenticator = Handle()
        try:
            if key:
                name, algorithm, secret = key
                lib.dhcpctl_new_authenticator(
                    byref(authenticator), name.encode(), algorithm.encode(), secret, len(secret))
            lib.dhcpctl_timed_connect(
                byref(self.handle), host.encode(), port, authenticator or None, _span(timeout))
        finally:
            _drop(authenticator)

    def close(self):
        if self.handle:
            try:
                lib.dhcpctl_disconnect(byref(self.handle), 1)
            except Error:  # lost already
                _drop(self.handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def new(self, kind, **attributes):
        """An object that the server has not seen yet."""
        return ServerObject(self, kind, attributes)

    def lookup(self, kind, **attributes):
        """The server's object with these attributes; None if there is none."""
        wanted = self.new(kind, **attributes)
        try:
            return wanted.open()
        except Error as error:
            if error.code == NOTFOUND:
                return None
            raise

    def create(self, kind, **attributes):
        return self.new(kind, **attributes).open(CREATE | EXCL)

    def dispatch(self, seconds):
        """Serves callbacks for a moment; False when nothing came."""
        import time

        when = time.time() + seconds
        try:
            lib.omapi_one_dispatch(None, _span(when))
        except Error as error:
            if error.code == TIMEDOUT:
                return False
            raise
        return True


class ServerObject:
    """A lease, host, group ... of the server. Attributes by `o["name"]`."""

    def __init__(self, connection, kind, attributes):
        self.connection = connection
        self.handle = Handle()
        self._function = None
        lib.dhcpctl_new_object(byref(self.handle), connection.handle, kind.encode())
        for name, value in attributes.items():
            self[attribute_name(name).decode()] = value

    def __del__(self):
        _drop(getattr(self, "handle", None))

    def __setitem__(self, name, value):
        name = name.encode()
        if value is None:
            lib.dhcpctl_set_null_value(self.handle, name)
        elif isinstance(value, int):
            # ctypes would cut it.
            if not -2**31 <= value < 2**32:
                raise OverflowError(f"{name.decode()}: {value} has more than 32 bits")
            lib.dhcpctl_set_int_value(self.handle, value, name)
        elif name == b"ip-address" and isinstance(value, str):
            self[name.decode()] = address(value)
        elif name == b"hardware-address" and isinstance(value, str):
            self[name.decode()] = hardware(value)
        elif isinstance(value, str) and "\0" not in value:
            lib.dhcpctl_set_string_value(self.handle, value.encode(), name)
        elif isinstance(value, str):
            self[name.decode()] = value.encode()
        else:
            lib.dhcpctl_set_data_value(self.handle, bytes(value), len(value), name)

    def __getitem__(self, name):
        """The bytes of an attribute; KeyError if it has none."""
        value = POINTER(DataString)()
        try:
            lib.dhcpctl_get_value(byref(value), self.handle, name.encode())
        except Error as error:
            if error.code == NOTFOUND:
                raise KeyError(name) from None
            raise
        try:
            return value.contents.bytes()
        finally:
            lib.dhcpctl_data_string_dereference(byref(value), b"", 0)

    def number(self, name):
        """An attribute that is a number: most significant byte first."""
        return int.from_bytes(self[name], "big")

    def attributes(self):
        """All of them, in the order in which they were set or came."""
        generic = ctypes.cast(self.handle.contents.inner, POINTER(Generic)).contents
        found = {}
        for i in range(generic.nvalues):
            if generic.values[i]:
                value = generic.values[i].contents
                name = value.name.contents.bytes().decode(errors="replace")
                found[name] = (
                    value.value.contents.python() if value.value else None)
        return found

    @property
    def message(self):
        """What the server said with its last status; "" for nothing."""
        remote = ctypes.cast(self.handle, POINTER(Remote)).contents
        text = remote.message.contents.python() if remote.message else b""
        return text.decode(errors="replace")

    def wait(self):
        status = c_uint()
        lib.dhcpctl_timed_wait_for_completion(
            self.handle, byref(status), _span(self.connection.timeout))
        if status.value != SUCCESS:
            raise Error(status.value, self.message)
        return self

    def open(self, flags=0):
        return self.start(flags).wait()

    def start(self, flags=0):
        """Asks, without waiting for the answer."""
        self._ask(lib.dhcpctl_open_object, self.handle, self.connection.handle, flags)
        return self

    def update(self):
        self._ask(lib.dhcpctl_object_update, self.connection.handle, self.handle)
        return self.wait()

    def refresh(self):
        self._ask(lib.dhcpctl_object_refresh, self.connection.handle, self.handle)
        return self.wait()

    def remove(self):
        self._ask(lib.dhcpctl_object_remove, self.connection.handle, self.handle)
        return self.wait()

    def _ask(self, function, *arguments):
        # Before: another thread may take the answer at once.
        if self._function:
            _awaited.setdefault(id(self), [self, 0])[1] += 1
        try:
            function(*arguments)
        except BaseException:
            entry = _awaited.get(id(self))
            if entry:
                entry[1] -= 1
                if entry[1] <= 0:
                    del _awaited[id(self)]
            raise

    def on_answer(self, function):
        """Has `function(object, code)` called for every answer to what is
        asked from now on."""
        self._function = function
        _listening[id(self)] = self
        lib.dhcpctl_set_callback(self.handle, id(self), _answer)
        return self
