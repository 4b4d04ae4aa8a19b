#pragma once

#include "entivec/sequences/sequence_model.h"

namespace entivec {

// What a shard of a SequenceModel has in memory.
struct SequenceModel::Scratch : Workspace {
  Scratch(const SequenceNet& net, Index sequences, Index rows)
      : pass(net, sequences, rows), heads(net.heads().scratch()) {
    pooled.resize(sequences, net.state());
    d_pooled.resize(sequences, net.state());
    d_states.resize(rows, net.state());
    if (net.sizes().objective == Objective::kReconstruct) {
      decoder = net.decoder().cache(rows, sequences);
      decoded_from.resize(rows, net.layout().event());
      d_decoded_from.resize(rows, net.layout().event());
      d_inputs.resize(rows, net.layout().event());
      decoded.resize(rows, net.state());
      d_decoded.resize(rows, net.state());
      begun.resize(sequences, net.decoder().carried());
      d_begun.resize(sequences, net.decoder().carried());
      d_code.resize(sequences, net.state());
    }
  }

  SequencePass pass;
  EventHeads::Scratch heads;
  Matrix pooled, d_pooled, d_states;  // (sequences, state) twice, (rows, state)
  std::vector<Index> entity;          // of every sequence
  std::vector<Index> said;            // by row: the event that its state is to say, or −1
  std::vector<Index> rows;            // of a block
  std::uint64_t drawn = 0;            // blocks whose negatives are drawn
  std::vector<LossPart> parts;        // SequenceNet::parts()
  bool clipped = false;

  // Of the objective `reconstruct`.
  Stack::Cache decoder;
  Matrix decoded_from, d_decoded_from, d_inputs, decoded, d_decoded, begun, d_begun, d_code;
};

}  // namespace entivec
