// Files of numbers that PyTorch computed: tests/golden/make_*goldens.py.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "entivec/core/types.h"

namespace entivec::test {

// A setting that a case does not use stands not in its file: it is 0 or empty.
struct Golden {
  std::string activation;
  std::map<std::string, Matrix> blocks;

  const Matrix& operator[](const std::string& name) const { return blocks.at(name); }
  bool has(const std::string& name) const { return blocks.count(name) == 1; }
  Scalar number(const std::string& name) const { return has(name) ? blocks.at(name)(0, 0) : 0; }
  template <class T>
  std::vector<T> list(const std::string& name) const {
    std::vector<T> values;
    if (!has(name)) return values;
    for (Scalar value : blocks.at(name).reshaped<Eigen::RowMajor>()) values.push_back(static_cast<T>(value));
    return values;
  }
};

inline Golden read_golden(const std::string& name) {
  std::ifstream file(ENTIVEC_SOURCE_DIR "/tests/golden/" + name + ".txt");
  Golden golden;
  file >> golden.activation;
  std::string block, number;  // streams do not read "nan" as a number
  for (Index rows = 0, cols = 0; file >> block >> rows >> cols;) {
    Matrix values(rows, cols);
    for (Scalar& value : values.reshaped<Eigen::RowMajor>()) {
      file >> number;
      value = static_cast<Scalar>(std::stod(number));
    }
    golden.blocks[block] = values;
  }
  return golden;
}

}  // namespace entivec::test
