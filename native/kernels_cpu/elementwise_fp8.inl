// Floats to fp8 codes.

namespace signalbox {
namespace {

/// core/numeric.h's floatToFp8 of each lane.
SIGNALBOX_INLINE I16 roundFp8(V16 value) {
  const I16 bits = asInt(value);
  const I16 magnitude = bits & splatInt(0x7fffffff);
  // Normal codes: 20 bits of the mantissa go, to nearest even; the exponent's bias goes from 127 to
  // 7.
  const I16 normal =
      ((magnitude + splatInt(0x7ffff) + ((magnitude >> 20) & splatInt(1))) >> 20) -
      splatInt(120 << 3);
  // Subnormal codes count in 2^-9, which is the last place of 2^14: the addition rounds.
  const V16 counting = asFloat(magnitude) + splat(16384.0f);
  const I16 subnormal = asInt(counting) - asInt(splat(16384.0f));
  constexpr std::int32_t kSmallestNormal = 121 << 23;  // 2^-6
  I16 code = select(greater(splatInt(kSmallestNormal), magnitude), subnormal, normal);
  code = select(greater(code, splatInt(0x7e)), splatInt(0x7e), code);
  code = select(greater(magnitude, splatInt(0x7f800000)), splatInt(0x7f), code);
  return code | ((bits >> 24) & splatInt(0x80));
}

}  // namespace
}  // namespace signalbox
