// The only pybind11 include. A binding checks dtype, order and shape, releases the GIL and calls one function.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "entivec/core/check.h"
#include "entivec/table/table.h"

namespace entivec {

class AutoEncoder;

namespace py = pybind11;

// Row-major and of exactly this type: pybind11 would copy anything else, so arguments are bound with noconvert().
template <class T>
using Array = py::array_t<T, py::array::c_style>;
using ScalarArray = Array<Scalar>;

// A table's blocks together with the arrays they borrow from.
struct BoundTable {
  BoundTable(const TableLayout& layout, ScalarArray dense, Array<std::int32_t> codes, Array<std::int32_t> offsets,
             Array<std::int32_t> items, ScalarArray counts);

  TableView view;
  ScalarArray dense, counts;
  Array<std::int32_t> codes, offsets, items;
};

inline void check_shape(const char* name, const py::array& array, Index rows, Index cols) {
  if (array.ndim() == 2 && array.shape(0) == rows && array.shape(1) == cols) return;
  std::string got = "(";
  for (py::ssize_t d = 0; d < array.ndim(); ++d) got += std::to_string(array.shape(d)) + ",";
  fail(name, "shape (" + std::to_string(rows) + ", " + std::to_string(cols) + ")", got + ")");
}

inline void check_size(const char* name, const py::array& array, Index size) {
  check(array.ndim() == 1 && array.shape(0) == size, name, size, array.size());
}

inline ScalarArray new_matrix(Index rows, Index cols) { return ScalarArray({rows, cols}); }
inline ScalarArray new_vector(Index size) { return ScalarArray(size); }

inline MatrixMap as_matrix(ScalarArray& array) { return {array.mutable_data(), array.shape(0), array.shape(1)}; }
inline ConstMatrixMap as_matrix(const ScalarArray& array) { return {array.data(), array.shape(0), array.shape(1)}; }
inline Eigen::Map<Vector> as_vector(ScalarArray& array) { return {array.mutable_data(), array.size()}; }
inline Eigen::Map<const Vector> as_vector(const ScalarArray& array) { return {array.data(), array.size()}; }

inline ScalarArray to_array(const Vector& vector) { return ScalarArray(vector.size(), vector.data()); }
inline Array<double> to_array(const Eigen::VectorXd& vector) { return Array<double>(vector.size(), vector.data()); }

// Row weights, or null for None.
inline const Scalar* weights_or_null(const std::optional<ScalarArray>& weights, Index rows) {
  if (!weights) return nullptr;
  check_size("weights", *weights, rows);
  return weights->data();
}

// A struct from keyword arguments, each of which is an attribute of it; those left out keep their defaults.
template <class Struct>
auto from_keywords() {
  return py::init([](const py::kwargs& attributes) {
    auto made = std::make_unique<Struct>();
    const py::object face = py::cast(made.get(), py::return_value_policy::reference);
    for (const auto& [name, value] : attributes) py::setattr(face, name, value);
    return made;
  });
}

// An attribute that is a member of a member.
template <class Struct, class Part, class Value>
void nested(py::class_<Struct>& of, const char* name, Part Struct::* part, Value Part::* member) {
  of.def_property(
      name, [=](const Struct& s) { return s.*part.*member; },
      [=](Struct& s, const Value& value) { s.*part.*member = value; });
}

// An attribute whose name or None becomes something else in the core.
template <class Struct, class Set>
void write_only(py::class_<Struct>& of, const char* name, const Set& set) {
  of.def_property(name, py::cpp_function(), set);
}

void bind_apply(py::class_<AutoEncoder>& model);
void bind_autoencoder(py::module_& m);
void bind_jacobian(py::module_& m, py::class_<AutoEncoder>& model);
void bind_pca(py::module_& m);
void bind_row_model(py::module_& m);
void bind_shape(py::module_& m);
void bind_sequences(py::module_& m);
void bind_starts(py::class_<AutoEncoder>& model);
void bind_table(py::module_& m);
void bind_trainer(py::module_& m);
void bind_tokens(py::module_& m);
void bind_graphs(py::module_& m);
void bind_events(py::module_& m);
void bind_facts(py::module_& m);

}  // namespace entivec
