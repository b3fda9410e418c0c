// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "json.h"

#include <simdjson.h>

#include <charconv>

#include "library/canonical_json.h"

namespace ghmesh::python {
namespace {

namespace dom = simdjson::dom;

// json.dumps itself ends at Python's recursion limit, 1,000.
constexpr int kDepthMax = 500;

void append_text(std::string& out, std::string_view utf8) {
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(utf8, begin, i - begin);
    begin = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        constexpr std::string_view kDigits = "0123456789abcdef";
        out += "\\u00";
        out += kDigits[c >> 4];
        out += kDigits[c & 15];
      }
    }
  }
  out.append(utf8, begin);
  out += '"';
}

bool append_str(std::string& out, PyObject* text) {
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(text, &size);
  if (utf8 == nullptr) {  // a lone surrogate
    PyErr_Clear();
    return false;
  }
  append_text(out, {utf8, static_cast<std::size_t>(size)});
  return true;
}

bool append_int(std::string& out, PyObject* number) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (overflow != 0) return false;
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  return true;
}

bool append_float(std::string& out, PyObject* number) {
  const double value = PyFloat_AS_DOUBLE(number);
  if (!(value - value == 0)) return false;  // NaN and infinities, which JSON does not have
  char* digits = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
  if (digits == nullptr) {
    PyErr_Clear();
    return false;
  }
  out += digits;
  PyMem_Free(digits);
  return true;
}

bool append_dict(std::string& out, PyObject* dict, int depth) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t at = 0;
  out += '{';
  bool is_first = true;
  while (PyDict_Next(dict, &at, &key, &value)) {
    if (!PyUnicode_CheckExact(key)) return false;
    if (!is_first) out += ',';
    is_first = false;
    if (!append_str(out, key)) return false;
    out += ':';
    if (!append_json(out, value, depth + 1)) return false;
  }
  out += '}';
  return true;
}

template <class At>
bool append_items(std::string& out, Py_ssize_t count, int depth, At at) {
  out += '[';
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    if (!append_json(out, at(i), depth + 1)) return false;
  }
  out += ']';
  return true;
}

PyObject* json_module() {
  static PyObject* module = PyImport_ImportModule("json");
  return module;
}

PyObject* to_object(const dom::element& value);

PyObject* to_list(const dom::array& array) {
  PyObject* list = PyList_New(static_cast<Py_ssize_t>(array.size()));
  if (list == nullptr) return nullptr;
  Py_ssize_t at = 0;
  for (const dom::element member : array) {
    PyObject* object = to_object(member);
    if (object == nullptr) {
      Py_DECREF(list);
      return nullptr;
    }
    if (at < PyList_GET_SIZE(list)) {
      PyList_SET_ITEM(list, at++, object);
      continue;
    }
    // simdjson counts to 2^24 - 1.
    const int appended = PyList_Append(list, object);
    Py_DECREF(object);
    if (appended != 0) {
      Py_DECREF(list);
      return nullptr;
    }
  }
  return list;
}

PyObject* to_dict(const dom::object& object) {
  PyObject* dict = PyDict_New();
  if (dict == nullptr) return nullptr;
  for (const auto& [name, member] : object) {
    PyObject* key =
        PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "strict");
    PyObject* value = key ? to_object(member) : nullptr;
    if (value != nullptr) PyUnicode_InternInPlace(&key);  // the same few names again and again
    const bool is_set = value != nullptr && PyDict_SetItem(dict, key, value) == 0;
    Py_XDECREF(key);
    Py_XDECREF(value);
    if (!is_set) {
      Py_DECREF(dict);
      return nullptr;
    }
  }
  return dict;
}

PyObject* to_object(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::ARRAY: return to_list(dom::array(value));
    case dom::element_type::OBJECT: return to_dict(dom::object(value));
    case dom::element_type::INT64: return PyLong_FromLongLong(std::int64_t(value));
    case dom::element_type::UINT64: return PyLong_FromUnsignedLongLong(std::uint64_t(value));
    case dom::element_type::DOUBLE: return PyFloat_FromDouble(double(value));
    case dom::element_type::STRING: {
      const std::string_view text(value);
      return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict");
    }
    case dom::element_type::BOOL: return PyBool_FromLong(bool(value));
    case dom::element_type::NULL_VALUE: break;
  }
  Py_RETURN_NONE;
}

}  // namespace

bool append_json(std::string& out, PyObject* object, int depth) {
  if (depth > kDepthMax) return false;
  if (PyUnicode_CheckExact(object)) return append_str(out, object);
  if (object == Py_None) return out += "null", true;
  if (object == Py_True) return out += "true", true;
  if (object == Py_False) return out += "false", true;
  if (PyLong_CheckExact(object)) return append_int(out, object);
  if (PyFloat_CheckExact(object)) return append_float(out, object);
  if (PyDict_CheckExact(object)) return append_dict(out, object, depth);
  if (PyList_CheckExact(object))
    return append_items(out, PyList_GET_SIZE(object), depth,
                        [&](Py_ssize_t i) { return PyList_GET_ITEM(object, i); });
  if (PyTuple_CheckExact(object))
    return append_items(out, PyTuple_GET_SIZE(object), depth,
                        [&](Py_ssize_t i) { return PyTuple_GET_ITEM(object, i); });
  return false;
}

bool write_json(std::string& out, PyObject* object) {
  out.clear();
  if (append_json(out, object)) return true;
  PyObject* module = json_module();
  PyObject* dumps = module ? PyObject_GetAttrString(module, "dumps") : nullptr;
  PyObject* arguments = dumps ? Py_BuildValue("(O)", object) : nullptr;
  PyObject* named =
      arguments ? Py_BuildValue("{s:O}", "default", reinterpret_cast<PyObject*>(&PyUnicode_Type))
                : nullptr;
  PyObject* text = named ? PyObject_Call(dumps, arguments, named) : nullptr;
  Py_XDECREF(dumps);
  Py_XDECREF(arguments);
  Py_XDECREF(named);
  if (text == nullptr) return false;
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(text, &size);
  if (utf8 != nullptr) out.assign(utf8, static_cast<std::size_t>(size));
  Py_DECREF(text);
  return utf8 != nullptr;
}

PyObject* parse_json(std::string_view text) {
  {
    const library::JsonText json(text);
    if (json.is_good()) return to_object(json.value());
  }
  // Integers beyond 64 bits, NaN: what Python's own reader takes.
  PyObject* module = json_module();
  PyObject* parsed = module ? PyObject_CallMethod(module, "loads", "s#", text.data(),
                                                  static_cast<Py_ssize_t>(text.size()))
                            : nullptr;
  if (parsed != nullptr) return parsed;
  PyErr_Clear();
  PyObject* str = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict");
  if (str != nullptr) return str;
  PyErr_Clear();
  return PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

PyObject* copy_json(PyObject* object) {
  if (PyDict_CheckExact(object)) {
    PyObject* copy = PyDict_Copy(object);
    if (copy == nullptr) return nullptr;
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(copy, &at, &key, &value)) {
      if (!PyDict_CheckExact(value) && !PyList_CheckExact(value)) continue;
      PyObject* inner = copy_json(value);
      // Replacing the value of a name that is there moves nothing.
      const bool is_set = inner != nullptr && PyDict_SetItem(copy, key, inner) == 0;
      Py_XDECREF(inner);
      if (!is_set) {
        Py_DECREF(copy);
        return nullptr;
      }
    }
    return copy;
  }
  if (PyList_CheckExact(object)) {
    const Py_ssize_t count = PyList_GET_SIZE(object);
    PyObject* copy = PyList_New(count);
    if (copy == nullptr) return nullptr;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* inner = copy_json(PyList_GET_ITEM(object, i));
      if (inner == nullptr) {
        Py_DECREF(copy);
        return nullptr;
      }
      PyList_SET_ITEM(copy, i, inner);
    }
    return copy;
  }
  Py_INCREF(object);
  return object;
}

}  // namespace ghmesh::python
