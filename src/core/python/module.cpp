// The module wordkin._core: what it offers, in the order of its type stub.
#include <cerrno>
#include <exception>
#include <system_error>

#include "python/python.hpp"

namespace nb = nanobind;
using namespace wordkin;

NB_MODULE(_core, m) {
  m.doc() = "The native core of wordkin: reading text, and the kernels of stochastic training.";

  define_levels(m);
  define_alias_table(m);
  define_text(m);
  define_step(m);
  define_training(m);
  define_tiles(m);
  define_files(m);
  define_subwords(m);
  define_search(m);
  define_counting(m);

  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::system_error& error) {   // no more threads, says the system
      errno = error.code().value();
      PyErr_SetFromErrno(PyExc_OSError);
    }
  });
}
