// A candidate's weight as a whole number.
#include "sample/token_weight.h"

#include <bit>

namespace signalbox {

double logOfWeight(std::uint64_t weight) {
  const int exponent = std::bit_width(weight) - 1;
  // In [1, 2): exact up to 53 bits, rounded beyond.
  const double mantissa =
      static_cast<double>(weight) * std::bit_cast<double>(std::uint64_t(1023 - exponent) << 52);
  // Within [1/sqrt 2, sqrt 2] |ratio| stays below 0.172, and 0.172^22 is nothing beside 1.
  const bool upper = mantissa > 1.4142135623730951;
  const double centred = upper ? mantissa * 0.5 : mantissa;
  const double ratio = (centred - 1) / (centred + 1);
  const double square = ratio * ratio;
  double sum = 0;
  for (int odd = 21; odd > 0; odd -= 2) sum = sum * square + 1.0 / odd;
  const double power = exponent - 40 + (upper ? 1 : 0);
  return power * 0.6931471805599453 + 2 * ratio * sum;
}

}  // namespace signalbox
