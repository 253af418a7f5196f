/* servers: testd dhcpd kea; under: valgrind */
/* A program's own object in the chain of a dhcpctl object: its handlers see
 * what is sent and what comes back. */

#include "peer.h"
#include "widget.h"

static dhcpctl_handle connection;

/* A lease with a widget around it. */
static dhcpctl_handle wrapped(widget_t **widget, const char *address)
{
    dhcpctl_handle lease = new_lease(connection, address);

    *widget = new_widget();
    link_objects((omapi_object_t *) *widget, lease);
    return lease;
}

static void around_a_lease(void)
{
    widget_t *widget;
    dhcpctl_handle lease = wrapped(&widget, "10.0.0.10");
    omapi_generic_object_t *generic = (omapi_generic_object_t *) lease->inner;
    int i;
    int flags = 0;

    is(open_now(lease, connection, 0), 0, "look up a lease with a widget around it");
    is(widget->stuffed, 1, "the widget was asked for its attributes");
    is(widget->state, 2, "it saw the state come in");
    ok(number_is(lease, "state", 2), "and passed it on");
    is(widget->updated, 1, "it was told of the update");
    is(widget->status, 0, "the status is for the lease and what is inside of it");
    is(((dhcpctl_remote_object_t *) lease)->waitstatus, 0, "in the struct as well");
    ok(((dhcpctl_remote_object_t *) lease)->remote_handle != 0, "with the server's handle");
    for (i = 0; i < generic->nvalues; i++)
        flags += generic->changed[i];
    is(flags, 0, "nothing is left to be sent");

    is(omapi_set_int_value(lease, NULL, "size", 4), 0, "set the widget's attribute by the lease");
    is(widget->size, 4, "it has it");
    is(generic->nvalues > 0 && has_no(lease, "nobody"), 1, "unknown names are not found");

    is(dhcpctl_object_refresh(connection, lease), 0, "refresh");
    widget->state = 0;
    is(finish(lease), 0, "refreshed");
    is(widget->state, 2, "the widget saw the state again");
    is(widget->stuffed, 1, "and was not asked: a refresh sends nothing");
    is(widget->updated, 2, "a second update");
    drop(&lease);
    is(widgets_destroyed, 0, "the widget is the program's");
    widget_dereference(&widget, MDL);
    is(widgets_destroyed, 1, "until it is dropped");
    widgets_destroyed = 0;
}

static void a_failing_request(void)
{
    widget_t *widget;
    dhcpctl_handle lease = wrapped(&widget, "192.0.2.1");

    is(open_now(lease, connection, 0), ISC_R_NOTFOUND, "look up what is not there");
    is(widget->updated, 0, "nothing was updated");
    is(((dhcpctl_remote_object_t *) lease)->waitstatus, ISC_R_NOTFOUND, "the code is in the struct");
    drop(&lease);
    widget_dereference(&widget, MDL);
}

static void hang_up(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    peer_read(fd, &request);
    close(fd);
}

static void a_lost_request(void)
{
    struct peer peer;
    widget_t *widget;
    widget_t *inside = new_widget();
    dhcpctl_handle lease = wrapped(&widget, "10.0.0.10");
    dhcpctl_handle lost;

    peer_start(&peer, hang_up);
    lost = peer_connect(&peer);
    link_objects(lease->inner, (omapi_object_t *) inside);
    is(open_now(lease, lost, 0), DHCP_R_CONNRESET, "a request that is lost");
    is(widget->disconnected, 1, "an object around it is told");
    is(inside->ready, 0, "nothing is ready");
    drop(&lease);
    widget_dereference(&widget, MDL);
    widget_dereference(&inside, MDL);
    drop(&lost);
    peer_stop(&peer);
}

static void a_silent_widget(void)
{
    widget_t *widget;
    dhcpctl_handle lease = wrapped(&widget, "10.0.0.10");
    dhcpctl_status status;

    widget->silent = 1;
    status = open_now(lease, connection, 0);
    ok(status != 0 && status != ISC_R_TIMEDOUT, "without attributes the server has no key: %s",
       isc_result_totext(status));
    is(widget->stuffed, 1, "the widget was asked and sent nothing");
    widget->silent = 0;
    is(open_now(lease, connection, 0), 0, "again, with attributes");
    is(widget->stuffed, 2, "asked again");
    is(widget->state, 2, "the lease is there");
    drop(&lease);
    widget_dereference(&widget, MDL);
}

/* As an object inside of a library object hears it. */
static void inside_of_a_lease(void)
{
    widget_t *widget = new_widget();
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    int number = 0;

    widget->size = 31;
    link_objects(lease->inner, (omapi_object_t *) widget);
    is(open_now(lease, connection, 0), 0, "look up a lease with a widget inside");
    ok(number_is(lease, "state", 2), "it is found");
    is(widget->stuffed, 1, "the widget was asked for its attributes, last");
    is(widget->state, 2, "it saw the state, before the generic object took it");
    ok(widget->ready > 0, "the widget hears that the request is over");
    ok(widget->updated == 0 && widget->status == 0, "and not how");
    is(get_number(lease, "size", &number), 0, "it is asked for what others have not");
    is(number, 31, "and answers");
    drop(&lease);
    is(widget->refcnt, 2, "the lease keeps its chain because the widget is held");
    widgets_destroyed = 0;
    widget_dereference(&widget, MDL);
    is(widgets_destroyed, 1, "all goes with the last reference");
}

static int called;
static dhcpctl_status called_with;

static void callback(dhcpctl_handle h, dhcpctl_status status, void *data)
{
    (void) h;
    called += data == &called;
    called_with = status;
}

static void with_a_callback(void)
{
    widget_t *widget;
    dhcpctl_handle lease = wrapped(&widget, "10.0.0.10");
    dhcpctl_handle other;

    is(dhcpctl_set_callback(lease, &called, callback), 0, "a callback behind a widget");
    is(open_now(lease, connection, 0), 0, "look it up");
    is(called, 1, "it is called once");
    is(called_with, 0, "with success");
    drop(&lease);
    widget_dereference(&widget, MDL);

    lease = wrapped(&widget, "192.0.2.1");
    called = 0;
    is(dhcpctl_set_callback(lease, &called, callback), 0, "a callback");
    is(open_now(lease, connection, 0), ISC_R_NOTFOUND, "a request that fails");
    is(called, 1, "it is called once");
    is(called_with, ISC_R_NOTFOUND, "with the code");

    /* Completed while another object is waited for. */
    other = new_lease(connection, "10.0.0.11");
    called = 0;
    is(dhcpctl_open_object(lease, connection, 0), 0, "queue it again");
    is(open_now(other, connection, 0), 0, "wait for another");
    is(called, 1, "it was called meanwhile");
    drop(&other);
    drop(&lease);
    widget_dereference(&widget, MDL);
}

/* All operations with a widget in the way. */
static void a_host(void)
{
    widget_t *widget = new_widget();
    dhcpctl_handle host = new_object(connection, "host");
    static const unsigned char mac[6] = {2, 0, 0, 0, 0x77, 0x42};

    link_objects((omapi_object_t *) widget, host);
    dhcpctl_set_string_value(host, "chained", "name");
    dhcpctl_set_data_value(host, (const char *) mac, 6, "hardware-address");
    dhcpctl_set_int_value(host, 1, "hardware-type");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "create a host");
    ok(text_is(host, "name", "chained"), "by name");
    is(set_address(host, "10.0.203.77"), 0, "an address");
    is(dhcpctl_object_update(connection, host), 0, "update it");
    is(finish(host), 0, "updated");
    is(widget->stuffed, 2, "create and update asked the widget");
    is(dhcpctl_object_remove(connection, host), 0, "remove it");
    is(finish(host), 0, "removed");
    is(widget->stuffed, 2, "removing sends nothing");
    drop(&host);
    widget_dereference(&widget, MDL);
}

/* Dropped while its answer is under way. */
static void dropped_early(void)
{
    widget_t *widget;
    dhcpctl_handle lease = wrapped(&widget, "10.0.0.10");
    dhcpctl_handle other = new_lease(connection, "10.0.0.11");

    widgets_destroyed = 0;
    is(dhcpctl_open_object(lease, connection, 0), 0, "queue a request");
    drop(&lease);
    widget_dereference(&widget, MDL);
    is(widgets_destroyed, 0, "the request holds the chain");
    is(open_now(other, connection, 0), 0, "answered while another is waited for");
    is(widgets_destroyed, 1, "then it is gone");
    drop(&other);
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    is(widget_register(), 0, "a type of the program");
    connection = server_connect();
    around_a_lease();
    a_failing_request();
    a_lost_request();
    a_silent_widget();
    inside_of_a_lease();
    if (!tap_original)
        with_a_callback();
    a_host();
    dropped_early();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
