// One token from one row of logits, exactly: another implementation that follows this page draws
// the same tokens.
//
// All arithmetic on logits is fp32, each operation rounded to nearest; results that are subnormal
// (or -0) become +0 and results beyond the largest float become that, with its sign ("settled").
// Weights are whole numbers (token_weight.h), so no sum depends on an order.
//
//   D1. A logit that is NaN or infinite, anywhere in the row: the draw fails.
//   D2. For each bias of the request, in the request's order: x = settled(x + bias).
//   D3. Tokens that the mask does not allow are excluded.
//   D4. Of every token in prompt or output: x = settled(x > 0 ? x / repetition : x * repetition).
//       Of every token in the output, there c times: x = settled(x - frequency * c), then
//       x = settled(x - presence).
//   D5. Log-probabilities are of what is here now: with m the largest x and W the sum of
//       weightOf(x - m) over all that is not excluded, token t has
//       float(double(x_t) - (double(m) + logOfWeight(W))). Alternatives stand by D7's order.
//   D6. Before minTokens, tokens that would end the request are excluded, unless nothing else is
//       left.
//   D7. Candidates are ordered by x, largest first, and of equals the lower id first. Temperature 0
//       (anything below 2^-16) takes the first. Otherwise m is the first's x, and every candidate
//       weighs w = weightOf((x - m) / temperature).
//   D8. Top-k keeps the first k candidates. Top-p below 1 keeps those of them before which less
//       weight stands than floor(double(topP) * double(sum of their weights)), and always the
//       first. Min-p keeps those of them with w >= trunc(minP * 2^40).
//   D9. With W the sum of what is kept and r = drawAt(seed, position) (philox.h), the token drawn
//       is the first in order of id up to which more weight than the upper half of r * W stands.
//       `position` is the number of tokens before the drawn one, prompt and output.
#pragma once

#include "sample/candidates.h"
#include "sample/draw_input.h"
#include "sample/logit_row.h"

namespace signalbox {

/// Temperatures below it count as 0.
inline constexpr float kTemperatureMin = 0x1p-16f;

/// Works on one row at a time; threads use one each. Allocates nothing once it has seen a request's
/// longest list of suppressed tokens.
class Sampler {
 public:
  explicit Sampler(int vocab) : row_(vocab), candidates_(vocab) {}
  void draw(const DrawInput& input, Drawn& drawn);

 private:
  LogitRow row_;
  Candidates candidates_;
};

}  // namespace signalbox
