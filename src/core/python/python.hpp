// Where Python meets the core: arrays in, GIL off, results out. A file for each folder bound; this is
// what they share. No other folder knows Python, and nothing outside this one includes this header.
//
// Arrays that are written to are taken with `noconvert`, else the update could land in a silent copy.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
// In all files, for without them a std::string or std::function would be taken for a class of its own.
#include <nanobind/stl/function.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernels.hpp"

namespace wordkin {

template <typename T, int N>
using In = nanobind::ndarray<const T, nanobind::ndim<N>, nanobind::c_contig, nanobind::device::cpu>;
template <typename T, int N>
using InOut = nanobind::ndarray<T, nanobind::ndim<N>, nanobind::c_contig, nanobind::device::cpu>;
template <typename T>
using Out = nanobind::ndarray<nanobind::numpy, T, nanobind::ndim<1>>;

template <typename T>
Out<T> array(std::vector<T>&& values) {
  auto* moved = new std::vector<T>(std::move(values));
  nanobind::capsule owner(moved, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Out<T>(moved->data(), {moved->size()}, owner);
}

// kernels.cpp
Level level_of(const std::string& name);   // throws where this processor has no such level
Parameters parameters(InOut<float, 2>& V, InOut<float, 2>& U, int d);   // throws where rows do not fit

// Each adds what its file binds to the module.
void define_levels(nanobind::module_&);        // kernels.cpp
void define_step(nanobind::module_&);
void define_tiles(nanobind::module_&);         // tiles.cpp
void define_alias_table(nanobind::module_&);   // stochastic.cpp
void define_training(nanobind::module_&);
void define_text(nanobind::module_&);
void define_files(nanobind::module_&);
void define_subwords(nanobind::module_&);
void define_search(nanobind::module_&);
void define_counting(nanobind::module_&);

}  // namespace wordkin
