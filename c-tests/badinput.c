/* servers: testd dhcpd kea; under: asan */
/* Arguments that are wrong: NULL, handles of another kind, calls too early.
 * The original crashes on most of them. Each call has a process of its own,
 * so that one that crashes or hangs is one failed check. */

#include "client.h"

#include <sys/wait.h>

/* How a call has to end. */
enum wanted {
    AN_ERROR, /* a code other than success */
    SUCCESS,  /* the argument is optional */
    ANYTHING  /* it only has to come back */
};

static void report(pid_t child, const char *what, enum wanted wanted)
{
    int status = 0;

    if (child < 0)
        tap_bail("cannot fork");
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        ok(0, "%s", what);
        printf("#   signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (wanted == ANYTHING) {
        ok(WEXITSTATUS(status) <= 1, "%s", what);
    } else {
        ok(WEXITSTATUS(status) == (wanted == AN_ERROR), "%s gives %s", what,
           wanted == AN_ERROR ? "an error" : "success");
    }
}

/* Runs `call` in a child; its value is a result code, 0 is success. */
#define TRY(wanted, call)                  \
    do {                                   \
        pid_t child_;                      \
        fflush(stdout);                    \
        child_ = fork();                   \
        if (child_ == 0) {                 \
            signal(SIGALRM, SIG_DFL);      \
            alarm(10);                     \
            _exit((call) != 0 ? 1 : 0);    \
        }                                  \
        report(child_, #call, wanted);     \
    } while (0)

static dhcpctl_handle none; /* always NULL */
static dhcpctl_handle connection;
static dhcpctl_handle object;
static dhcpctl_handle authenticator;
static dhcpctl_data_string bytes;
static omapi_typed_data_t *typed;
static dhcpctl_status answer;
static const unsigned char secret[4] = {1, 2, 3, 4};

static void callback(dhcpctl_handle h, dhcpctl_status s, void *data)
{
    (void) h;
    (void) s;
    (void) data;
}

/* A fresh NULL pointer of each type, to receive something. */
static dhcpctl_handle *new_handle(void)
{
    return (dhcpctl_handle *) calloc(1, sizeof(dhcpctl_handle));
}

static dhcpctl_data_string *new_string(void)
{
    return (dhcpctl_data_string *) calloc(1, sizeof(dhcpctl_data_string));
}

static omapi_value_t **new_value(void)
{
    return (omapi_value_t **) calloc(1, sizeof(omapi_value_t *));
}

/* The library's words, if it had any, would go to one of two places. Both are
 * this file. */
static FILE *said;

TAP_C void syslog(int priority, const char *format, ...);

TAP_C void syslog(int priority, const char *format, ...)
{
    (void) priority;
    if (write(2, format, strlen(format)) < 0)
        tap_bail("cannot write to standard error");
}

static int number;
static unsigned long long_number;
static struct timeval no_time;

static void too_early(void)
{
    TRY(AN_ERROR, dhcpctl_connect(new_handle(), server_host(), server_port(), NULL));
    TRY(AN_ERROR,
        dhcpctl_timed_connect(new_handle(), server_host(), server_port(), NULL, &no_time));
    TRY(AN_ERROR, dhcpctl_new_object(new_handle(), NULL, "lease"));
    TRY(AN_ERROR, dhcpctl_new_authenticator(new_handle(), "k", "hmac-md5", secret, 4));
    TRY(AN_ERROR, dhcpctl_wait_for_completion(none, &answer));
    TRY(AN_ERROR, omapi_dispatch(&no_time));
    TRY(AN_ERROR, omapi_one_dispatch(NULL, &no_time));
    TRY(AN_ERROR, omapi_wait_for_completion(NULL, &no_time));
    TRY(ANYTHING, isc_result_totext(0) == NULL);
    TRY(ANYTHING, isc_result_totext(0xffffffffu) == NULL);
}

/* dhcpctl_*: each pointer argument NULL in turn. */
static void null_for_dhcpctl(void)
{
    TRY(AN_ERROR, dhcpctl_connect(NULL, server_host(), server_port(), NULL));
    TRY(AN_ERROR, dhcpctl_connect(new_handle(), NULL, server_port(), NULL));
    TRY(AN_ERROR, dhcpctl_timed_connect(NULL, server_host(), server_port(), NULL, NULL));
    TRY(AN_ERROR, dhcpctl_timed_connect(new_handle(), NULL, server_port(), NULL, NULL));
    TRY(AN_ERROR, dhcpctl_disconnect(NULL, 1));
    TRY(AN_ERROR, dhcpctl_disconnect(new_handle(), 1));

    TRY(AN_ERROR, dhcpctl_new_object(NULL, connection, "lease"));
    TRY(SUCCESS, dhcpctl_new_object(new_handle(), NULL, "lease"));
    TRY(AN_ERROR, dhcpctl_new_object(new_handle(), connection, NULL));
    TRY(AN_ERROR, dhcpctl_new_authenticator(NULL, "k", "hmac-md5", secret, 4));
    TRY(AN_ERROR, dhcpctl_new_authenticator(new_handle(), NULL, "hmac-md5", secret, 4));
    TRY(AN_ERROR, dhcpctl_new_authenticator(new_handle(), "k", NULL, secret, 4));
    TRY(AN_ERROR, dhcpctl_new_authenticator(new_handle(), "k", "hmac-md5", NULL, 4));

    TRY(AN_ERROR, dhcpctl_open_object(NULL, connection, 0));
    TRY(AN_ERROR, dhcpctl_open_object(object, NULL, 0));
    TRY(AN_ERROR, dhcpctl_object_update(NULL, object));
    TRY(AN_ERROR, dhcpctl_object_update(connection, NULL));
    TRY(AN_ERROR, dhcpctl_object_refresh(NULL, object));
    TRY(AN_ERROR, dhcpctl_object_refresh(connection, NULL));
    TRY(AN_ERROR, dhcpctl_object_remove(NULL, object));
    TRY(AN_ERROR, dhcpctl_object_remove(connection, NULL));

    TRY(AN_ERROR, dhcpctl_wait_for_completion(NULL, &answer));
    TRY(AN_ERROR, dhcpctl_wait_for_completion(object, NULL));
    TRY(AN_ERROR, dhcpctl_wait_for_completion(NULL, NULL));
    TRY(AN_ERROR, dhcpctl_timed_wait_for_completion(NULL, &answer, &no_time));
    TRY(AN_ERROR, dhcpctl_timed_wait_for_completion(object, NULL, &no_time));
    TRY(AN_ERROR, dhcpctl_timed_wait_for_completion(object, &answer, NULL));

    TRY(AN_ERROR, dhcpctl_get_value(NULL, object, "text"));
    TRY(AN_ERROR, dhcpctl_get_value(new_string(), NULL, "text"));
    TRY(AN_ERROR, dhcpctl_get_value(new_string(), object, NULL));
    TRY(AN_ERROR, dhcpctl_get_boolean(NULL, object, "number"));
    TRY(AN_ERROR, dhcpctl_get_boolean(&number, NULL, "number"));
    TRY(AN_ERROR, dhcpctl_get_boolean(&number, object, NULL));

    TRY(AN_ERROR, dhcpctl_set_value(NULL, bytes, "x"));
    TRY(AN_ERROR, dhcpctl_set_value(object, NULL, "x"));
    TRY(AN_ERROR, dhcpctl_set_value(object, bytes, NULL));
    TRY(AN_ERROR, dhcpctl_set_string_value(NULL, "v", "x"));
    TRY(AN_ERROR, dhcpctl_set_string_value(object, NULL, "x"));
    TRY(AN_ERROR, dhcpctl_set_string_value(object, "v", NULL));
    TRY(AN_ERROR, dhcpctl_set_data_value(NULL, "v", 1, "x"));
    TRY(AN_ERROR, dhcpctl_set_data_value(object, NULL, 1, "x"));
    TRY(SUCCESS, dhcpctl_set_data_value(object, NULL, 0, "x"));
    TRY(AN_ERROR, dhcpctl_set_data_value(object, "v", 1, NULL));
    TRY(AN_ERROR, dhcpctl_set_null_value(NULL, "x"));
    TRY(AN_ERROR, dhcpctl_set_null_value(object, NULL));
    TRY(AN_ERROR, dhcpctl_set_int_value(NULL, 1, "x"));
    TRY(AN_ERROR, dhcpctl_set_int_value(object, 1, NULL));
    TRY(AN_ERROR, dhcpctl_set_boolean_value(NULL, 1, "x"));
    TRY(AN_ERROR, dhcpctl_set_boolean_value(object, 1, NULL));

    TRY(AN_ERROR, dhcpctl_set_callback(NULL, NULL, callback));
    TRY(SUCCESS, dhcpctl_set_callback(object, NULL, callback));
    TRY(ANYTHING, dhcpctl_set_callback(object, NULL, NULL));
    TRY(AN_ERROR, dhcpctl_data_string_dereference(NULL, MDL));
    TRY(AN_ERROR, dhcpctl_data_string_dereference(new_string(), MDL));
}

/* omapi_*: the same. */
static void null_for_omapi(void)
{
    omapi_auth_key_t *key = (omapi_auth_key_t *) authenticator;

    TRY(AN_ERROR, omapi_auth_key_reference(NULL, key, MDL));
    TRY(AN_ERROR, omapi_auth_key_reference((omapi_auth_key_t **) new_handle(), NULL, MDL));
    TRY(AN_ERROR, omapi_auth_key_dereference(NULL, MDL));
    TRY(AN_ERROR, omapi_auth_key_dereference((omapi_auth_key_t **) new_handle(), MDL));
    TRY(AN_ERROR, omapi_object_reference(NULL, object, MDL));
    TRY(AN_ERROR, omapi_object_reference(new_handle(), NULL, MDL));
    TRY(AN_ERROR, omapi_object_dereference(NULL, MDL));
    TRY(AN_ERROR, omapi_object_dereference(new_handle(), MDL));
    TRY(AN_ERROR, omapi_data_string_new(NULL, 1, MDL));
    TRY(AN_ERROR, omapi_data_string_reference(NULL, bytes, MDL));
    TRY(AN_ERROR, omapi_data_string_reference(new_string(), NULL, MDL));
    TRY(AN_ERROR, omapi_data_string_dereference(NULL, MDL));
    TRY(AN_ERROR, omapi_data_string_dereference(new_string(), MDL));
    TRY(ANYTHING, omapi_data_string_cmp(NULL, bytes));
    TRY(ANYTHING, omapi_data_string_cmp(bytes, NULL));
    TRY(ANYTHING, omapi_data_string_cmp(NULL, NULL));
    TRY(ANYTHING, omapi_ds_strcmp(NULL, "x"));
    TRY(ANYTHING, omapi_ds_strcmp(bytes, NULL));
    TRY(AN_ERROR, omapi_typed_data_dereference(NULL, MDL));
    TRY(AN_ERROR, omapi_typed_data_dereference((omapi_typed_data_t **) new_handle(), MDL));
    TRY(AN_ERROR, omapi_value_dereference(NULL, MDL));
    TRY(AN_ERROR, omapi_value_dereference(new_value(), MDL));
    TRY(AN_ERROR, omapi_get_int_value(NULL, typed));
    TRY(AN_ERROR, omapi_get_int_value(&long_number, NULL));

    TRY(AN_ERROR, omapi_get_value_str(NULL, NULL, "text", new_value()));
    TRY(AN_ERROR, omapi_get_value_str(object, NULL, NULL, new_value()));
    TRY(AN_ERROR, omapi_get_value_str(object, NULL, "text", NULL));
    TRY(SUCCESS, omapi_get_value_str(object, NULL, "text", new_value()));
    TRY(AN_ERROR, omapi_set_value_str(NULL, NULL, "x", typed));
    TRY(AN_ERROR, omapi_set_value_str(object, NULL, NULL, typed));
    TRY(SUCCESS, omapi_set_value_str(object, NULL, "x", NULL));

    TRY(AN_ERROR, omapi_disconnect(NULL, 1));
    TRY(AN_ERROR, omapi_disconnect(object, 1));
    TRY(AN_ERROR, omapi_disconnect(authenticator, 1));
    TRY(AN_ERROR, omapi_one_dispatch(NULL, &no_time));
    TRY(AN_ERROR, omapi_wait_for_completion(NULL, &no_time));
    TRY(AN_ERROR, omapi_wait_for_completion(object, &no_time));
    TRY(AN_ERROR, omapi_dispatch(&no_time));
}

/* Handles where another kind belongs. */
static void wrong_kinds(void)
{
    dhcpctl_handle o = object;
    dhcpctl_handle c = connection;
    dhcpctl_handle a = authenticator;

    TRY(AN_ERROR, dhcpctl_open_object(c, c, 0));
    TRY(AN_ERROR, dhcpctl_open_object(a, c, 0));
    TRY(AN_ERROR, dhcpctl_open_object(o, o, 0));
    TRY(AN_ERROR, dhcpctl_open_object(o, a, 0));
    TRY(AN_ERROR, dhcpctl_object_update(o, o));
    TRY(AN_ERROR, dhcpctl_object_update(a, o));
    TRY(AN_ERROR, dhcpctl_object_update(c, c));
    TRY(AN_ERROR, dhcpctl_object_update(o, c)); /* the two in the wrong order */
    TRY(AN_ERROR, dhcpctl_object_refresh(o, o));
    TRY(AN_ERROR, dhcpctl_object_refresh(a, o));
    TRY(AN_ERROR, dhcpctl_object_refresh(o, c));
    TRY(AN_ERROR, dhcpctl_object_remove(o, o));
    TRY(AN_ERROR, dhcpctl_object_remove(a, o));
    TRY(AN_ERROR, dhcpctl_object_remove(o, c));
    TRY(AN_ERROR, dhcpctl_wait_for_completion(c, &answer));
    TRY(AN_ERROR, dhcpctl_wait_for_completion(a, &answer));
    TRY(AN_ERROR, dhcpctl_disconnect(&o, 1));
    TRY(AN_ERROR, dhcpctl_disconnect(&a, 1));
    TRY(AN_ERROR, dhcpctl_connect(new_handle(), server_host(), server_port(), o));
    TRY(AN_ERROR, dhcpctl_connect(new_handle(), server_host(), server_port(), c));
    TRY(AN_ERROR, dhcpctl_new_object(&o, c, "lease"));
    TRY(AN_ERROR, dhcpctl_connect(&c, server_host(), server_port(), NULL));
    TRY(AN_ERROR, dhcpctl_get_value(new_string(), a, "no-such-name"));
    TRY(SUCCESS, dhcpctl_get_value(new_string(), a, "name"));
    TRY(AN_ERROR, dhcpctl_get_value(new_string(), c, "no-such-name"));
    TRY(AN_ERROR, dhcpctl_set_int_value(a, 1, "no-such-name"));
    TRY(SUCCESS, dhcpctl_set_int_value(c, 1, "a-name"));
    TRY(AN_ERROR, dhcpctl_set_int_value(c, 1, "default-authenticator"));
    TRY(AN_ERROR, dhcpctl_get_boolean(&number, o, "text"));
}

/* The same variable, given back twice. */
static void given_back_twice(void)
{
    dhcpctl_handle o = NULL;

    dhcpctl_new_object(&o, NULL, "lease");
    TRY(AN_ERROR, omapi_object_dereference(&o, MDL) || omapi_object_dereference(&o, MDL));
    TRY(AN_ERROR, dhcpctl_data_string_dereference(&bytes, MDL) ||
                      dhcpctl_data_string_dereference(&bytes, MDL));
    TRY(AN_ERROR, omapi_typed_data_dereference(&typed, MDL) ||
                      omapi_typed_data_dereference(&typed, MDL));
    drop(&o);
}

int main(void)
{
    char line[200];

    tap_begin(120);
    said = tmpfile();
    if (!said || dup2(fileno(said), 2) < 0)
        tap_bail("cannot redirect standard error");
    too_early();

    is(dhcpctl_initialize(), 0, "initialize");
    object = new_lease(NULL, "10.0.0.10");
    dhcpctl_set_string_value(object, "v", "text");
    dhcpctl_set_int_value(object, 1, "number");
    dhcpctl_new_authenticator(&authenticator, "k", "hmac-md5", secret, 4);
    omapi_data_string_new(&bytes, 4, MDL);
    omapi_typed_data_new(MDL, &typed, omapi_datatype_int, 1);
    if (!authenticator || !bytes || !typed)
        tap_bail("cannot make the objects of the test");
    connection = server_connect();

    null_for_dhcpctl();
    null_for_omapi();
    wrong_kinds();
    given_back_twice();

    /* The lookup ignores the attributes that leases do not have. */
    is(open_now(object, connection, 0), 0, "after all this, a lookup");
    drop(&object);
    drop(&authenticator);
    dhcpctl_data_string_dereference(&bytes, MDL);
    omapi_typed_data_dereference(&typed, MDL);
    if (!is((unsigned long) lseek(fileno(said), 0, SEEK_END), 0,
            "nothing was written to standard error or the system's log")) {
        rewind(said);
        while (fgets(line, sizeof line, said))
            printf("# %s", line);
    }
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    ok(dhcpctl_disconnect(&connection, 1) != 0, "twice");
    return tap_end();
}
