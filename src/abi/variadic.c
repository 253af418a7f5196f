/*
 * Unpacks C's variable arguments, which Rust cannot define yet. Hidden: each
 * public name is a jump to its function here (variadic.rs).
 */
#include <stdarg.h>
#include <stddef.h>

#include "../../include/dhcpctl.h"

/* In variadic.rs. */
isc_result_t dhcpctl_rs_typed_data_new(omapi_typed_data_t **t, unsigned type,
				       int integer, void *pointer);
omapi_object_t *dhcpctl_rs_outermost(omapi_object_t *h);
void dhcpctl_rs_release(omapi_object_t *outermost);

isc_result_t dhcpctl_c_typed_data_new(const char *file, int line,
				      omapi_typed_data_t **t,
				      omapi_datatype_t type, ...);
isc_result_t dhcpctl_c_signal(omapi_object_t *h, const char *name, ...);
isc_result_t dhcpctl_c_signal_in(omapi_object_t *h, const char *name, ...);
unsigned dhcpctl_c_next_unsigned(va_list ap);
void *dhcpctl_c_next_pointer(va_list ap);

isc_result_t dhcpctl_c_typed_data_new(const char *file, int line,
				      omapi_typed_data_t **t,
				      omapi_datatype_t type, ...)
{
	int integer = 0;
	void *pointer = NULL;
	va_list ap;

	(void)file;
	(void)line;
	va_start(ap, type);
	switch ((unsigned)type) {
	case omapi_datatype_int:
	case omapi_datatype_data:
		/* The length of data is unsigned; it has the same bits. */
		integer = va_arg(ap, int);
		break;
	case omapi_datatype_string:
	case omapi_datatype_object:
		pointer = va_arg(ap, void *);
		break;
	default:
		break;
	}
	va_end(ap);
	return dhcpctl_rs_typed_data_new(t, (unsigned)type, integer, pointer);
}

static isc_result_t deliver(omapi_object_t *h, const char *name, va_list ap)
{
	if (h == NULL || name == NULL || h->type == NULL ||
	    h->type->signal_handler == NULL)
		return ISC_R_NOTFOUND;
	return h->type->signal_handler(h, name, ap);
}

isc_result_t dhcpctl_c_signal(omapi_object_t *h, const char *name, ...)
{
	/* Another thread may unlink the outermost object meanwhile: unless it is
	 * h, which the caller holds, this is a reference. */
	omapi_object_t *outermost = dhcpctl_rs_outermost(h);
	isc_result_t status;
	va_list ap;

	va_start(ap, name);
	status = deliver(outermost, name, ap);
	va_end(ap);
	if (outermost != h)
		dhcpctl_rs_release(outermost);
	return status;
}

isc_result_t dhcpctl_c_signal_in(omapi_object_t *h, const char *name, ...)
{
	isc_result_t status;
	va_list ap;

	va_start(ap, name);
	status = deliver(h, name, ap);
	va_end(ap);
	return status;
}

/* The next argument, from a copy: a handler further in may read it again. */
unsigned dhcpctl_c_next_unsigned(va_list ap)
{
	va_list copy;
	unsigned value;

	va_copy(copy, ap);
	value = va_arg(copy, unsigned);
	va_end(copy);
	return value;
}

/* The pointer that follows an unsigned. */
void *dhcpctl_c_next_pointer(va_list ap)
{
	va_list copy;
	void *value;

	va_copy(copy, ap);
	(void)va_arg(copy, unsigned);
	value = va_arg(copy, void *);
	va_end(copy);
	return value;
}
