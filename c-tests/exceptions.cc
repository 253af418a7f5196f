// test: tests/install/names.rs
// C++ exceptions in a program that links the library: they are caught where
// they should be, and handles are given up on the way.

#include <stdexcept>
#include <string>

#include "client.h" // last: its macros have short names

#include <omapip/omapip_p.h>

namespace {

int alive;

// A handle that is given up with its scope.
class Handle {
public:
    Handle(dhcpctl_handle connection, const char *type) : handle_(nullptr)
    {
        check(dhcpctl_new_object(&handle_, connection, type), "new object");
        alive++;
    }
    ~Handle()
    {
        omapi_object_dereference(&handle_, MDL);
        alive--;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;

    static void check(isc_result_t result, const std::string &what)
    {
        if (result != ISC_R_SUCCESS)
            throw std::runtime_error(what + ": " + isc_result_totext(result));
    }

    void open(dhcpctl_handle connection, const char *address)
    {
        Handle other(connection, "host"); // something more to give up

        check(set_address(handle_, address), "set");
        check(dhcpctl_open_object(handle_, connection, 0), "open");
        check(finish(handle_), address);
    }

private:
    dhcpctl_handle handle_;
};

std::string look_up(dhcpctl_handle connection, const char *address)
{
    try {
        Handle lease(connection, "lease");

        lease.open(connection, address);
        return "found";
    } catch (const std::exception &e) {
        return e.what();
    }
}

int thrown_as_number(int depth)
{
    if (depth == 0)
        throw 42;
    return thrown_as_number(depth - 1) + 1;
}

// A handler of the program's own type throws to the caller that signals.
isc_result_t throwing(omapi_object_t *, const char *, va_list)
{
    throw 43;
}

int signalled()
{
    omapi_object_type_t *type = nullptr;
    omapi_object_t *object = nullptr;
    int number = 0;

    omapi_object_type_register(&type, "throwing", nullptr, nullptr, nullptr, throwing, nullptr,
                               nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                               sizeof(omapi_object_t), nullptr, RC_MISC);
    omapi_object_allocate(&object, type, 0, MDL);
    try {
        omapi_signal(object, "anything");
    } catch (int n) {
        number = n;
    }
    is(object->refcnt, 1, "nothing of it is kept");
    omapi_object_dereference(&object, MDL);
    return number;
}

} // namespace

int main()
{
    dhcpctl_handle connection;
    int number = 0;

    tap_begin(30);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    ok(look_up(connection, "10.0.0.10") == "found", "no exception");
    ok(look_up(connection, "192.0.2.1") == "192.0.2.1: not found", "an exception is caught");
    is(alive, 0, "all handles were given up");
    try {
        thrown_as_number(100);
    } catch (int n) {
        number = n;
    }
    is(number, 42, "one through a hundred frames");
    is(signalled(), 43, "one through omapi_signal");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
