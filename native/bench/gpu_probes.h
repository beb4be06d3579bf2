// The roofs of a device, measured: what memory, the link to the host and the tensor cores give.
// loadtest/gpu/README.md says what the requests mean.
#pragma once

#include "bench/gpu_device.h"
#include "bench/protocol.h"

namespace signalbox::bench {

/// From device memory to device memory: `gbPerSecond` counts what is read and what is written.
void probeCopy(Gpu& gpu, const Json& request, Answer& answer);
/// From pinned memory of the host.
void probeUpload(Gpu& gpu, const Json& request, Answer& answer);
/// A square product of bf16: `kernel` is "weightProduct" or "promptProduct".
void probeMatrix(Gpu& gpu, const Json& request, Answer& answer);

}  // namespace signalbox::bench
