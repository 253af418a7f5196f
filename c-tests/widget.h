/*
 * A program's own kind of object, as old programs define them: a preamble,
 * members of its own, a function for everything that a type can do.
 */
#ifndef WIDGET_H
#define WIDGET_H

#include "client.h"

#include <omapip/omapip_p.h>

typedef struct widget {
    OMAPI_OBJECT_PREAMBLE;
    int size;
    int state;     /* of the server's object, seen on its way in */
    int silent;    /* sends nothing, nor what is inside */
    int ready;        /* "ready" */
    int disconnected; /* "disconnect" */
    int stuffed;   /* how often it was asked for its attributes */
    int signals;   /* signals of any name */
    int updated;   /* "updated" */
    int status;    /* "status", and what came with it */
    unsigned code;
    char text[80];
    int number; /* arguments of the program's own signal */
    long long big;
    double real;
    const char *word;
} widget_t;

static omapi_object_type_t *widget_type;
static int widgets_destroyed;
static int destroyed_line; /* where the program dropped the last one */

/* widget_allocate, widget_reference, widget_dereference. */
OMAPI_OBJECT_ALLOC_DECL(widget, widget_t, widget_type)
OMAPI_OBJECT_ALLOC(widget, widget_t, widget_type)

static inline isc_result_t widget_set_value(omapi_object_t *h, omapi_object_t *id,
                                            omapi_data_string_t *name, omapi_typed_data_t *value)
{
    widget_t *widget = (widget_t *) h;
    unsigned long number;
    isc_result_t status;

    if (h->type != widget_type)
        return DHCP_R_INVALIDARG;
    if (omapi_ds_strcmp(name, "size") == 0) {
        if (!value)
            return DHCP_R_INVALIDARG;
        status = omapi_get_int_value(&number, value);
        if (status == ISC_R_SUCCESS)
            widget->size = (int) number;
        return status;
    }
    if (omapi_ds_strcmp(name, "state") == 0 && value &&
        omapi_get_int_value(&number, value) == ISC_R_SUCCESS)
        widget->state = (int) number;
    if (h->inner && h->inner->type->set_value)
        return h->inner->type->set_value(h->inner, id, name, value);
    return ISC_R_NOTFOUND;
}

static inline isc_result_t widget_get_value(omapi_object_t *h, omapi_object_t *id,
                                            omapi_data_string_t *name, omapi_value_t **value)
{
    if (h->type != widget_type)
        return DHCP_R_INVALIDARG;
    if (omapi_ds_strcmp(name, "size") == 0)
        return omapi_make_int_value(value, name, ((widget_t *) h)->size, MDL);
    if (h->inner && h->inner->type->get_value)
        return h->inner->type->get_value(h->inner, id, name, value);
    return ISC_R_NOTFOUND;
}

static inline isc_result_t widget_destroy(omapi_object_t *h, const char *file, int line)
{
    if (h->type != widget_type)
        return DHCP_R_INVALIDARG;
    destroyed_line = file && *file ? line : 0;
    widgets_destroyed++;
    return ISC_R_SUCCESS;
}

/* "measure" has arguments of its own; "status" those of the library. */
static inline isc_result_t widget_signal(omapi_object_t *h, const char *name, va_list ap)
{
    widget_t *widget = (widget_t *) h;
    omapi_typed_data_t *text;

    if (h->type != widget_type)
        return DHCP_R_INVALIDARG;
    widget->signals++;
    if (strcmp(name, "measure") == 0) {
        widget->number = va_arg(ap, int);
        widget->word = va_arg(ap, const char *);
        widget->big = va_arg(ap, long long);
        widget->real = va_arg(ap, double);
        return ISC_R_EXISTS;
    }
    if (strcmp(name, "status") == 0) {
        va_list copy;

        /* The objects inside want to read the same arguments. */
        va_copy(copy, ap);
        widget->status++;
        widget->code = va_arg(copy, unsigned);
        text = va_arg(copy, omapi_typed_data_t *);
        widget->text[0] = '\0';
        if (text && text->type == omapi_datatype_data && text->u.buffer.len < sizeof widget->text) {
            memcpy(widget->text, text->u.buffer.value, text->u.buffer.len);
            widget->text[text->u.buffer.len] = '\0';
        }
        va_end(copy);
    }
    if (strcmp(name, "updated") == 0)
        widget->updated++;
    if (strcmp(name, "ready") == 0)
        widget->ready++;
    if (strcmp(name, "disconnect") == 0)
        widget->disconnected++;
    if (h->inner && h->inner->type->signal_handler)
        return h->inner->type->signal_handler(h->inner, name, ap);
    return ISC_R_NOTFOUND;
}

static inline isc_result_t widget_stuff(omapi_object_t *c, omapi_object_t *id, omapi_object_t *h)
{
    if (h->type != widget_type)
        return DHCP_R_INVALIDARG;
    ((widget_t *) h)->stuffed++;
    if (((widget_t *) h)->silent)
        return ISC_R_SUCCESS;
    if (h->inner && h->inner->type->stuff_values)
        return h->inner->type->stuff_values(c, id, h->inner);
    return ISC_R_SUCCESS;
}

static inline isc_result_t widget_register(void)
{
    return omapi_object_type_register(&widget_type, "widget", widget_set_value, widget_get_value,
                                      widget_destroy, widget_signal, widget_stuff, NULL, NULL,
                                      NULL, NULL, NULL, NULL, sizeof(widget_t), NULL, RC_MISC);
}

static inline widget_t *new_widget(void)
{
    widget_t *widget = NULL;

    if (widget_allocate(&widget, MDL) || !widget)
        tap_bail("cannot allocate a widget");
    return widget;
}

/* As programs link two objects: a reference from each to the other. */
static inline void link_objects(omapi_object_t *outer, omapi_object_t *inner)
{
    if (omapi_object_reference(&outer->inner, inner, MDL) ||
        omapi_object_reference(&inner->outer, outer, MDL))
        tap_bail("cannot link two objects");
}

static inline isc_result_t get_number(omapi_object_t *h, const char *name, int *number)
{
    omapi_value_t *value = NULL;
    unsigned long wide = 0;
    isc_result_t status = omapi_get_value_str(h, NULL, name, &value);

    if (status)
        return status;
    status = omapi_get_int_value(&wide, value->value);
    *number = (int) wide;
    omapi_value_dereference(&value, MDL);
    return status;
}

#endif
