// Path "reference": plain loops over fp32 activations and bf16 weights, sums in double, layouts of
// its own. What the other paths are compared with; not fast, and on every machine.
#include "kernels_cpu/isa_tables.h"

#include <cstddef>
#include <cstdint>

#include "core/numeric.h"

#include "kernels_cpu/gemm_reference.inl"
#include "kernels_cpu/elementwise_reference.inl"
#include "kernels_cpu/attention_reference.inl"

#define SIGNALBOX_TABLE kReferenceKernels
#define SIGNALBOX_NAME "reference"
#define SIGNALBOX_NUMERICS Numerics::kReference
#include "kernels_cpu/isa_table.inl"
