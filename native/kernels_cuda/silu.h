// The gated activation of one element, with the CPU's bits (kernels_cpu/gemm_epilogue.inl).
#pragma once

#include "core/host_device.h"
#include "core/portable_math.h"

namespace signalbox {

/// silu(gate) * up
SIGNALBOX_BOTH inline float siluMul(float gate, float up) {
  return gate / (1.0f + portableExp(0.0f - gate)) * up;
}

}  // namespace signalbox
