/* dhcpctl.h: manage a DHCP server over OMAPI, from C.
 *
 * Replaces ISC's <dhcpctl/dhcpctl.h>, <omapip/omapip.h>, <omapip/omapip_p.h> and
 * <omapip/result.h> in one file that needs no other library's headers; the old
 * spellings are thin wrappers around it.
 *
 * Generated from the Rust sources: do not edit, run `cargo run -p xtask -- header`.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef DHCPCTL_H
#define DHCPCTL_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/time.h>
#include <netinet/in.h>

/* Not needed here, but by the manual page's program, which forgets them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct dns_tsec dns_tsec_t;
typedef struct dst_key dst_key_t;
typedef struct isc_socket isc_socket_t;
typedef struct isc_msgcat isc_msgcat_t;
typedef struct _omapi_buffer omapi_buffer_t;
typedef struct __omapi_listener_object omapi_listener_object_t;
typedef struct __omapi_object omapi_object_t;
typedef struct omapi_data_string_t omapi_data_string_t;
typedef struct omapi_typed_data_buffer_t omapi_typed_data_buffer_t;
typedef struct omapi_typed_data_ref_t omapi_typed_data_ref_t;
typedef struct omapi_typed_data_t omapi_typed_data_t;
typedef struct omapi_value_t omapi_value_t;
typedef struct __omapi_object_type_t omapi_object_type_t;
typedef struct omapi_addr_t omapi_addr_t;
typedef struct omapi_addr_list_t omapi_addr_list_t;
typedef struct auth_key omapi_auth_key_t;
typedef struct omapi_array_t omapi_array_t;
typedef struct dhcpctl_callback_object_t dhcpctl_callback_object_t;
typedef struct dhcpctl_remote_object_t dhcpctl_remote_object_t;
typedef struct __omapi_generic_object omapi_generic_object_t;
typedef struct __omapi_waiter_object omapi_waiter_object_t;
typedef struct __omapi_io_object omapi_io_object_t;
typedef struct __omapi_message_object omapi_message_object_t;
typedef struct omapi_protocol_header_t omapi_protocol_header_t;
typedef struct __omapi_remote_auth omapi_remote_auth_t;
typedef struct __omapi_protocol_object omapi_protocol_object_t;
typedef struct omapi_protocol_listener_object_t omapi_protocol_listener_object_t;
typedef struct __omapi_connection_object omapi_connection_object_t;

/**
 * Object flags of dhcpctl_open_object: make it.
 */
#define OMAPI_CREATE 1

/**
 * Change it if it exists.
 */
#define OMAPI_UPDATE 2

/**
 * With OMAPI_CREATE: it must not exist.
 */
#define OMAPI_EXCL 4

/**
 * For omapi_protocol_send_open: report changes.
 */
#define OMAPI_NOTIFY_PROTOCOL 8
#define DHCPCTL_CREATE OMAPI_CREATE
#define DHCPCTL_UPDATE OMAPI_UPDATE
#define DHCPCTL_EXCL OMAPI_EXCL

/**
 * Where a server listens unless it was told otherwise.
 */
#define OMAPI_PROTOCOL_PORT 7911
#define OMAPI_PROTOCOL_VERSION 100

/**
 * Operations of a message.
 */
#define OMAPI_OP_OPEN 1
#define OMAPI_OP_REFRESH 2
#define OMAPI_OP_UPDATE 3
#define OMAPI_OP_NOTIFY 4
#define OMAPI_OP_STATUS 5
#define OMAPI_OP_DELETE 6

/**
 * Classes: where the codes of each kind begin, and how many there is room for.
 */
#define ISC_RESULTCLASS_ISC 0
#define ISC_RESULTCLASS_DNS 65536
#define ISC_RESULTCLASS_DST 131072
#define ISC_RESULTCLASS_DNSRCODE 196608
#define ISC_RESULTCLASS_OMAPI 262144
#define ISC_RESULTCLASS_ISCCC 327680
#define ISC_RESULTCLASS_DHCP 393216
#define ISC_RESULTCLASS_PK11 458752
#define ISC_RESULTCLASS_SIZE 65536

/**
 * Codes of every library.
 */
#define ISC_R_SUCCESS 0
#define ISC_R_NOMEMORY 1
#define ISC_R_TIMEDOUT 2
#define ISC_R_NOTHREADS 3
#define ISC_R_ADDRNOTAVAIL 4
#define ISC_R_ADDRINUSE 5
#define ISC_R_NOPERM 6
#define ISC_R_NOCONN 7
#define ISC_R_NETUNREACH 8
#define ISC_R_HOSTUNREACH 9
#define ISC_R_NETDOWN 10
#define ISC_R_HOSTDOWN 11
#define ISC_R_CONNREFUSED 12
#define ISC_R_NORESOURCES 13
#define ISC_R_EOF 14
#define ISC_R_BOUND 15
#define ISC_R_RELOAD 16
#define ISC_R_SUSPEND 16
#define ISC_R_LOCKBUSY 17
#define ISC_R_EXISTS 18
#define ISC_R_NOSPACE 19
#define ISC_R_CANCELED 20
#define ISC_R_NOTBOUND 21
#define ISC_R_SHUTTINGDOWN 22
#define ISC_R_NOTFOUND 23
#define ISC_R_UNEXPECTEDEND 24
#define ISC_R_FAILURE 25
#define ISC_R_IOERROR 26
#define ISC_R_NOTIMPLEMENTED 27
#define ISC_R_UNBALANCED 28
#define ISC_R_NOMORE 29
#define ISC_R_INVALIDFILE 30
#define ISC_R_BADBASE64 31
#define ISC_R_UNEXPECTEDTOKEN 32
#define ISC_R_QUOTA 33
#define ISC_R_UNEXPECTED 34
#define ISC_R_ALREADYRUNNING 35
#define ISC_R_IGNORE 36
#define ISC_R_MASKNONCONTIG 37
#define ISC_R_FILENOTFOUND 38
#define ISC_R_FILEEXISTS 39
#define ISC_R_NOTCONNECTED 40
#define ISC_R_RANGE 41
#define ISC_R_NOENTROPY 42
#define ISC_R_MULTICAST 43
#define ISC_R_NOTFILE 44
#define ISC_R_NOTDIRECTORY 45
#define ISC_R_QUEUEFULL 46
#define ISC_R_FAMILYMISMATCH 47
#define ISC_R_FAMILYNOSUPPORT 48
#define ISC_R_BADHEX 49
#define ISC_R_TOOMANYOPENFILES 50
#define ISC_R_NOTBLOCKING 51
#define ISC_R_UNBALANCEDQUOTES 52
#define ISC_R_INPROGRESS 53
#define ISC_R_CONNECTIONRESET 54
#define ISC_R_SOFTQUOTA 55
#define ISC_R_BADNUMBER 56
#define ISC_R_DISABLED 57
#define ISC_R_MAXSIZE 58
#define ISC_R_BADADDRESSFORM 59
#define ISC_R_BADBASE32 60
#define ISC_R_UNSET 61
#define ISC_R_MULTIPLE 62
#define ISC_R_WOULDBLOCK 63
#define ISC_R_COMPLETE 64
#define ISC_R_CRYPTOFAILURE 65
#define ISC_R_DISCQUOTA 66
#define ISC_R_DISCFULL 67
#define ISC_R_DEFAULT 68
#define ISC_R_IPV4PREFIX 69

/**
 * How many of them there are.
 */
#define ISC_R_NRESULTS 70

/**
 * DHCP's own codes.
 */
#define DHCP_R_HOSTUNKNOWN 393216
#define DHCP_R_VERSIONMISMATCH 393217
#define DHCP_R_PROTOCOLERROR 393218
#define DHCP_R_INVALIDARG 393219
#define DHCP_R_NOTYET 393220
#define DHCP_R_UNCHANGED 393221
#define DHCP_R_MULTIPLE 393222
#define DHCP_R_KEYCONFLICT 393223
#define DHCP_R_BADPARSE 393224
#define DHCP_R_NOKEYS 393225
#define DHCP_R_KEY_UNKNOWN 393226
#define DHCP_R_INVALIDKEY 393227
#define DHCP_R_INCOMPLETE 393228
#define DHCP_R_FORMERR 393229
#define DHCP_R_SERVFAIL 393230
#define DHCP_R_NXDOMAIN 393231
#define DHCP_R_NOTIMPL 393232
#define DHCP_R_REFUSED 393233
#define DHCP_R_YXDOMAIN 393234
#define DHCP_R_YXRRSET 393235
#define DHCP_R_NXRRSET 393236
#define DHCP_R_NOTAUTH 393237
#define DHCP_R_NOTZONE 393238
#define DHCP_R_BADSIG 393239
#define DHCP_R_BADKEY 393240
#define DHCP_R_BADTIME 393241
#define DHCP_R_NOROOTZONE 393242
#define DHCP_R_DESTADDRREQ 393243
#define DHCP_R_CROSSZONE 393244
#define DHCP_R_NO_TSIG 393245
#define DHCP_R_NOT_EQUAL 393246
#define DHCP_R_CONNRESET 393247
#define DHCP_R_UNKNOWNATTRIBUTE 393248

/**
 * How many of them there are.
 */
#define DHCP_R_NRESULTS 33

/**
 * What a typed datum holds.
 */
typedef enum omapi_datatype_t {
    omapi_datatype_int,
    omapi_datatype_string,
    omapi_datatype_data,
    omapi_datatype_object
} omapi_datatype_t;

typedef enum omapi_protocol_state_t {
    omapi_protocol_intro_wait,
    omapi_protocol_header_wait,
    omapi_protocol_signature_wait,
    omapi_protocol_name_wait,
    omapi_protocol_name_length_wait,
    omapi_protocol_value_wait,
    omapi_protocol_value_length_wait
} omapi_protocol_state_t;

typedef enum omapi_connection_state_t {
    omapi_connection_unconnected,
    omapi_connection_connecting,
    omapi_connection_connected,
    omapi_connection_disconnecting,
    omapi_connection_closed
} omapi_connection_state_t;

/**
 * Result code: class in the upper 16 bits, 0 is success.
 */
typedef unsigned int isc_result_t;

typedef isc_result_t (*omapi_array_ref_t)(char**, char*, const char*, int);

typedef isc_result_t (*omapi_array_deref_t)(char**, const char*, int);

struct omapi_array_t {
    char **data;
    omapi_array_ref_t ref;
    omapi_array_deref_t deref;
    int count;
    int max;
};

struct omapi_addr_t {
    unsigned int addrtype;
    unsigned int addrlen;
    unsigned char address[16];
    unsigned int port;
};

/**
 * One block: `addresses` points right behind the header.
 */
struct omapi_addr_list_t {
    int refcnt;
    unsigned int count;
    omapi_addr_t *addresses;
};

/**
 * Number of an object: on the wire the server's, locally ours.
 */
typedef unsigned int omapi_handle_t;

/**
 * Fields that every object starts with. (C: OMAPI_OBJECT_PREAMBLE.)
 */
struct __omapi_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
};

/**
 * Counted bytes without terminator; the block is as long as `len` demands.
 */
struct omapi_data_string_t {
    int refcnt;
    unsigned int len;
    unsigned char value[1];
};

/**
 * The bytes of a string or data datum.
 */
struct omapi_typed_data_buffer_t {
    unsigned int len;
    unsigned char value[1];
};

/**
 * A counted foreign reference; the library never makes one.
 */
struct omapi_typed_data_ref_t {
    void *ptr;
    isc_result_t (*reference)(void*, void*, const char*, int);
    isc_result_t (*dereference)(void*, const char*, int);
};

typedef union omapi_typed_data_u {
    omapi_typed_data_buffer_t buffer;
    omapi_object_t *object;
    omapi_typed_data_ref_t ref;
    int integer;
} omapi_typed_data_u;

/**
 * A datum with its type. The block is only as long as the type demands
 * (12 bytes plus the buffer's length, or 16 for an object): never copy it whole.
 */
struct omapi_typed_data_t {
    int refcnt;
    enum omapi_datatype_t type;
    union omapi_typed_data_u u;
};

/**
 * A name and what it stands for; a NULL `value` is the null value.
 */
struct omapi_value_t {
    int refcnt;
    omapi_data_string_t *name;
    omapi_typed_data_t *value;
};

/**
 * A kind of object: its name and handlers, any of which may be NULL.
 */
struct __omapi_object_type_t {
    const char *name;
    omapi_object_type_t *next;
    isc_result_t (*set_value)(omapi_object_t*,
                              omapi_object_t*,
                              omapi_data_string_t*,
                              omapi_typed_data_t*);
    isc_result_t (*get_value)(omapi_object_t*,
                              omapi_object_t*,
                              omapi_data_string_t*,
                              omapi_value_t**);
    isc_result_t (*destroy)(omapi_object_t*, const char*, int);
    isc_result_t (*signal_handler)(omapi_object_t*, const char*, va_list);
    isc_result_t (*stuff_values)(omapi_object_t*,
                                 omapi_object_t*,
                                 omapi_object_t*);
    isc_result_t (*lookup)(omapi_object_t**,
                           omapi_object_t*,
                           omapi_object_t*);
    isc_result_t (*create)(omapi_object_t**, omapi_object_t*);
    isc_result_t (*remove)(omapi_object_t*, omapi_object_t*);
    isc_result_t (*freer)(omapi_object_t*, const char*, int);
    isc_result_t (*allocator)(omapi_object_t**, const char*, int);
    isc_result_t (*sizer)(size_t);
    size_t size;
    int rc_flag;
    isc_result_t (*initialize)(omapi_object_t*, const char*, int);
};

/**
 * An authenticator: key name, full algorithm name, binary secret.
 */
struct auth_key {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    char *name;
    char *algorithm;
    omapi_data_string_t *key;
    dns_tsec_t *tsec_key;
};

/**
 * True or false, one byte.
 */
typedef bool isc_boolean_t;

/**
 * Result code of a `dhcpctl_*` function.
 */
typedef isc_result_t dhcpctl_status;

/**
 * Any object: a connection, an authenticator, a lease, host, group ...
 */
typedef omapi_object_t *dhcpctl_handle;

/**
 * Counted bytes.
 */
typedef omapi_data_string_t *dhcpctl_data_string;

/**
 * Attributes in the order in which they were first set.
 */
struct __omapi_generic_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    omapi_value_t **values;
    unsigned char *changed;
    int nvalues;
    int va_max;
};

struct __omapi_remote_auth {
    omapi_remote_auth_t *next;
    omapi_handle_t remote_handle;
    omapi_object_t *a;
};

struct __omapi_protocol_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    unsigned int header_size;
    unsigned int protocol_version;
    unsigned int next_xid;
    enum omapi_protocol_state_t state;
    int reading_message_values;
    omapi_message_object_t *message;
    omapi_data_string_t *name;
    omapi_typed_data_t *value;
    isc_result_t verify_result;
    omapi_remote_auth_t *default_auth;
    omapi_remote_auth_t *remote_auth_list;
    isc_boolean_t insecure;
    isc_result_t (*verify_auth)(omapi_object_t*, omapi_auth_key_t*);
};

struct __omapi_message_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    omapi_message_object_t *next;
    omapi_message_object_t *prev;
    omapi_object_t *object;
    omapi_object_t *notify_object;
    omapi_protocol_object_t *protocol_object;
    unsigned int authlen;
    omapi_typed_data_t *authenticator;
    unsigned int authid;
    omapi_object_t *id_object;
    unsigned int op;
    unsigned int h;
    unsigned int id;
    unsigned int rid;
};

/**
 * Innermost in the chain of an object that has a callback.
 */
struct dhcpctl_callback_object_t {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    omapi_object_t *object;
    void *data;
    void (*callback)(dhcpctl_handle, dhcpctl_status, void*);
};

/**
 * Stands for an object of the server.
 */
struct dhcpctl_remote_object_t {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    omapi_typed_data_t *rtype;
    isc_result_t waitstatus;
    omapi_typed_data_t *message;
    omapi_handle_t remote_handle;
};

struct __omapi_waiter_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    int ready;
    isc_result_t waitstatus;
    omapi_waiter_object_t *next;
};

struct __omapi_io_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    omapi_io_object_t *next;
    int (*readfd)(omapi_object_t*);
    int (*writefd)(omapi_object_t*);
    isc_result_t (*reader)(omapi_object_t*);
    isc_result_t (*writer)(omapi_object_t*);
    isc_result_t (*reaper)(omapi_object_t*);
    isc_socket_t *fd;
    isc_boolean_t closed;
};

/**
 * The fixed start of every message, in network byte order on the wire.
 */
struct omapi_protocol_header_t {
    unsigned int authlen;
    unsigned int authid;
    unsigned int op;
    omapi_handle_t handle;
    unsigned int id;
    unsigned int rid;
};

struct omapi_protocol_listener_object_t {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    isc_boolean_t insecure;
    isc_result_t (*verify_auth)(omapi_object_t*, omapi_auth_key_t*);
};

struct __omapi_connection_object {
    omapi_object_type_t *type;
    int refcnt;
    omapi_handle_t handle;
    omapi_object_t *outer;
    omapi_object_t *inner;
    int socket;
    int index;
    enum omapi_connection_state_t state;
    struct sockaddr_in remote_addr;
    struct sockaddr_in local_addr;
    omapi_addr_list_t *connect_list;
    int cptr;
    unsigned int bytes_needed;
    unsigned int in_bytes;
    omapi_buffer_t *inbufs;
    unsigned int out_bytes;
    omapi_buffer_t *outbufs;
    omapi_listener_object_t *listener;
    dst_key_t *in_key;
    void *in_context;
    dst_key_t *out_key;
    void *out_context;
};

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Makes an empty array whose entries are counted by `ref` and `deref`.
 * `*array` must be NULL before.
 */
isc_result_t omapi_array_allocate(omapi_array_t **array,
                                  omapi_array_ref_t ref,
                                  omapi_array_deref_t deref,
                                  const char *_file,
                                  int _line);

/**
 * Gives up all entries, frees the array and clears `*array`.
 */
isc_result_t omapi_array_free(omapi_array_t **array, const char *file, int line);

/**
 * Stores another reference to `ptr` behind the last entry; its index goes to
 * `*index` unless that is NULL.
 */
isc_result_t omapi_array_extend(omapi_array_t *array,
                                char *ptr,
                                int *index,
                                const char *file,
                                int line);

/**
 * Stores another reference to `ptr` at `index`; what was there is given up.
 */
isc_result_t omapi_array_set(omapi_array_t *array,
                             void *ptr,
                             int index,
                             const char *file,
                             int line);

/**
 * Stores a reference to the entry at `index` in `*ptr`, which must be NULL
 * before.
 *
 * Returns 0, DHCP_R_INVALIDARG outside the array, ISC_R_NOTFOUND for an empty
 * slot.
 */
isc_result_t omapi_array_lookup(char **ptr,
                                omapi_array_t *array,
                                int index,
                                const char *file,
                                int line);

/**
 * Makes a list of `count` zeroed addresses, in one block. `*d` must be NULL
 * before.
 */
isc_result_t omapi_addr_list_new(omapi_addr_list_t **d,
                                 unsigned int count,
                                 const char *_file,
                                 int _line);

/**
 * Stores another reference to `s` in `*r`, which must be NULL before.
 */
isc_result_t omapi_addr_list_reference(omapi_addr_list_t **r,
                                       omapi_addr_list_t *s,
                                       const char *_file,
                                       int _line);

/**
 * Gives up the reference in `*s` and clears it; the last one frees.
 */
isc_result_t omapi_addr_list_dereference(omapi_addr_list_t **s,
                                         const char *_file,
                                         int _line);

/**
 * Makes an authenticator whose members the program fills with memory of
 * dmalloc. `*o` must be NULL before.
 */
isc_result_t omapi_auth_key_new(omapi_auth_key_t **o,
                                const char *_file,
                                int _line);

/**
 * As omapi_auth_key_new.
 */
isc_result_t omapi_auth_key_allocate(omapi_auth_key_t **p,
                                     const char *file,
                                     int line);

/**
 * As omapi_object_reference, for an authenticator.
 */
isc_result_t omapi_auth_key_reference(omapi_auth_key_t **r,
                                      omapi_auth_key_t *a,
                                      const char *_file,
                                      int _line);

/**
 * As omapi_object_dereference, for an authenticator. Its secret is erased
 * with it.
 */
isc_result_t omapi_auth_key_dereference(omapi_auth_key_t **a,
                                        const char *file,
                                        int line);

/**
 * Enters an authenticator in the table, by its name; one of the same name is
 * replaced. The table holds a reference.
 */
isc_result_t omapi_auth_key_enter(omapi_auth_key_t *a);

/**
 * Stores a reference to the authenticator of that name (in any case) in `*a`,
 * which must be NULL before.
 *
 * Returns 0, or ISC_R_NOTFOUND.
 */
isc_result_t omapi_auth_key_lookup_name(omapi_auth_key_t **a, const char *name);

/**
 * `lookup` of the type: the authenticator whose name and algorithm `ref` has
 * as attributes.
 */
isc_result_t omapi_auth_key_lookup(omapi_object_t **h,
                                   omapi_object_t *_id,
                                   omapi_object_t *ref);

/**
 * `destroy` of the type: erases the secret, frees the members.
 */
isc_result_t omapi_auth_key_destroy(omapi_object_t *h, const char *file, int line);

/**
 * `get_value` of the type: "name", "algorithm", "key".
 */
isc_result_t omapi_auth_key_get_value(omapi_object_t *h,
                                      omapi_object_t *id,
                                      omapi_data_string_t *name,
                                      omapi_value_t **value);

/**
 * `stuff_values` of the type: sends name and algorithm, never the key.
 */
isc_result_t omapi_auth_key_stuff_values(omapi_object_t *c,
                                         omapi_object_t *id,
                                         omapi_object_t *h);

/**
 * Starts to connect `h`, an object of the program or a generic object: it
 * becomes a connection handle. Wait for it with omapi_wait_for_completion.
 *
 * Returns DHCP_R_INCOMPLETE when connecting has begun, otherwise why it failed.
 */
isc_result_t omapi_protocol_connect(omapi_object_t *h,
                                    const char *server_name,
                                    unsigned int port,
                                    omapi_object_t *authinfo);

/**
 * Starts to connect the protocol object `c`; other objects have no use for
 * the bytes of a connection, and get ISC_R_NOTIMPLEMENTED.
 *
 * Returns DHCP_R_INCOMPLETE when connecting has begun, otherwise why it failed.
 */
isc_result_t omapi_connect(omapi_object_t *c,
                           const char *server_name,
                           unsigned int port);

/**
 * As omapi_connect, for the addresses of a list, in turn. A local address is
 * not supported: `local_addr` must be NULL.
 */
isc_result_t omapi_connect_list(omapi_object_t *c,
                                omapi_addr_list_t *remote_addrs,
                                omapi_addr_t *local_addr);

/**
 * True when messages of the protocol object are signed.
 */
isc_boolean_t omapi_protocol_authenticated(omapi_object_t *h);

/**
 * Sends the message `mo` on the connection of the protocol object `po`.
 * `id` is NULL or the object whose handle goes with it, `omo` NULL or the
 * message that it answers. The answer goes into the message's "object", or
 * its result to the "notify-object"; wait for either of them.
 */
isc_result_t omapi_protocol_send_message(omapi_object_t *po,
                                         omapi_object_t *id,
                                         omapi_object_t *mo,
                                         omapi_object_t *omo);

/**
 * Sends an open for `object` of the server's type `type` on the connection of
 * the protocol object `po`, with OMAPI_CREATE, OMAPI_UPDATE, OMAPI_EXCL in
 * `flags`. Wait for `object`.
 */
isc_result_t omapi_protocol_send_open(omapi_object_t *po,
                                      omapi_object_t *id,
                                      const char *type,
                                      omapi_object_t *object,
                                      unsigned int flags);

/**
 * The descriptor to poll for reading: of a connection object (the outer of
 * the outer of a handle) or of a handle; -1 without a connection. For Kea it
 * stands for all the sockets and times of the connection, and is readable
 * also when there is something to send (Linux only, -1 elsewhere). It belongs
 * to the library: poll it, do not read from it or close it.
 */
int omapi_connection_readfd(omapi_object_t *h);

/**
 * The descriptor to poll for writing, or -1 while there is nothing to write;
 * always -1 for Kea.
 */
int omapi_connection_writefd(omapi_object_t *h);

/**
 * Takes in what the connection's descriptor has, without blocking: answers go
 * into their objects, callbacks run.
 *
 * Returns 0, or DHCP_R_CONNRESET when the connection is lost.
 */
isc_result_t omapi_connection_reader(omapi_object_t *h);

/**
 * Sends what the connection's descriptor takes, without blocking.
 *
 * Returns 0, or DHCP_R_CONNRESET when the connection is lost.
 */
isc_result_t omapi_connection_writer(omapi_object_t *h);

/**
 * Whether the connection still lives; a connection that was to be closed
 * after its output was sent is closed here.
 *
 * Returns 0, or ISC_R_NOTCONNECTED.
 */
isc_result_t omapi_connection_reaper(omapi_object_t *h);

/**
 * Makes a data string of `len` zero bytes with one reference. `*d` must be
 * NULL before.
 */
isc_result_t omapi_data_string_new(omapi_data_string_t **d,
                                   unsigned int len,
                                   const char *_file,
                                   int _line);

/**
 * Stores another reference to `s` in `*r`, which must be NULL before.
 */
isc_result_t omapi_data_string_reference(omapi_data_string_t **r,
                                         omapi_data_string_t *s,
                                         const char *_file,
                                         int _line);

/**
 * Gives up the reference in `*s` and clears it; the last one frees.
 */
isc_result_t omapi_data_string_dereference(omapi_data_string_t **s,
                                           const char *_file,
                                           int _line);

/**
 * Stores another reference to `t` in `*r`, which must be NULL before.
 */
isc_result_t omapi_typed_data_reference(omapi_typed_data_t **r,
                                        omapi_typed_data_t *t,
                                        const char *_file,
                                        int _line);

/**
 * Gives up the reference in `*t` and clears it; the last one frees, and gives
 * up the object that the datum holds.
 */
isc_result_t omapi_typed_data_dereference(omapi_typed_data_t **t,
                                          const char *_file,
                                          int _line);

/**
 * Compares two data strings: 0 when equal; else the sign of the first
 * difference, or of the lengths. NULL counts as empty.
 */
int omapi_data_string_cmp(omapi_data_string_t *s1, omapi_data_string_t *s2);

/**
 * Compares a data string with a C string, as omapi_data_string_cmp does.
 */
int omapi_ds_strcmp(omapi_data_string_t *s1, const char *s2);

/**
 * Compares a string or data datum with a C string; -1 for other types.
 */
int omapi_td_strcmp(omapi_typed_data_t *s1, const char *s2);

/**
 * As omapi_td_strcmp, without regard to the case of ASCII letters.
 */
int omapi_td_strcasecmp(omapi_typed_data_t *s1, const char *s2);

/**
 * The number of a datum: an integer (sign-extended), or four bytes of string
 * or data in network byte order (zero-extended).
 *
 * Returns 0, or DHCP_R_INVALIDARG for any other datum; `*v` is then untouched.
 */
isc_result_t omapi_get_int_value(unsigned long *v, omapi_typed_data_t *t);

/**
 * Prepares the library; the first call of every program. Calling it again
 * changes nothing but reads DHCPCTL_TIMEOUT anew. It touches neither signals
 * nor files.
 *
 * Returns 0.
 */
dhcpctl_status dhcpctl_initialize(void);

/**
 * Connects to a DHCP server: `*connection` becomes a handle, to be given back
 * with `dhcpctl_disconnect`. It must be NULL before and stays NULL on failure.
 *
 * `server_name` is a name or an IPv4 or IPv6 address, `port` usually 7911.
 * `authinfo` is NULL or an authenticator; all messages are signed then. The
 * environment variable DHCPCTL_TIMEOUT (seconds) limits the call.
 *
 * Returns 0, DHCP_R_HOSTUNKNOWN, ISC_R_CONNREFUSED or another reason of the
 * system, or the server's code when it does not accept the authenticator.
 */
dhcpctl_status dhcpctl_connect(dhcpctl_handle *connection,
                               const char *server_name,
                               int port,
                               dhcpctl_handle authinfo);

/**
 * As dhcpctl_connect, but gives up with ISC_R_TIMEDOUT when `t` (relative,
 * NULL for no limit) has passed. Looking up a name is not limited.
 */
dhcpctl_status dhcpctl_timed_connect(dhcpctl_handle *connection,
                                     const char *server_name,
                                     int port,
                                     dhcpctl_handle authinfo,
                                     struct timeval *t);

/**
 * Closes the connection and clears `*connection`. With `force` at once;
 * without, requests that are queued are sent first. Requests without answer
 * complete with DHCP_R_CONNRESET, and their callbacks run before it returns,
 * when the connection is closed by then.
 *
 * Returns 0, or DHCP_R_INVALIDARG (and keeps the handle) when it is not
 * connected.
 */
dhcpctl_status dhcpctl_disconnect(dhcpctl_handle *connection, int force);

/**
 * Makes a handle for an object of the server: a lease, host, group ... It
 * needs no connection. Give it back with `omapi_object_dereference`.
 *
 * Returns 0, or DHCP_R_INVALIDARG when `*h` is not NULL.
 */
dhcpctl_status dhcpctl_new_object(dhcpctl_handle *h,
                                  dhcpctl_handle _connection,
                                  const char *object_type);

/**
 * Makes an authenticator for `dhcpctl_connect`. `secret` is binary, not
 * base64. A short `algorithm` such as "hmac-sha256" is completed. What `*h`
 * held before is not looked at.
 */
dhcpctl_status dhcpctl_new_authenticator(dhcpctl_handle *h,
                                         const char *name,
                                         const char *algorithm,
                                         const unsigned char *secret,
                                         unsigned int secret_len);

/**
 * Queues a request to find the object that the attributes of `h` describe,
 * and with DHCPCTL_CREATE, DHCPCTL_UPDATE, DHCPCTL_EXCL in `flags` to make or
 * change it. Nothing is sent before the program waits or dispatches.
 *
 * Returns 0 when the request is queued; its result comes with the wait.
 */
dhcpctl_status dhcpctl_open_object(dhcpctl_handle h,
                                   dhcpctl_handle connection,
                                   int flags);

/**
 * Queues a request to change the server's object: sends the attributes that
 * were set.
 */
dhcpctl_status dhcpctl_object_update(dhcpctl_handle connection, dhcpctl_handle h);

/**
 * Queues a request for the present attributes of the server's object.
 */
dhcpctl_status dhcpctl_object_refresh(dhcpctl_handle connection, dhcpctl_handle h);

/**
 * Queues a request to remove the server's object.
 */
dhcpctl_status dhcpctl_object_remove(dhcpctl_handle connection, dhcpctl_handle h);

/**
 * Waits until a request of `h` is answered, and stores its result in
 * `*status`; without an answer, why there is none. A request that was
 * answered during another wait returns at once. The environment variable
 * DHCPCTL_TIMEOUT (seconds) limits the wait.
 *
 * Returns 0, DHCP_R_CONNRESET when the connection was lost, or ISC_R_NOMORE
 * when there is no request to wait for.
 */
dhcpctl_status dhcpctl_wait_for_completion(dhcpctl_handle h, dhcpctl_status *status);

/**
 * As dhcpctl_wait_for_completion, but returns ISC_R_TIMEDOUT when `t`
 * (relative, NULL for no limit) has passed. The request stays: a later wait
 * may still see its answer.
 */
dhcpctl_status dhcpctl_timed_wait_for_completion(dhcpctl_handle h,
                                                 dhcpctl_status *status,
                                                 struct timeval *t);

/**
 * Has `function` called with `h`, the result and `data` each time a request of
 * `h` completes: once for each, while the program waits or dispatches. A
 * second call replaces the function. It may call any function of the library.
 */
dhcpctl_status dhcpctl_set_callback(dhcpctl_handle h,
                                    void *data,
                                    void (*function)(dhcpctl_handle, dhcpctl_status, void*));

/**
 * Gets an attribute as bytes: a new data string in `*result`, which must be
 * NULL before. Integers are four bytes in network byte order.
 *
 * Returns 0, or ISC_R_NOTFOUND when there is no such attribute.
 */
dhcpctl_status dhcpctl_get_value(dhcpctl_data_string *result,
                                 dhcpctl_handle h,
                                 const char *value_name);

/**
 * Gets a four-byte attribute as a number, in the host's byte order. (A
 * boolean of the server is 0 or 1, but any number is returned as it is.)
 *
 * Returns 0, ISC_R_NOTFOUND, or ISC_R_UNEXPECTED for another length.
 */
dhcpctl_status dhcpctl_get_boolean(int *result, dhcpctl_handle h, const char *value_name);

/**
 * Sets an attribute to a copy of the bytes of `value`.
 */
dhcpctl_status dhcpctl_set_value(dhcpctl_handle h,
                                 dhcpctl_data_string value,
                                 const char *value_name);

/**
 * Sets an attribute to a copy of `len` bytes; `value` may be NULL when `len`
 * is 0.
 */
dhcpctl_status dhcpctl_set_data_value(dhcpctl_handle h,
                                      const char *value,
                                      unsigned int len,
                                      const char *value_name);

/**
 * Makes an attribute null: the server removes it with the next update.
 */
dhcpctl_status dhcpctl_set_null_value(dhcpctl_handle h, const char *value_name);

/**
 * Sets an attribute to a string, sent without its terminator.
 */
dhcpctl_status dhcpctl_set_string_value(dhcpctl_handle h,
                                        const char *value,
                                        const char *value_name);

/**
 * Sets an attribute to a number: the host's byte order here, four bytes in
 * network byte order when it is sent.
 */
dhcpctl_status dhcpctl_set_int_value(dhcpctl_handle h, int value, const char *value_name);

/**
 * As dhcpctl_set_int_value: the number is not reduced to 0 or 1.
 */
dhcpctl_status dhcpctl_set_boolean_value(dhcpctl_handle h,
                                         int value,
                                         const char *value_name);

/**
 * Gives up the reference in `*dsp` and clears it.
 */
isc_result_t dhcpctl_data_string_dereference(dhcpctl_data_string *dsp,
                                             const char *_file,
                                             int _line);

/**
 * Waits until a request of `object` is answered, at most until `t` (absolute,
 * NULL for no limit).
 *
 * Returns 0, ISC_R_TIMEDOUT, DHCP_R_CONNRESET, or ISC_R_NOMORE when there is
 * nothing to wait for. Without an object it serves everything, as
 * omapi_dispatch.
 */
isc_result_t omapi_wait_for_completion(omapi_object_t *o, struct timeval *t);

/**
 * Waits until any connection or registered descriptor is ready, at most until
 * `t` (absolute, NULL for no limit), and serves it: answers are taken in,
 * callbacks run.
 *
 * Returns 0, ISC_R_TIMEDOUT, or ISC_R_NOMORE when there is nothing to serve.
 */
isc_result_t omapi_one_dispatch(omapi_object_t *_wo, struct timeval *t);

/**
 * Serves all connections and registered descriptors until `t` (absolute, NULL
 * for no limit).
 *
 * Returns ISC_R_TIMEDOUT, or ISC_R_NOMORE when nothing is left to serve.
 */
isc_result_t omapi_dispatch(struct timeval *t);

/**
 * Closes the connection of the connection object `connection`: the `outer` of
 * the `outer` of a connection handle. See dhcpctl_disconnect.
 */
isc_result_t omapi_disconnect(omapi_object_t *connection, int force);

/**
 * Makes a generic object. `*gen` must be NULL before.
 */
isc_result_t omapi_generic_new(omapi_object_t **gen, const char *_file, int _line);

/**
 * As omapi_generic_new, with the type's own pointer.
 */
isc_result_t omapi_generic_allocate(omapi_generic_object_t **p,
                                    const char *file,
                                    int line);

/**
 * As omapi_object_reference.
 */
isc_result_t omapi_generic_reference(omapi_generic_object_t **p,
                                     omapi_generic_object_t *a,
                                     const char *_file,
                                     int _line);

/**
 * As omapi_object_dereference.
 */
isc_result_t omapi_generic_dereference(omapi_generic_object_t **p,
                                       const char *file,
                                       int line);

/**
 * Says that all attributes are sent: flags are cleared, null values dropped.
 */
isc_result_t omapi_generic_clear_flags(omapi_object_t *o);

/**
 * `set_value` of the type: replaces in place, or appends.
 */
isc_result_t omapi_generic_set_value(omapi_object_t *h,
                                     omapi_object_t *id,
                                     omapi_data_string_t *name,
                                     omapi_typed_data_t *value);

/**
 * `get_value` of the type; what it has not, its inner objects may have.
 */
isc_result_t omapi_generic_get_value(omapi_object_t *h,
                                     omapi_object_t *id,
                                     omapi_data_string_t *name,
                                     omapi_value_t **value);

/**
 * `destroy` of the type: drops all attributes.
 */
isc_result_t omapi_generic_destroy(omapi_object_t *h, const char *file, int line);

/**
 * `signal_handler` of the type: passes signals inward.
 */
isc_result_t omapi_generic_signal_handler(omapi_object_t *h,
                                          const char *name,
                                          va_list ap);

/**
 * `stuff_values` of the type: sends the attributes that were set.
 */
isc_result_t omapi_generic_stuff_values(omapi_object_t *c,
                                        omapi_object_t *id,
                                        omapi_object_t *h);

/**
 * Stores the handle of `o` in `*h`: a new one, unless it has one. Handles
 * count from 1 and are not used again.
 */
isc_result_t omapi_object_handle(omapi_handle_t *h, omapi_object_t *o);

/**
 * Stores a reference to the object with that handle in `*o`, which must be
 * NULL before.
 *
 * Returns 0, or ISC_R_NOTFOUND.
 */
isc_result_t omapi_handle_lookup(omapi_object_t **o, omapi_handle_t h);

/**
 * As omapi_handle_lookup, for an integer or four bytes of data (not string)
 * in network byte order.
 */
isc_result_t omapi_handle_td_lookup(omapi_object_t **o,
                                    omapi_typed_data_t *h);

/**
 * Takes the object with that handle out of the table: it has none then.
 */
isc_result_t omapi_handle_clear(omapi_handle_t h);

/**
 * `set_value` of the type: "remote-handle" sets the handle; the inner objects have the attributes.
 */
isc_result_t dhcpctl_remote_set_value(omapi_object_t *h,
                                      omapi_object_t *id,
                                      omapi_data_string_t *name,
                                      omapi_typed_data_t *value);

/**
 * `get_value` of the type: the inner objects have the attributes.
 */
isc_result_t dhcpctl_remote_get_value(omapi_object_t *h,
                                      omapi_object_t *id,
                                      omapi_data_string_t *name,
                                      omapi_value_t **value);

/**
 * `signal_handler` of the type: "updated" and "status" end a request, the inner objects hear "ready".
 */
isc_result_t dhcpctl_remote_signal_handler(omapi_object_t *h,
                                           const char *name,
                                           va_list ap);

/**
 * `destroy` of the type.
 */
isc_result_t dhcpctl_remote_destroy(omapi_object_t *h, const char *file, int line);

/**
 * `stuff_values` of the type: the inner objects have the attributes.
 */
isc_result_t dhcpctl_remote_stuff_values(omapi_object_t *c,
                                         omapi_object_t *id,
                                         omapi_object_t *h);

/**
 * `set_value` of the type: nothing is its own.
 */
isc_result_t dhcpctl_callback_set_value(omapi_object_t *h,
                                        omapi_object_t *id,
                                        omapi_data_string_t *name,
                                        omapi_typed_data_t *value);

/**
 * `get_value` of the type: nothing is its own.
 */
isc_result_t dhcpctl_callback_get_value(omapi_object_t *h,
                                        omapi_object_t *id,
                                        omapi_data_string_t *name,
                                        omapi_value_t **value);

/**
 * `signal_handler` of the type: "ready" calls the function.
 */
isc_result_t dhcpctl_callback_signal_handler(omapi_object_t *h,
                                             const char *name,
                                             va_list ap);

/**
 * `destroy` of the type.
 */
isc_result_t dhcpctl_callback_destroy(omapi_object_t *h,
                                      const char *file,
                                      int line);

/**
 * `stuff_values` of the type: nothing is its own.
 */
isc_result_t dhcpctl_callback_stuff_values(omapi_object_t *c,
                                           omapi_object_t *id,
                                           omapi_object_t *h);

/**
 * Has waits and dispatches serve descriptors of `h`: `readfd` and `writefd`
 * return them (-1 for none at the moment), `reader` and `writer` are called
 * when they are ready; then `reaper`, which ends the registration by a result
 * other than 0. All are called with `h`; any may be NULL.
 */
isc_result_t omapi_register_io_object(omapi_object_t *h,
                                      int (*readfd)(omapi_object_t*),
                                      int (*writefd)(omapi_object_t*),
                                      isc_result_t (*reader)(omapi_object_t*),
                                      isc_result_t (*writer)(omapi_object_t*),
                                      isc_result_t (*reaper)(omapi_object_t*));

/**
 * Replaces the functions of a registered object; registers any other.
 */
isc_result_t omapi_reregister_io_object(omapi_object_t *h,
                                        int (*readfd)(omapi_object_t*),
                                        int (*writefd)(omapi_object_t*),
                                        isc_result_t (*reader)(omapi_object_t*),
                                        isc_result_t (*writer)(omapi_object_t*),
                                        isc_result_t (*reaper)(omapi_object_t*));

/**
 * Ends the registration of `h`.
 */
isc_result_t omapi_unregister_io_object(omapi_object_t *h);

/**
 * Calls `func` with every connection object, every registered object, and
 * `p`, until it returns something other than 0.
 */
isc_result_t omapi_io_state_foreach(isc_result_t (*func)(omapi_object_t*, void*),
                                    void *p);

/**
 * Addition, not in ISC's library. Sends `command` to a Kea server and waits
 * for its answer. `arguments_json` is NULL or the command's arguments in
 * JSON: a map or a list. When Kea answers, `*reply` (unless `reply` is NULL;
 * it must hold NULL before) becomes a new data string with the whole answer
 * in JSON, whatever the result.
 *
 * For waits of one's own and callbacks, do the same with an object: make it
 * with dhcpctl_new_object(&h, connection, "kea-command"), set "command" and
 * "arguments", open it with dhcpctl_open_object; when it has completed it has
 * the values "result", "text" and "reply".
 *
 * Returns by Kea's result: 0; ISC_R_FAILURE for 1 and unknown ones,
 * ISC_R_NOTIMPLEMENTED for 2, ISC_R_NOTFOUND for 3, ISC_R_EXISTS for 4,
 * ISC_R_IOERROR for 5. Without an answer: DHCP_R_INVALIDARG when the
 * arguments are no JSON, ISC_R_NOTIMPLEMENTED when the connection is to no
 * Kea, ISC_R_CONNREFUSED, DHCP_R_CONNRESET and others; `*reply` is NULL then.
 */
dhcpctl_status dhcpctl_kea_command(dhcpctl_handle connection,
                                   const char *command,
                                   const char *arguments_json,
                                   dhcpctl_data_string *reply);

/**
 * Addition, not in ISC's library; Kea servers only. Queues a request for the
 * object behind the one that `h` holds: the lease with the next higher
 * address, or the next host. A new `h` of the type "lease" or "host" gets the
 * first. Attributes that the object does not have become null. Wait for `h`
 * or use a callback, as with dhcpctl_open_object.
 *
 * Returns 0 when the request is queued. It completes with ISC_R_NOMORE behind
 * the last object, and with ISC_R_NOTIMPLEMENTED for other types or over
 * OMAPI, which has no such request. Objects that come or go meanwhile may be
 * missed or not.
 */
dhcpctl_status dhcpctl_next_object(dhcpctl_handle connection, dhcpctl_handle h);

/**
 * Makes a value that shares `name` and `value`; NULL is the null value.
 */
isc_result_t omapi_make_value(omapi_value_t **vp,
                              omapi_data_string_t *name,
                              omapi_typed_data_t *value,
                              const char *_file,
                              int _line);

/**
 * Makes a value with a copy of `len` bytes; NULL is the null value.
 */
isc_result_t omapi_make_const_value(omapi_value_t **vp,
                                    omapi_data_string_t *name,
                                    const unsigned char *value,
                                    unsigned int len,
                                    const char *_file,
                                    int _line);

/**
 * Makes a value with a copy of a string; NULL is the null value.
 */
isc_result_t omapi_make_string_value(omapi_value_t **vp,
                                     omapi_data_string_t *name,
                                     const char *value,
                                     const char *_file,
                                     int _line);

/**
 * Makes a value with a number.
 */
isc_result_t omapi_make_int_value(omapi_value_t **vp,
                                  omapi_data_string_t *name,
                                  int value,
                                  const char *_file,
                                  int _line);

/**
 * Makes a value with a number.
 */
isc_result_t omapi_make_uint_value(omapi_value_t **vp,
                                   omapi_data_string_t *name,
                                   unsigned int value,
                                   const char *_file,
                                   int _line);

/**
 * Makes a value with a reference on an object; NULL is the null value.
 */
isc_result_t omapi_make_object_value(omapi_value_t **vp,
                                     omapi_data_string_t *name,
                                     omapi_object_t *value,
                                     const char *_file,
                                     int _line);

/**
 * Makes a value with the local handle of an object; NULL is the null value.
 */
isc_result_t omapi_make_handle_value(omapi_value_t **vp,
                                     omapi_data_string_t *name,
                                     omapi_object_t *value,
                                     const char *_file,
                                     int _line);

/**
 * Sets an attribute to a number.
 */
isc_result_t omapi_set_int_value(omapi_object_t *h,
                                 omapi_object_t *id,
                                 const char *name,
                                 int value);

/**
 * Sets an attribute to a number; it is not reduced to 0 or 1.
 */
isc_result_t omapi_set_boolean_value(omapi_object_t *h,
                                     omapi_object_t *id,
                                     const char *name,
                                     int value);

/**
 * Sets an attribute to a copy of a string, or to null for NULL.
 */
isc_result_t omapi_set_string_value(omapi_object_t *h,
                                    omapi_object_t *id,
                                    const char *name,
                                    const char *value);

/**
 * Sets an attribute to a reference on an object.
 */
isc_result_t omapi_set_object_value(omapi_object_t *h,
                                    omapi_object_t *id,
                                    const char *name,
                                    omapi_object_t *value);

/**
 * Allocates `size` zero bytes; NULL when there are none. File and line are
 * not looked at.
 */
void *dmalloc(size_t size, const char *_file, int _line);

/**
 * Frees a block of dmalloc or malloc; NULL is fine.
 */
void dfree(void *ptr, const char *_file, int _line);

/**
 * Makes a message with room for message values. `*o` must be NULL before.
 */
isc_result_t omapi_message_new(omapi_object_t **o, const char *_file, int _line);

/**
 * Makes a message without room for message values. `*p` must be NULL before.
 */
isc_result_t omapi_message_allocate(omapi_message_object_t **p,
                                    const char *_file,
                                    int _line);

/**
 * As omapi_object_reference.
 */
isc_result_t omapi_message_reference(omapi_message_object_t **p,
                                     omapi_message_object_t *m,
                                     const char *_file,
                                     int _line);

/**
 * As omapi_object_dereference.
 */
isc_result_t omapi_message_dereference(omapi_message_object_t **p,
                                       const char *file,
                                       int line);

/**
 * Says that the program expects an answer to the message. The library holds a
 * reference until the answer is there, or omapi_message_unregister.
 */
isc_result_t omapi_message_register(omapi_object_t *mo);

/**
 * Undoes omapi_message_register.
 */
isc_result_t omapi_message_unregister(omapi_object_t *mo);

/**
 * `set_value` of the type: "op", "handle", "id", "rid", "authid" are numbers
 * of the header, "object", "notify-object" the objects that it is about;
 * every other name is a message value.
 */
isc_result_t omapi_message_set_value(omapi_object_t *h,
                                     omapi_object_t *id,
                                     omapi_data_string_t *name,
                                     omapi_typed_data_t *value);

/**
 * `get_value` of the type.
 */
isc_result_t omapi_message_get_value(omapi_object_t *h,
                                     omapi_object_t *id,
                                     omapi_data_string_t *name,
                                     omapi_value_t **value);

/**
 * Registers the types of the library, as dhcpctl_initialize does.
 */
isc_result_t omapi_init(void);

/**
 * Stores another reference to `h` in `*r`, which must be NULL before.
 */
isc_result_t omapi_object_reference(omapi_object_t **r,
                                    omapi_object_t *h,
                                    const char *_file,
                                    int _line);

/**
 * Gives up the reference in `*h` and clears it. The last one from outside its
 * chain frees the object and what is linked to it.
 */
isc_result_t omapi_object_dereference(omapi_object_t **h,
                                      const char *file,
                                      int line);

/**
 * Makes an object of a registered type, zeroed but for the common members,
 * with one reference. `*o` must be NULL before. The block has the size of the
 * type, or what its `sizer` makes of `size`; an `allocator` of the type is
 * asked first.
 *
 * Returns 0, ISC_R_NOMEMORY, what the type's functions return, or
 * DHCP_R_INVALIDARG for a type that is too small for an object.
 */
isc_result_t omapi_object_allocate(omapi_object_t **o,
                                   omapi_object_type_t *type,
                                   size_t size,
                                   const char *file,
                                   int line);

/**
 * Prepares memory of the program as an object of a registered type: zeroes
 * `psize` bytes, sets the type, calls its `initialize`. There are no
 * references yet. `usize` is not looked at. Returns DHCP_R_INVALIDARG when the
 * type's objects have more bytes, and for types of this library that need
 * their own allocation.
 */
isc_result_t omapi_object_initialize(omapi_object_t *o,
                                     omapi_object_type_t *type,
                                     size_t _usize,
                                     size_t psize,
                                     const char *file,
                                     int line);

/**
 * Has the type make an object: its `create` handler.
 *
 * Returns what that returns, or ISC_R_NOTIMPLEMENTED.
 */
isc_result_t omapi_object_create(omapi_object_t **obj,
                                 omapi_object_t *id,
                                 omapi_object_type_t *type);

/**
 * Sets all attributes of the generic object `src` on `obj`, then its handle,
 * and signals "updated".
 *
 * Returns 0, the first failure, or ISC_R_NOTIMPLEMENTED when `src` is not a
 * generic object.
 */
isc_result_t omapi_object_update(omapi_object_t *obj,
                                 omapi_object_t *id,
                                 omapi_object_t *src,
                                 omapi_handle_t handle);

/**
 * Registers a type with its handlers, any of which may be NULL. The type goes
 * to `*type` unless that is NULL; it lives as long as the program.
 */
isc_result_t omapi_object_type_register(omapi_object_type_t **type,
                                        const char *name,
                                        isc_result_t (*set_value)(omapi_object_t*,
                                                                  omapi_object_t*,
                                                                  omapi_data_string_t*,
                                                                  omapi_typed_data_t*),
                                        isc_result_t (*get_value)(omapi_object_t*,
                                                                  omapi_object_t*,
                                                                  omapi_data_string_t*,
                                                                  omapi_value_t**),
                                        isc_result_t (*destroy)(omapi_object_t*,
                                                                const char*,
                                                                int),
                                        isc_result_t (*signal_handler)(omapi_object_t*,
                                                                       const char*,
                                                                       va_list),
                                        isc_result_t (*stuff_values)(omapi_object_t*,
                                                                     omapi_object_t*,
                                                                     omapi_object_t*),
                                        isc_result_t (*lookup)(omapi_object_t**,
                                                               omapi_object_t*,
                                                               omapi_object_t*),
                                        isc_result_t (*create)(omapi_object_t**,
                                                               omapi_object_t*),
                                        isc_result_t (*remove)(omapi_object_t*,
                                                               omapi_object_t*),
                                        isc_result_t (*freer)(omapi_object_t*,
                                                              const char*,
                                                              int),
                                        isc_result_t (*allocator)(omapi_object_t**,
                                                                  const char*,
                                                                  int),
                                        isc_result_t (*sizer)(size_t),
                                        size_t size,
                                        isc_result_t (*initialize)(omapi_object_t*,
                                                                   const char*,
                                                                   int),
                                        int rc_flag);

/**
 * Has the chain of `o` append its attributes to the message that is being
 * sent: for `stuff_values` handlers of a program's own types.
 */
isc_result_t omapi_stuff_values(omapi_object_t *c,
                                omapi_object_t *id,
                                omapi_object_t *o);

/**
 * The text of a result code, never NULL. It needs no initialisation and is
 * not to be freed.
 */
const char *isc_result_totext(isc_result_t result);

/**
 * The C name of a result code, such as "ISC_R_SUCCESS"; never NULL.
 */
const char *isc_result_toid(isc_result_t result);

/**
 * Registers texts for the codes from `base` on; they live as long as the
 * program. `msgcat` and `set` are not looked at.
 */
isc_result_t isc_result_register(unsigned int base,
                                 unsigned int nresults,
                                 const char **text,
                                 isc_msgcat_t *_msgcat,
                                 int _set);

/**
 * Makes a value without name and content. `*v` must be NULL before.
 */
isc_result_t omapi_value_new(omapi_value_t **v, const char *_file, int _line);

/**
 * Stores another reference to `v` in `*r`, which must be NULL before.
 */
isc_result_t omapi_value_reference(omapi_value_t **r,
                                   omapi_value_t *v,
                                   const char *_file,
                                   int _line);

/**
 * Gives up the reference in `*v` and clears it; the last one frees name and
 * content too.
 */
isc_result_t omapi_value_dereference(omapi_value_t **v,
                                     const char *_file,
                                     int _line);

/**
 * Sets an attribute of `h` to `value` (shared, not copied), or to null when
 * it is NULL. The outermost object of the chain is asked first.
 */
isc_result_t omapi_set_value(omapi_object_t *h,
                             omapi_object_t *id,
                             omapi_data_string_t *name,
                             omapi_typed_data_t *value);

/**
 * As omapi_set_value, with a C string as name.
 */
isc_result_t omapi_set_value_str(omapi_object_t *h,
                                 omapi_object_t *id,
                                 const char *name,
                                 omapi_typed_data_t *value);

/**
 * Gets an attribute of `h`: a reference in `*value`, which must be NULL
 * before.
 *
 * Returns 0, or ISC_R_NOTFOUND.
 */
isc_result_t omapi_get_value(omapi_object_t *h,
                             omapi_object_t *id,
                             omapi_data_string_t *name,
                             omapi_value_t **value);

/**
 * As omapi_get_value, with a C string as name.
 */
isc_result_t omapi_get_value_str(omapi_object_t *h,
                                 omapi_object_t *id,
                                 const char *name,
                                 omapi_value_t **value);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#ifdef __cplusplus
extern "C" {
#endif

/* Functions with variable arguments. */

/**
 * Makes a typed datum; file and line come first. The further argument depends
 * on the type: int an `int`; string a `const char *`, copied without its NUL;
 * data an `unsigned`, the length, for the caller to fill in; object an
 * `omapi_object_t *`, which gets one more reference.
 */
isc_result_t omapi_typed_data_new(const char *file, int line, omapi_typed_data_t **t,
                                  omapi_datatype_t type, ...);

/**
 * Sends a signal along the object's chain, outermost first. Its arguments go
 * to the handlers as a `va_list`.
 */
isc_result_t omapi_signal(omapi_object_t *h, const char *name, ...);

/**
 * Sends a signal inward: to this object's handler, and on from there.
 */
isc_result_t omapi_signal_in(omapi_object_t *h, const char *name, ...);

/* The registered kinds of objects. */

/** Stands for an object of the server. */
extern omapi_object_type_t *dhcpctl_remote_type;
/** Carries a program's callback. */
extern omapi_object_type_t *dhcpctl_callback_type;
/** Every registered type, newest first, linked by `next`. */
extern omapi_object_type_t *omapi_object_types;
extern omapi_object_type_t *omapi_type_auth_key;
extern omapi_object_type_t *omapi_type_connection;
extern omapi_object_type_t *omapi_type_generic;
extern omapi_object_type_t *omapi_type_io_object;
extern omapi_object_type_t *omapi_type_listener;
extern omapi_object_type_t *omapi_type_message;
extern omapi_object_type_t *omapi_type_protocol;
extern omapi_object_type_t *omapi_type_protocol_listener;
/** Always NULL, as it always was. */
extern omapi_object_type_t *omapi_type_remote;
extern omapi_object_type_t *omapi_type_waiter;

#ifdef __cplusplus
}
#endif

/* For any function that takes a file and a line. Neither is looked at. */
#define MDL __FILE__, __LINE__
#define dhcpctl_null_handle ((dhcpctl_handle) 0)
#define isc_boolean_true true
#define isc_boolean_false false
#define ISC_TRUE isc_boolean_true
#define ISC_FALSE isc_boolean_false

/* Result classes: the upper half of a code. */
#define ISC_RESULTCLASS_FROMNUM(number) ((isc_result_t) (number) << 16)
#define ISC_RESULTCLASS_TONUM(class_code) ((class_code) >> 16)
#define ISC_RESULTCLASS_INCLASS(class_code, result) \
    (((result) & 0xffff0000U) == (isc_result_t) (class_code))

/* Lengths of the blocks behind these structs: shorter or longer than sizeof.
 * NOBUFFER and EMPTY: without the bytes. */
#define OMAPI_DATA_STRING_EMPTY_SIZE (sizeof(int) + sizeof(unsigned))
#define OMAPI_TYPED_DATA_NOBUFFER_LEN \
    (sizeof(int) + sizeof(omapi_datatype_t) + sizeof(unsigned))
#define OMAPI_TYPED_DATA_INT_LEN \
    (sizeof(int) + sizeof(omapi_datatype_t) + sizeof(int))
#define OMAPI_TYPED_DATA_OBJECT_LEN \
    (sizeof(int) + sizeof(omapi_datatype_t) + sizeof(omapi_object_t *))
#define OMAPI_TYPED_DATA_REF_LEN \
    (sizeof(int) + sizeof(omapi_datatype_t) + 3 * sizeof(void *))

/* First in a program's own kind of object:
 *     typedef struct { OMAPI_OBJECT_PREAMBLE; int mine; } my_object_t; */
#define OMAPI_OBJECT_PREAMBLE \
    omapi_object_type_t *type; \
    int refcnt; \
    omapi_handle_t handle; \
    omapi_object_t *outer; \
    omapi_object_t *inner

/* NAME_allocate, NAME_reference and NAME_dereference for such an object. `type`
 * is the variable that omapi_object_type_register filled in. */
#define OMAPI_OBJECT_ALLOC_DECL(name, stype, type) \
    isc_result_t name##_allocate(stype **object, const char *file, int line); \
    isc_result_t name##_reference(stype **copy, stype *object, const char *file, int line); \
    isc_result_t name##_dereference(stype **object, const char *file, int line);

#define OMAPI_OBJECT_ALLOC(name, stype, type) \
    isc_result_t name##_allocate(stype **object, const char *file, int line) { \
        return omapi_object_allocate((omapi_object_t **) object, type, 0, file, line); \
    } \
    isc_result_t name##_reference(stype **copy, stype *object, const char *file, int line) { \
        return omapi_object_reference((omapi_object_t **) copy, (omapi_object_t *) object, \
                                      file, line); \
    } \
    isc_result_t name##_dereference(stype **object, const char *file, int line) { \
        return omapi_object_dereference((omapi_object_t **) object, file, line); \
    }

/* An array of such objects: NAME_array_allocate, _free, _extend, _set, _lookup. */
#define OMAPI_ARRAY_TYPE_DECL(name, stype) \
    isc_result_t name##_array_allocate(omapi_array_t **array, const char *file, int line); \
    isc_result_t name##_array_free(omapi_array_t **array, const char *file, int line); \
    isc_result_t name##_array_extend(omapi_array_t *array, stype *item, int *position, \
                                     const char *file, int line); \
    isc_result_t name##_array_set(omapi_array_t *array, stype *item, int position, \
                                  const char *file, int line); \
    isc_result_t name##_array_lookup(stype **item, omapi_array_t *array, int position, \
                                     const char *file, int line)

#define OMAPI_ARRAY_TYPE(name, stype) \
    isc_result_t name##_array_allocate(omapi_array_t **array, const char *file, int line) { \
        return omapi_array_allocate(array, (omapi_array_ref_t) name##_reference, \
                                    (omapi_array_deref_t) name##_dereference, file, line); \
    } \
    isc_result_t name##_array_free(omapi_array_t **array, const char *file, int line) { \
        return omapi_array_free(array, file, line); \
    } \
    isc_result_t name##_array_extend(omapi_array_t *array, stype *item, int *position, \
                                     const char *file, int line) { \
        return omapi_array_extend(array, (char *) item, position, file, line); \
    } \
    isc_result_t name##_array_set(omapi_array_t *array, stype *item, int position, \
                                  const char *file, int line) { \
        return omapi_array_set(array, (void *) item, position, file, line); \
    } \
    isc_result_t name##_array_lookup(stype **item, omapi_array_t *array, int position, \
                                     const char *file, int line) { \
        return omapi_array_lookup((char **) item, array, position, file, line); \
    }

/* Each entry of an array in turn, with a reference held meanwhile:
 *     omapi_array_foreach_begin(array, my_object_t, var) { ... }
 *     omapi_array_foreach_end(array, my_object_t, var) */
#define omapi_array_foreach_begin(array, stype, var) \
    { \
        int omapi_array_foreach_index; \
        stype *var = (stype *) 0; \
        for (omapi_array_foreach_index = 0; \
             (array) && omapi_array_foreach_index < (array)->count; \
             omapi_array_foreach_index++) { \
            if ((array)->data[omapi_array_foreach_index]) { \
                (*(array)->ref)((char **) &var, (array)->data[omapi_array_foreach_index], MDL);
#define omapi_array_foreach_end(array, stype, var) \
                (*(array)->deref)((char **) &var, MDL); \
            } \
        } \
    }

/* There is no memory debugging to tell about a block's new owner. */
#define dmalloc_reuse(block, file, line, referenced)

/* Kinds of objects for the history of references, which is not kept: the last
 * argument of omapi_object_type_register. */
#define RC_LEASE 1
#define RC_MISC 2

#ifndef ISC_LANG_BEGINDECLS
#ifdef __cplusplus
#define ISC_LANG_BEGINDECLS extern "C" {
#define ISC_LANG_ENDDECLS }
#else
#define ISC_LANG_BEGINDECLS
#define ISC_LANG_ENDDECLS
#endif
#endif

/* The names that the DHCP codes had in older releases. */
#ifdef INCLUDE_OLD_DHCP_ISC_ERROR_CODES
#define ISC_R_HOSTUNKNOWN DHCP_R_HOSTUNKNOWN
#define ISC_R_VERSIONMISMATCH DHCP_R_VERSIONMISMATCH
#define ISC_R_PROTOCOLERROR DHCP_R_PROTOCOLERROR
#define ISC_R_INVALIDARG DHCP_R_INVALIDARG
#define ISC_R_NOTYET DHCP_R_NOTYET
#define ISC_R_UNCHANGED DHCP_R_UNCHANGED
#define ISC_R_KEYCONFLICT DHCP_R_KEYCONFLICT
#define ISC_R_BADPARSE DHCP_R_BADPARSE
#define ISC_R_NOKEYS DHCP_R_NOKEYS
#define ISC_R_KEY_UNKNOWN DHCP_R_KEY_UNKNOWN
#define ISC_R_INVALIDKEY DHCP_R_INVALIDKEY
#define ISC_R_INCOMPLETE DHCP_R_INCOMPLETE
#define ISC_R_FORMERR DHCP_R_FORMERR
#define ISC_R_SERVFAIL DHCP_R_SERVFAIL
#define ISC_R_NXDOMAIN DHCP_R_NXDOMAIN
#define ISC_R_NOTIMPL DHCP_R_NOTIMPL
#define ISC_R_REFUSED DHCP_R_REFUSED
#define ISC_R_YXDOMAIN DHCP_R_YXDOMAIN
#define ISC_R_YXRRSET DHCP_R_YXRRSET
#define ISC_R_NXRRSET DHCP_R_NXRRSET
#define ISC_R_NOTAUTH DHCP_R_NOTAUTH
#define ISC_R_NOTZONE DHCP_R_NOTZONE
#define ISC_R_BADSIG DHCP_R_BADSIG
#define ISC_R_BADKEY DHCP_R_BADKEY
#define ISC_R_BADTIME DHCP_R_BADTIME
#define ISC_R_NOROOTZONE DHCP_R_NOROOTZONE
#define ISC_R_DESTADDRREQ DHCP_R_DESTADDRREQ
#define ISC_R_CROSSZONE DHCP_R_CROSSZONE
#define ISC_R_NO_TSIG DHCP_R_NO_TSIG
#define ISC_R_NOT_EQUAL DHCP_R_NOT_EQUAL
#define ISC_R_CONNRESET DHCP_R_CONNRESET
#define ISC_R_UNKNOWNATTRIBUTE DHCP_R_UNKNOWNATTRIBUTE
#endif

#endif /* DHCPCTL_H */
