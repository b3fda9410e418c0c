// SPDX-License-Identifier: Apache-2.0 OR MIT
// _ghmesh: ghmesh::Cache for Python. ghmesh/__init__.py makes of it what people use.
//
// get() and put() are called millions of times, so they are plain C functions of the vector-call kind; the rest is
// bound by pybind11. The GIL is released around whatever may wait for a disk, a thread or the network. Callbacks come
// on a thread of the cache, which takes the GIL; close() runs before the interpreter ends (atexit in __init__.py).
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "api/cache_impl.h"
#include "ghmesh/cache.h"
#include "ghmesh/legacy.h"
#include "json.h"
#include "library/key.h"
#include "prototypes.h"

namespace py = pybind11;

namespace ghmesh::python {
namespace {

[[noreturn]] void raise(const std::error_code& failure) {
  if (failure.category() == std::system_category() ||
      failure.category() == std::generic_category()) {
    errno = failure.value();
    PyErr_SetFromErrno(PyExc_OSError);  // or the subclass of that number
    throw py::error_already_set();
  }
  PyErr_SetString(failure == Failure::too_large || failure == Failure::malformed ? PyExc_ValueError
                                                                                 : PyExc_OSError,
                  failure.message().c_str());
  throw py::error_already_set();
}

// A callable of Python's, for a thread of the cache. It is called and let go with the GIL.
class Callback {
 public:
  explicit Callback(py::object call) : call_(std::make_shared<py::object>(std::move(call))) {}
  Callback(const Callback&) = default;
  ~Callback() {
    if (call_.use_count() != 1 || !*call_) return;
    const py::gil_scoped_acquire gil;
    call_->release().dec_ref();
  }
  template <class Make>
  void operator()(Make make_argument) const {
    const py::gil_scoped_acquire gil;
    try {
      (*call_)(make_argument());
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("ghmesh callback");  // a loop that was closed meanwhile
    }
  }

 private:
  std::shared_ptr<py::object> call_;
};

class CacheCore {
 public:
  explicit CacheCore(CacheOptions options) : cache_(std::move(options)) {}

  Cache& cache() { return cache_; }
  Prototypes& prototypes() { return prototypes_; }

  // A new reference; null with an error set. `value` belongs to this name.
  PyObject* object_of(std::string_view name, const Value& value) {
    if (PyObject* known = prototypes_.find(name, value.version())) return copy_json(known);
    PyObject* made = parse_json(value.data());
    if (made == nullptr || (!PyDict_CheckExact(made) && !PyList_CheckExact(made))) return made;
    prototypes_.keep(name, value.version(), value.data().size(), made);
    PyObject* copy = copy_json(made);
    Py_DECREF(made);
    return copy;
  }

 private:
  Cache cache_;
  Prototypes prototypes_;
};

CacheCore* core_of(PyObject* self) {
  // pybind11's own instance: its value pointer, without the detour of a cast.
  auto* instance = reinterpret_cast<py::detail::instance*>(self);
  return static_cast<CacheCore*>(instance->simple_layout
                                     ? instance->simple_value_holder[0]
                                     : instance->nonsimple.values_and_holders[0]);
}

// --- keys ---

bool add_text(PyObject* part, library::KeyText& text) {
  if (!PyUnicode_Check(part)) {
    PyObject* str = PyObject_Str(part);
    if (str == nullptr) return false;
    const bool is_added = add_text(str, text);
    Py_DECREF(str);
    return is_added;
  }
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(part, &size);
  if (utf8 == nullptr) return false;
  text.add({utf8, static_cast<std::size_t>(size)});
  return true;
}

bool to_string(PyObject* part, std::string& out) {
  PyObject* str = PyObject_Str(part);
  if (str == nullptr) return false;
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(str, &size);
  if (utf8 != nullptr) out.assign(utf8, static_cast<std::size_t>(size));
  Py_DECREF(str);
  return utf8 != nullptr;
}

struct Call {
  std::string_view operation;
  PyObject* validation_fields = nullptr;  // borrowed
};

// operation, *args, **kwargs into the text of a key. `skipped` of the arguments behind the operation are not part of
// it.
bool read_call(PyObject* const* args, Py_ssize_t count, PyObject* names, Py_ssize_t skipped,
               std::string& key, Call& call) {
  if (count < 1 || !PyUnicode_Check(args[0])) {
    PyErr_SetString(PyExc_TypeError, "the operation is a str");
    return false;
  }
  Py_ssize_t size = 0;
  const char* operation = PyUnicode_AsUTF8AndSize(args[0], &size);
  if (operation == nullptr) return false;
  call.operation = {operation, static_cast<std::size_t>(size)};
  library::KeyText text(key);
  text.begin(call.operation);
  for (Py_ssize_t i = 1 + skipped; i < count; ++i)
    if (!add_text(args[i], text)) return false;
  if (names == nullptr) return true;
  std::vector<std::pair<std::string, std::string>> named;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
    PyObject* name = PyTuple_GET_ITEM(names, i);
    if (PyUnicode_CompareWithASCIIString(name, "validation_fields") == 0) {
      call.validation_fields = args[count + i];
      continue;
    }
    auto& [spelled, value] = named.emplace_back();
    if (!to_string(name, spelled) || !to_string(args[count + i], value)) return false;
  }
  std::ranges::sort(named);
  for (const auto& [name, value] : named) text.add_named(name, value);
  return true;
}

std::string& key_buffer() {
  thread_local std::string buffer;
  return buffer;
}

PyObject* answer(CacheCore& core, std::string_view name, const std::optional<Value>& value) {
  if (!value) Py_RETURN_NONE;
  return core.object_of(name, *value);
}

bool has_fields(PyObject* fields) {
  return fields != nullptr && fields != Py_None && PyObject_IsTrue(fields) == 1;
}

// get(operation, *args, validation_fields=None, **kwargs)
PyObject* fast_get(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  CacheCore& core = *core_of(self);
  std::string& name = key_buffer();
  Call call;
  if (!read_call(args, count, names, 0, name, call)) return nullptr;
  std::string fields;
  if (has_fields(call.validation_fields) && !write_json(fields, call.validation_fields))
    return nullptr;
  Cache::Impl& impl = *core.cache().impl();
  const Cache::Impl::Use use(impl);
  return answer(core, name, use ? impl.local->get_named(name, fields) : std::nullopt);
}

PyObject* fast_get_stale(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  CacheCore& core = *core_of(self);
  std::string& name = key_buffer();
  Call call;
  if (!read_call(args, count, names, 0, name, call)) return nullptr;
  Cache::Impl& impl = *core.cache().impl();
  const Cache::Impl::Use use(impl);
  return answer(core, name, use ? impl.local->get_stale_named(name) : std::nullopt);
}

// Seconds, as int or float. False: an error is set.
bool read_ttl(PyObject* object, std::optional<Milliseconds>& ttl) {
  if (object == nullptr || object == Py_None) return true;
  const double seconds = PyFloat_AsDouble(object);
  if (seconds == -1 && PyErr_Occurred()) return false;
  ttl = Milliseconds(static_cast<std::int64_t>(std::clamp(seconds, 0.0, 3.2e8) * 1000));
  return true;
}

// put(operation, data, ttl=None, *args, **kwargs)
PyObject* fast_put(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  CacheCore& core = *core_of(self);
  if (count < 2) {
    PyErr_SetString(PyExc_TypeError, "put(operation, data, ttl=None, *args, **kwargs)");
    return nullptr;
  }
  PyObject* ttl = count > 2 ? args[2] : nullptr;
  // ttl by its name is the time to live, and no argument of the operation.
  std::vector<PyObject*> kept_args;
  PyObject* kept_names = nullptr;
  if (names != nullptr) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
      if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "ttl") != 0) continue;
      if (count > 2) {
        PyErr_SetString(PyExc_TypeError, "put() got multiple values for argument 'ttl'");
        return nullptr;
      }
      ttl = args[count + i];
      kept_args.assign(args, args + count + PyTuple_GET_SIZE(names));
      kept_args.erase(kept_args.begin() + count + i);
      kept_names = PyTuple_New(PyTuple_GET_SIZE(names) - 1);
      if (kept_names == nullptr) return nullptr;
      for (Py_ssize_t from = 0, to = 0; from < PyTuple_GET_SIZE(names); ++from) {
        if (from == i) continue;
        PyObject* name = PyTuple_GET_ITEM(names, from);
        Py_INCREF(name);
        PyTuple_SET_ITEM(kept_names, to++, name);
      }
    }
  }
  std::string& name = key_buffer();
  Call call;
  const bool is_read =
      read_call(kept_names ? kept_args.data() : args, count, kept_names ? kept_names : names,
                std::min<Py_ssize_t>(2, count - 1), name, call);
  Py_XDECREF(kept_names);
  PutOptions options;
  if (!is_read || !read_ttl(ttl, options.ttl)) return nullptr;
  thread_local std::string data;
  if (!write_json(data, args[1])) return nullptr;
  Cache::Impl& impl = *core.cache().impl();
  const Cache::Impl::Use use(impl);
  if (!use) Py_RETURN_NONE;
  Result<void> put;
  {
    // It waits where the disk cannot follow.
    const py::gil_scoped_release release;
    put = impl.local->put_named(name, call.operation, data, options);
  }
  if (!put && put.error() == Errc::too_large) {
    PyErr_SetString(PyExc_ValueError, "larger than can be kept");
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* fast_invalidate(PyObject* self, PyObject* const* args, Py_ssize_t count,
                          PyObject* names) {
  CacheCore& core = *core_of(self);
  std::string name;
  Call call;
  if (!read_call(args, count, names, 0, name, call)) return nullptr;
  Cache::Impl& impl = *core.cache().impl();
  const Cache::Impl::Use use(impl);
  bool was_there = false;
  if (use) {
    const py::gil_scoped_release release;
    was_there = impl.local->invalidate_named(name);
  }
  return PyBool_FromLong(was_there);
}

// key_text(operation, *args, **kwargs): what identifies a key.
PyObject* fast_key_text(PyObject*, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  std::string name;
  Call call;
  if (!read_call(args, count, names, 0, name, call)) return nullptr;
  return PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "strict");
}

using FastFunction = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
PyMethodDef method(const char* name, FastFunction function, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

PyMethodDef kFastMethods[] = {
    method("get", fast_get,
           "get(operation, *args, validation_fields=None, **kwargs) -> the data, or None"),
    method("get_stale", fast_get_stale,
           "get_stale(operation, *args, **kwargs) -> the data, fresh or not, or None"),
    method("put", fast_put, "put(operation, data, ttl=None, *args, **kwargs)"),
    method("_invalidate", fast_invalidate, "whether there was one"),
    method("_key_text", fast_key_text, "what identifies the key of these arguments"),
};

// --- what is called seldom ---

Key key_of(const std::string& text) {
  auto key = library::parse_key(text);
  if (!key) throw py::value_error("not the text of a key");
  return *std::move(key);
}

CacheOptions options_of(const py::dict& given) {
  CacheOptions options;
  const auto text = [&](const char* name, std::string& out) {
    if (given.contains(name)) out = given[name].cast<std::string>();
  };
  const auto texts = [&](const char* name, std::vector<std::string>& out) {
    if (given.contains(name)) out = given[name].cast<std::vector<std::string>>();
  };
  const auto flag = [&](const char* name, bool& out) {
    if (given.contains(name)) out = given[name].cast<bool>();
  };
  const auto secret = [&](const char* name, SecretText& out) {
    if (given.contains(name)) out = SecretText(given[name].cast<std::string>());
  };
  text("directory", options.directory);
  text("state_directory", options.state_directory);
  flag("is_persistent", options.is_persistent);
  flag("is_durable", options.is_durable);
  if (given.contains("default_ttl"))
    options.default_ttl =
        Milliseconds(static_cast<std::int64_t>(given["default_ttl"].cast<double>() * 1000));
  if (given.contains("entries_max")) options.entries_max = given["entries_max"].cast<std::size_t>();
  if (given.contains("disk_bytes_max"))
    options.disk_bytes_max = given["disk_bytes_max"].cast<std::uint64_t>();
  if (given.contains("memory_bytes_max"))
    options.memory_bytes_max = given["memory_bytes_max"].cast<std::uint64_t>();
  SwarmOptions& swarm = options.swarm;
  flag("is_swarm_on", swarm.is_on);
  secret("swarm_secret", swarm.secret);
  text("swarm_secret_file", swarm.secret_file);
  secret("token", swarm.token);
  texts("listen", swarm.listen);
  texts("peers", swarm.peers);
  flag("discovers_locally", swarm.discovers_locally);
  text("peer_directory", swarm.peer_directory);
  flag("speaks_legacy", swarm.speaks_legacy);
  texts("legacy_listen", swarm.legacy_listen);
  texts("legacy_peers", swarm.legacy_peers);
  return options;
}

py::dict stats_of(CacheCore& core) {
  CacheStats stats;
  {
    const py::gil_scoped_release release;
    stats = core.cache().stats();
  }
  py::dict out;
  out["hits"] = stats.hits;
  out["peer_hits"] = stats.peer_hits;
  out["misses"] = stats.misses;
  out["expirations"] = stats.expirations;
  out["evictions"] = stats.evictions;
  out["puts"] = stats.puts;
  out["stale_hits"] = stats.stale_hits;
  out["entries_count"] = stats.entries_count;
  out["disk_bytes"] = stats.disk_bytes;
  out["memory_bytes"] = stats.memory_bytes;
  out["is_on_disk"] = stats.is_on_disk;
  out["is_swarm_on"] = stats.is_swarm_on;
  out["is_leading"] = stats.is_leading;
  out["peers_count"] = stats.peers_count;
  out["peer_id"] = stats.peer_id;
  out["addresses"] = stats.addresses;
  out["legacy_addresses"] = stats.legacy_addresses;
  out["legacy_peers"] = stats.legacy_peers_count;
  return out;
}

// done(data or None), on a thread of the cache.
void get_async(py::object self, const std::string& name, double deadline, py::object done) {
  auto* core = self.cast<CacheCore*>();
  const Callback callback(std::move(done));
  const Callback keep_alive(std::move(self));
  auto finish = [core, callback, keep_alive, name](std::error_code, std::optional<Value> value) {
    callback([&] {
      PyObject* object = answer(*core, name, value);
      if (object == nullptr) throw py::error_already_set();
      return py::reinterpret_steal<py::object>(object);
    });
  };
  const py::gil_scoped_release release;
  core->cache().get_async(key_of(name), Milliseconds(static_cast<std::int64_t>(deadline * 1000)),
                          std::move(finish));
}

// done(error text or ""), when it is on disk.
void put_async(CacheCore& core, const std::string& name, py::object data, std::optional<double> ttl,
               py::object done) {
  std::string text;
  if (!write_json(text, data.ptr())) throw py::error_already_set();
  PutOptions options;
  if (ttl)
    options.ttl = Milliseconds(static_cast<std::int64_t>(std::clamp(*ttl, 0.0, 3.2e8) * 1000));
  const Callback callback(std::move(done));
  Key key = key_of(name);
  const py::gil_scoped_release release;
  core.cache().put_async(
      std::move(key), std::move(text), std::move(options), [callback](std::error_code failure) {
        callback([&] { return py::str(failure ? failure.message() : std::string()); });
      });
}

py::list entries_of(CacheCore& core) {
  std::vector<std::pair<Key, Value>> entries;
  {
    const py::gil_scoped_release release;
    core.cache().for_each([&](const Key& key, const Value& value) {
      entries.emplace_back(key, value);
      return true;
    });
  }
  py::list out;
  for (const auto& [key, value] : entries) {
    PyObject* data = parse_json(value.data());
    if (data == nullptr) throw py::error_already_set();
    const std::chrono::duration<double> written = value.written_at().time_since_epoch();
    out.append(py::make_tuple(key.joined(), py::reinterpret_steal<py::object>(data),
                              written.count(), static_cast<double>(value.ttl().count()) / 1000));
  }
  return out;
}

}  // namespace
}  // namespace ghmesh::python

namespace ghmesh::python {
namespace {

py::class_<CacheCore> bind_class(py::module_& module) {
  return py::class_<CacheCore>(module, "CacheCore", "ghmesh::Cache; see include/ghmesh/cache.h")
      .def(py::init([](const py::dict& given) {
        ghmesh::CacheOptions options = options_of(given);
        const py::gil_scoped_release release;
        return std::make_unique<CacheCore>(std::move(options));
      }))
      .def("_invalidate_prefix",
           [](CacheCore& core, const std::string& prefix) {
             const py::gil_scoped_release release;
             return core.cache().invalidate_prefix(prefix);
           })
      .def("_clear",
           [](CacheCore& core) {
             core.prototypes().clear();
             const py::gil_scoped_release release;
             return core.cache().clear();
           })
      .def("_flush",
           [](CacheCore& core, double deadline) {
             std::error_code failure;
             {
               const py::gil_scoped_release release;
               failure = core.cache().flush(
                   ghmesh::Milliseconds(static_cast<std::int64_t>(deadline * 1000)));
             }
             if (failure) raise(failure);
           })
      .def("_close",
           [](CacheCore& core) {
             const py::gil_scoped_release release;
             core.cache().close();
           })
      .def("_get_within",
           [](CacheCore& core, const std::string& name, double deadline) {
             std::optional<ghmesh::Value> value;
             {
               const ghmesh::Key key = key_of(name);
               const py::gil_scoped_release release;
               value = core.cache().get_within(
                   key, ghmesh::Milliseconds(static_cast<std::int64_t>(deadline * 1000)));
             }
             PyObject* object = answer(core, name, value);
             if (object == nullptr) throw py::error_already_set();
             return py::reinterpret_steal<py::object>(object);
           })
      .def("_get_async", &get_async)
      .def("_put_async", &put_async)
      .def("_entries", &entries_of)
      .def("_stats", &stats_of);
}

void bind_legacy(py::class_<CacheCore>& core) {
  const auto move_legacy = [](auto move) {
    return [move](CacheCore& core, const std::string& directory) {
      std::error_code failure;
      ghmesh::LegacyReport report;
      {
        const py::gil_scoped_release release;
        report = move(core.cache(), directory, failure);
      }
      if (failure) raise(failure);
      return py::dict(py::arg("files") = report.files_count, py::arg("moved") = report.moved_count,
                      py::arg("older") = report.older_count,
                      py::arg("skipped") = report.skipped_count);
    };
  };
  core.def("import_legacy", move_legacy(ghmesh::import_legacy),
           "takes over the predecessor's *.json of a directory");
  core.def("export_legacy", move_legacy(ghmesh::export_legacy),
           "writes a file for each entry, as the predecessor does");
}

void bind_core(py::module_& module) {
  auto core = bind_class(module);
  for (PyMethodDef& method : kFastMethods) {
    PyObject* descriptor = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(core.ptr()), &method);
    if (descriptor == nullptr) throw py::error_already_set();
    core.attr(method.ml_name) = py::reinterpret_steal<py::object>(descriptor);
  }
  bind_legacy(core);
}

}  // namespace
}  // namespace ghmesh::python

PYBIND11_MODULE(_ghmesh, module) {
  namespace gp = ghmesh::python;
  module.doc() = "libghmesh for Python; use the package ghmesh.";
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const std::system_error& error) {
      PyErr_SetString(PyExc_OSError, error.what());
    }
  });
  gp::bind_core(module);
  module.def("validation_cid_of", [](py::object fields) {
    std::string text;
    if (!gp::write_json(text, fields.ptr())) throw py::error_already_set();
    return ghmesh::validation_cid_of(text);
  });
  module.def("validation_fields_of",
             [](const std::string& operation, py::object data) -> py::object {
               std::string text;
               if (!gp::write_json(text, data.ptr())) throw py::error_already_set();
               const std::string fields = ghmesh::validation_fields_of(operation, text);
               if (fields.empty()) return py::none();
               return py::reinterpret_steal<py::object>(gp::parse_json(fields));
             });
}
