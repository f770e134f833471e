// Python meets the core: subwords.
#include "bindings.hpp"

namespace wordkin {

void define_subwords(nanobind::module_&) {}

}  // namespace wordkin
