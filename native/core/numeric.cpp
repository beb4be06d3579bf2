// The conversions of codec.h as functions with an address, compiled for every machine.
#include "core/numeric.h"

#include "core/codec.h"

namespace signalbox {

float fp16ToFloat(Fp16 bits) { return codec::fp16ToFloat(bits); }
Fp16 floatToFp16(float value) { return codec::floatToFp16(value); }
float fp8ToFloat(Fp8 code) { return codec::fp8ToFloat(code); }
Bf16 fp8ToBf16(Fp8 code) { return codec::fp8ToBf16(code); }
Fp8 floatToFp8(float value) { return codec::floatToFp8(value); }
Fp16 scaleNotBelow(float least) { return codec::scaleNotBelow(least); }

}  // namespace signalbox
