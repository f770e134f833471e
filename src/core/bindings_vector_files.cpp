// Python meets the core: files of vectors.
#include "bindings.hpp"

namespace wordkin {

void define_vector_files(nanobind::module_&) {}

}  // namespace wordkin
