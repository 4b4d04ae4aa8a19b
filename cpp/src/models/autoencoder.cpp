#include "entivec/models/autoencoder.h"

namespace entivec {

namespace {

struct AutoEncoderWorkspace : Workspace {
  AutoEncoderWorkspace(const AutoEncoder& model, Index capacity)
      : encoder(model.encoder().cache(capacity)),
        decoder(model.decoder().cache(capacity)),
        z(Matrix::Zero(capacity, model.code())),
        dz(Matrix::Zero(capacity, model.code())),
        outputs(Matrix::Zero(capacity, model.layout().outputs())) {}

  Encoder::Cache encoder;
  Decoder::Cache decoder;
  Matrix z, dz, outputs;
};

AutoEncoderWorkspace& own(Workspace& workspace) { return static_cast<AutoEncoderWorkspace&>(workspace); }

}  // namespace

AutoEncoder::AutoEncoder(const TableLayout& layout, const AutoEncoderSizes& sizes)
    : layout_(layout),
      sizes_(sizes),
      encoder_(layout, sizes.hidden, sizes.code, sizes.activation, sizes.linear_path),
      decoder_(layout, sizes.hidden, sizes.code, sizes.activation, sizes.linear_path),
      reconstruction_(layout) {}

std::unique_ptr<Workspace> AutoEncoder::workspace(Index capacity) const {
  return std::make_unique<AutoEncoderWorkspace>(*this, capacity);
}

Scalar AutoEncoder::loss_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                                      Workspace& workspace, VectorRef grads) const {
  auto& w = own(workspace);
  auto z = w.z.topRows(batch.size), dz = w.dz.topRows(batch.size), outputs = w.outputs.topRows(batch.size);
  const auto decoder_layers = static_cast<std::uint32_t>(encoder_.depth() + 1);
  auto encoder_grads = grads.head(encoder_.num_params());
  auto decoder_grads = grads.tail(decoder_.num_params());

  encoder_.forward(batch, encoder_params(params), dropout, w.encoder, z);
  decoder_.forward(z, decoder_params(params), dropout, decoder_layers, w.decoder, outputs);
  Scalar loss = reconstruction_.value_and_gradient(batch, scale, outputs);
  decoder_.backward(z, outputs, decoder_params(params), w.decoder, dz, decoder_grads);

  auto bent = w.encoder.bent.topRows(batch.size);
  if (encoder_.has_body()) {
    const Scalar by = encoder_.has_linear_path() ? scale * sizes_.nonlinear_penalty / static_cast<Scalar>(code()) : 0;
    // M_e(x) has served; its place takes its own gradient.
    for (Index i = 0; i < batch.size; ++i) {
      loss += by * batch.weight[i] * bent.row(i).squaredNorm();
      bent.row(i) = dz.row(i) + 2 * by * batch.weight[i] * bent.row(i);
    }
  }
  encoder_.backward(batch, dz, bent, encoder_params(params), w.encoder, encoder_grads);
  return loss;
}

Scalar AutoEncoder::penalty(ConstVectorRef params, VectorRef grads) const {
  if (sizes_.l2 <= 0) return 0;
  return encoder_.l2(sizes_.l2, encoder_params(params), grads.head(encoder_.num_params())) +
         decoder_.l2(sizes_.l2, decoder_params(params), grads.tail(decoder_.num_params()));
}

void AutoEncoder::encode(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef z) const {
  encoder_.forward(batch, encoder_params(params), Dropout{}, own(workspace).encoder, z);
}

void AutoEncoder::decode(ConstMatrixRef z, ConstVectorRef params, Workspace& workspace, MatrixRef outputs) const {
  decoder_.forward(z, decoder_params(params), Dropout{}, 0, own(workspace).decoder, outputs);
}

void AutoEncoder::initialise(std::uint64_t seed, VectorRef params) const {
  const Random random(seed, Stream::kInitial);
  std::uint64_t index = 0;
  encoder_.initialise(random, index, params.head(encoder_.num_params()));
  decoder_.initialise(random, index, params.tail(decoder_.num_params()));
}

}  // namespace entivec
