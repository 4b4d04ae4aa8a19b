// Kullback–Leibler divergences of latent variables from their priors, in nats.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

// N(μ, e^lv) from N(0, 1), element by element: kl = ½(μ² + e^lv − 1 − lv).
//   mean, log_variance, kl (n, d)
void gaussian_kl(ConstMatrixRef mean, ConstMatrixRef log_variance, MatrixRef kl);

// Adds the gradient of Σ_ij by_i · kl_ij.
void gaussian_kl_backward(ConstMatrixRef mean, ConstMatrixRef log_variance, ConstVectorRef by, MatrixRef d_mean,
                          MatrixRef d_log_variance);

// A categorical distribution a = softmax(logits) from the uniform one: kl = ln k + Σ a ln a.
//   logits (n, k)   kl (n, 1)
void categorical_kl(ConstMatrixRef logits, MatrixRef kl);

// Adds the gradient of Σ_i by_i · kl_i.
void categorical_kl_backward(ConstMatrixRef logits, ConstVectorRef by, MatrixRef d_logits);

}  // namespace entivec
