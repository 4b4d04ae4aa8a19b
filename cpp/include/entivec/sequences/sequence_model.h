// A network over sequences of events, as a Trainer trains it. An example is an entity with its events.
#pragma once

#include "entivec/sequences/pass.h"
#include "entivec/train/model.h"

namespace entivec {

class SequenceModel : public Model {
 public:
  // Borrows all of them. The loss of an example is that of its events over `events_per_example`, so that a step's is
  // about the mean over events; plus the contrastive one and the guides'.
  SequenceModel(const SequenceNet& net, const SequenceView& view, const GuideView& guide, Scalar events_per_example);

  Index num_examples() const override { return view_.entities; }
  Index num_params() const override { return net_.num_params(); }
  Index num_dense() const override { return net_.num_dense(); }
  std::unique_ptr<Workspace> workspace(Index capacity) const override;

  void load(const Step& step, Workspace& workspace) const override;
  void forward(const Step& step, ConstVectorRef params, Workspace& workspace) const override;
  bool coupled() const override { return net_.sizes().objective == Objective::kContrastive; }
  Scalar couple(const Shards& shards, Scalar annealed) const override;
  Scalar backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const override;

  // SequenceNet::parts(), means over what has them; then the share of shards whose gradient was clipped.
  Index num_terms() const override { return net_.parts() + 1; }
  void add_terms(const Shards& shards, Eigen::Ref<Eigen::VectorXd> sums) const override;

  // The loss of examples without dropout, and its parts, NaN where nothing has one.
  struct Score {
    double loss = 0;
    std::vector<double> parts;
  };
  Score score(ConstVectorRef params, const std::vector<Index>& examples, std::uint64_t seed, int threads) const;

 private:
  struct Scratch;

  std::vector<Sequence> slices(const Step& step) const;
  Index rows_of_longest(Index sequences) const;
  Scalar losses(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const;
  Scalar guide_loss(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const;
  Scalar piece_loss(const Step& step, Index piece, ConstVectorRef params, Scratch& own, Gradient* gradient) const;
  void decode(const Step& step, ConstVectorRef params, Scratch& own) const;
  Scalar decoder_loss(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const;
  // Of rows of the piece at hand whose states say the events `own.said`; adds to `d_states`.
  Scalar heads_loss(const Step& step, ConstMatrixRef states, ConstVectorRef params, Scratch& own, MatrixRef d_states,
                    Gradient* gradient) const;
  void clip(const Step& step, Scratch& own, Gradient& gradient) const;

  const SequenceNet& net_;
  SequenceView view_;
  GuideView guide_;
  Scalar events_per_example_;
  Pool pool_;
};

}  // namespace entivec
