// SPDX-License-Identifier: Apache-2.0 OR MIT
// Between Python's objects and JSON. Every function here is called with the GIL.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string>
#include <string_view>

namespace ghmesh::python {

// As json.dumps would write it, in fewer bytes. False: there is something in it that only json.dumps(default=str) can
// write, or a reference to itself; no Python error is set.
bool append_json(std::string& out, PyObject* object, int depth = 0);
// The text for `object`, whatever it takes. False: a Python error is set.
bool write_json(std::string& out, PyObject* object);

// A new reference; null with a Python error set. What is no JSON comes back as str, or as bytes where it is no text.
PyObject* parse_json(std::string_view text);

// A copy that shares nothing that can change. `object` is what parse_json() made.
PyObject* copy_json(PyObject* object);

}  // namespace ghmesh::python
