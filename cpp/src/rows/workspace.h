// Scratch of one row shard of an autoencoder.
#pragma once

#include "entivec/rows/autoencoder.h"

namespace entivec {

struct AutoEncoderWorkspace : Workspace {
  AutoEncoderWorkspace(const AutoEncoder& model, Index capacity)
      : encoder(model.encoder().cache(capacity)),
        decoder(model.decoder().cache(capacity)),
        z(Matrix::Zero(capacity, model.code())),
        dz(Matrix::Zero(capacity, model.code())),
        outputs(Matrix::Zero(capacity, model.layout().outputs())),
        by(Vector::Zero(capacity)),
        losses(Vector::Zero(capacity)) {
    if (model.guide_layout()) {
      guide_dz = Matrix::Zero(capacity, model.code());
      guide_outputs = Matrix::Zero(capacity, model.guide_layout()->outputs());
    }
    if (!model.posterior()) return;
    statistics = d_statistics = Matrix::Zero(capacity, model.posterior()->statistics());
    divergence = Matrix::Zero(capacity, model.posterior()->latents());
    by_categorical = Vector::Zero(capacity);
    mean_divergence = Eigen::VectorXd::Zero(model.posterior()->latents());
  }

  std::unique_ptr<Encoder::Cache> encoder;
  std::unique_ptr<Decoder::Cache> decoder;
  Matrix z, dz, outputs;  // z: what the decoder reads
  Vector by, losses;      // a weight for each row, of what is at hand, and its weighted −log p(x|z)
  Matrix guide_dz, guide_outputs;

  // Of a variational model.
  Matrix statistics, d_statistics, divergence;
  Vector by_categorical;
  Eigen::VectorXd mean_divergence;        // the shard's part of the batch's mean, by latent
  double mean_nats = 0;                   // the same of −log p(x|z)
  Scalar pull = 0, categorical_pull = 0;  // derivative of the loss by the KL of the Gaussian and categorical latents
};

inline AutoEncoderWorkspace& own(Workspace& workspace) { return static_cast<AutoEncoderWorkspace&>(workspace); }

}  // namespace entivec
