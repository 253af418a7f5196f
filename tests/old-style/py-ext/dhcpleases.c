/*
 * dhcpleases: dhcpctl for Python, by hand.
 *
 *	c = dhcpleases.connect(port)
 *	dhcpleases.lookup(c, "10.0.0.10")  -> list of (name, bytes)
 *	dhcpleases.disconnect(c)
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <arpa/inet.h>

#include <isc-dhcp/omapip.h>
#include <isc-dhcp/dhcpctl.h>
#include <omapip/omapip_p.h>

static PyObject *Error;

static int failed(isc_result_t status)
{
	if (status == ISC_R_SUCCESS)
		return 0;
	PyErr_SetString(Error, isc_result_totext(status));
	return 1;
}

/* A capsule owns its handle. */
static void closed(PyObject *capsule)
{
	dhcpctl_handle h = PyCapsule_GetPointer(capsule, "connection");

	if (h)
		omapi_object_dereference(&h, MDL);
}

static PyObject *do_connect(PyObject *self, PyObject *args)
{
	dhcpctl_handle h = NULL;
	isc_result_t status;
	int port;

	if (!PyArg_ParseTuple(args, "i", &port))
		return NULL;
	/* The library waits; other threads of the interpreter need not. */
	Py_BEGIN_ALLOW_THREADS
	status = dhcpctl_connect(&h, "127.0.0.1", port, NULL);
	Py_END_ALLOW_THREADS
	if (failed(status))
		return NULL;
	return PyCapsule_New(h, "connection", closed);
}

static PyObject *do_lookup(PyObject *self, PyObject *args)
{
	dhcpctl_handle connection, lease = NULL;
	omapi_generic_object_t *g;
	PyObject *capsule, *list, *pair;
	isc_result_t status, answer;
	struct in_addr a;
	char *address;
	int i;

	if (!PyArg_ParseTuple(args, "Os", &capsule, &address))
		return NULL;
	connection = PyCapsule_GetPointer(capsule, "connection");
	if (!connection)
		return NULL;
	a.s_addr = inet_addr(address);
	if (failed(dhcpctl_new_object(&lease, connection, "lease")))
		return NULL;
	status = dhcpctl_set_data_value(lease, (char *)&a, 4, "ip-address");
	if (status == ISC_R_SUCCESS)
		status = dhcpctl_open_object(lease, connection, 0);
	Py_BEGIN_ALLOW_THREADS
	if (status == ISC_R_SUCCESS)
		status = dhcpctl_wait_for_completion(lease, &answer);
	Py_END_ALLOW_THREADS
	if (failed(status) || failed(answer)) {
		omapi_object_dereference(&lease, MDL);
		return NULL;
	}
	list = PyList_New(0);
	g = (omapi_generic_object_t *)lease->inner;
	for (i = 0; list && i < g->nvalues; i++) {
		omapi_value_t *v = g->values[i];

		if (!v || !v->value)
			continue;
		pair = Py_BuildValue("s#y#", v->name->value, (Py_ssize_t)v->name->len,
				     v->value->u.buffer.value, (Py_ssize_t)v->value->u.buffer.len);
		if (!pair || PyList_Append(list, pair))
			Py_CLEAR(list);
		Py_XDECREF(pair);
	}
	omapi_object_dereference(&lease, MDL);
	return list;
}

static PyObject *do_disconnect(PyObject *self, PyObject *capsule)
{
	dhcpctl_handle h = PyCapsule_GetPointer(capsule, "connection");

	if (!h)
		return NULL;
	if (!h->outer || !h->outer->outer) {
		PyErr_SetString(Error, "not connected");
		return NULL;
	}
	if (failed(omapi_disconnect(h->outer->outer, 1)))
		return NULL;
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "connect", do_connect, METH_VARARGS, NULL },
	{ "lookup", do_lookup, METH_VARARGS, NULL },
	{ "disconnect", do_disconnect, METH_O, NULL },
	{ NULL, NULL, 0, NULL }
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "dhcpleases", NULL, -1, methods, NULL, NULL, NULL, NULL
};

PyMODINIT_FUNC PyInit_dhcpleases(void)
{
	PyObject *m = PyModule_Create(&module);

	if (!m || failed(dhcpctl_initialize()))
		return NULL;
	Error = PyErr_NewException("dhcpleases.Error", NULL, NULL);
	Py_XINCREF(Error);
	PyModule_AddObject(m, "Error", Error);
	return m;
}
