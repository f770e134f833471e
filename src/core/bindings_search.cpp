// Python meets the core: questions.
#include "bindings.hpp"

namespace wordkin {

void define_search(nanobind::module_&) {}

}  // namespace wordkin
