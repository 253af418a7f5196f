/* servers: none; under: valgrind */
/* Authenticators as objects, and the table that a program may enter them in. */

#include "client.h"

#include <omapip/omapip_p.h>

static const char full_name[] = "hmac-md5.SIG-ALG.REG.INT.";
static unsigned char secret[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static omapi_auth_key_t *new_key(const char *name)
{
    omapi_object_t *key = NULL;

    if (dhcpctl_new_authenticator(&key, name, "hmac-md5", secret, sizeof secret) || !key)
        tap_bail("no authenticator");
    return (omapi_auth_key_t *) key;
}

static void as_an_object(void)
{
    omapi_auth_key_t *key = new_key("first");
    omapi_auth_key_t *same = NULL;
    omapi_object_t *h = (omapi_object_t *) key;
    omapi_value_t *value = NULL;

    ok(key->type == omapi_type_auth_key, "of its type");
    ok(strcmp(key->name, "first") == 0, "its name");
    ok(strcmp(key->algorithm, full_name) == 0, "its algorithm, with what every algorithm ends in");
    ok(key->key && key->key->len == sizeof secret && !memcmp(key->key->value, secret, 16),
       "its secret");
    ok(!key->tsec_key, "nothing of BIND's");
    is(omapi_auth_key_reference(&same, key, MDL), 0, "another reference");
    is(key->refcnt, 2, "counted");
    is(omapi_auth_key_dereference(&same, MDL), 0, "dropped");

    is(omapi_get_value_str(h, NULL, "name", &value), 0, "get its name");
    is(omapi_td_strcmp(value ? value->value : NULL, "first"), 0, "right");
    omapi_value_dereference(&value, MDL);
    is(omapi_get_value_str(h, NULL, "algorithm", &value), 0, "get its algorithm");
    is(omapi_td_strcmp(value ? value->value : NULL, full_name), 0, "right");
    omapi_value_dereference(&value, MDL);
    is(omapi_get_value_str(h, NULL, "key", &value), 0, "get its secret");
    is(value ? value->value->u.buffer.len : 0, sizeof secret, "right");
    omapi_value_dereference(&value, MDL);
    is(omapi_set_int_value(h, NULL, "name", 1), ISC_R_NOTFOUND, "nothing can be set");
    drop(&h);
}

static void made_by_hand(void)
{
    omapi_auth_key_t *key = NULL;
    omapi_auth_key_t *other = NULL;

    is(omapi_auth_key_new(&key, MDL), 0, "an empty authenticator");
    if (!key)
        tap_bail("no authenticator");
    ok(!key->name && !key->algorithm && !key->key, "has nothing");
    is(omapi_auth_key_new(&key, MDL), DHCP_R_INVALIDARG, "a used pointer");
    key->name = (char *) dmalloc(10, MDL);
    key->algorithm = (char *) dmalloc(sizeof full_name, MDL);
    strcpy(key->name, "by-hand");
    strcpy(key->algorithm, full_name);
    omapi_data_string_new(&key->key, sizeof secret, MDL);
    memcpy(key->key->value, secret, sizeof secret);
    is(omapi_auth_key_enter(key), 0, "filled in and entered");
    is(omapi_auth_key_lookup_name(&other, "by-hand"), 0, "found by its name");
    ok(other == key, "the same one");
    omapi_auth_key_dereference(&other, MDL);
    omapi_auth_key_dereference(&key, MDL);
    is(omapi_auth_key_lookup_name(&key, "by-hand"), 0, "the table keeps it");
    is(omapi_auth_key_dereference(&key, MDL), 0, "drop it");

    is(omapi_auth_key_allocate(&key, MDL), 0, "allocate one");
    is(omapi_auth_key_dereference(&key, MDL), 0, "and drop it");
}

/* `get_value` of a type of ours: every attribute is there, and is null. */
static isc_result_t all_null(omapi_object_t *h, omapi_object_t *id, omapi_data_string_t *name,
                             omapi_value_t **value)
{
    (void) h;
    (void) id;
    return omapi_make_value(value, name, NULL, MDL);
}

static void like_an_object_of_ours(void)
{
    omapi_object_type_t *type = NULL;
    omapi_object_t *like = NULL;
    omapi_object_t *found = NULL;

    omapi_object_type_register(&type, "all-null", NULL, all_null, NULL, NULL, NULL, NULL, NULL,
                               NULL, NULL, NULL, NULL, sizeof(omapi_object_t), NULL, RC_MISC);
    is(omapi_object_allocate(&like, type, 0, MDL), 0, "an object of ours");
    is(omapi_auth_key_lookup(&found, NULL, like), DHCP_R_INVALIDARG, "a null name is no name");
    ok(!found, "and nothing is found");
    drop(&like);
}

static void the_table(void)
{
    omapi_auth_key_t *key = new_key("second");
    omapi_auth_key_t *found = NULL;
    omapi_object_t *object = NULL;
    omapi_object_t *like = NULL;
    int before = key->refcnt;

    is(omapi_auth_key_lookup_name(&found, "second"), ISC_R_NOTFOUND, "not entered, not found");
    is(omapi_auth_key_enter(key), 0, "enter it");
    is(key->refcnt, before + 1, "the table counts");
    is(omapi_auth_key_lookup_name(&found, "second"), 0, "found");
    ok(found == key, "the same one");
    is(omapi_auth_key_lookup_name(&found, "second"), DHCP_R_INVALIDARG, "into a used pointer");
    omapi_auth_key_dereference(&found, MDL);
    is(omapi_auth_key_lookup_name(&found, "SECOND"), 0, "names have no case");
    omapi_auth_key_dereference(&found, MDL);

    /* By an object that has name and algorithm as attributes. */
    omapi_generic_new(&like, MDL);
    omapi_set_string_value(like, NULL, "name", "second");
    is(omapi_auth_key_lookup(&object, NULL, like), ISC_R_NOTFOUND, "a name alone does not do");
    omapi_set_string_value(like, NULL, "algorithm", full_name);
    is(omapi_auth_key_lookup(&object, NULL, like), 0, "name and algorithm do");
    ok(object == (omapi_object_t *) key, "the same one");
    drop(&object);
    is(omapi_type_auth_key->lookup(&object, NULL, like), 0, "so does the type's own lookup");
    drop(&object);
    omapi_set_string_value(like, NULL, "algorithm", "hmac-sha1.SIG-ALG.REG.INT.");
    is(omapi_auth_key_lookup(&object, NULL, like), ISC_R_NOTFOUND, "another algorithm does not");
    is(omapi_auth_key_lookup(&object, NULL, NULL), DHCP_R_NOKEYS, "like nothing");
    drop(&like);
    omapi_auth_key_dereference(&key, MDL);
}

int main(void)
{
    tap_begin(33);
    is(dhcpctl_initialize(), 0, "initialize");
    as_an_object();
    made_by_hand();
    the_table();
    like_an_object_of_ours();
    return tap_end();
}
