// What the files share in which Python meets the core: module.cpp, and one for each part of it.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <utility>
#include <vector>

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

void define_vector_files(nanobind::module_&);   // files.cpp
void define_subwords(nanobind::module_&);       // subwords.cpp
void define_search(nanobind::module_&);         // search.cpp
void define_analogies(nanobind::module_&);      // analogies.cpp

}  // namespace wordkin
