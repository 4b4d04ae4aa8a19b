// Element-wise activations with their slopes.
#pragma once

#include <string_view>

#include "entivec/core/types.h"

namespace entivec {

// gelu is the tanh form of Hendrycks & Gimpel 2016 (PyTorch: approximate="tanh"); silu is x·sigmoid(x).
enum class Activation { kIdentity, kTanh, kSigmoid, kRelu, kGelu, kSilu };

Activation activation_from_name(std::string_view name);

// h = act(a). h may be a itself.
void activate(Activation activation, ConstMatrixRef a, MatrixRef h);

// h = act(a) and slope = act'(a), in one pass. h may be a itself. Backward is dx = dy ∘ slope.
void activate(Activation activation, ConstMatrixRef a, MatrixRef h, MatrixRef slope);

// The same with curvature = act''(a), which carries the gradient of a function of the slopes.
void activate(Activation activation, ConstMatrixRef a, MatrixRef h, MatrixRef slope, MatrixRef curvature);

// max |act'|: 1 but for sigmoid (1/4), gelu and silu (a little above 1).
Scalar steepest_slope(Activation activation);

}  // namespace entivec
