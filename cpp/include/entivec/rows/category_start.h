// Starts the categories of a variational autoencoder at an affine map of what its encoder has learnt without them.
#pragma once

#include "entivec/rows/apply.h"

namespace entivec {

// What the map reads: the last hidden layer, or μ of an encoder without one of moderate width.
Index num_category_features(const AutoEncoder& model);

// Of the n rows of the table that are named: means (n, d), features (n, num_category_features).
void category_features(const Fitted& fitted, const TableView& table, const Index* rows, MatrixRef means,
                       MatrixRef features);

// Makes the logits of all categories features · `kernel` + `bias`: kernel (features, Σk), bias (Σk). The decoder then
// makes of every row what it made of it before, with uniform categories.
void start_categories(const AutoEncoder& model, ConstMatrixRef kernel, ConstVectorRef bias, VectorRef params);

}  // namespace entivec
