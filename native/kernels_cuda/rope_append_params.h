// What ropeAppendRuns (rope_append.cuh) takes: for whoever launches it.
#pragma once

#include "kernels_cpu/kernels.h"

namespace signalbox {

inline constexpr int kAppendThreads = 128;
inline constexpr int kAppendHeadDimMax = 256;

/// Grid: [runs][key heads]. `params` is what the CPU's ropeAppend takes, on the device.
struct RopeAppendLaunch {
  RopeAppendParams params;
  const RowRun* runs;
};

struct AppendWarp {
  float head[kAppendHeadDimMax];  // normed
  float rotated[kAppendHeadDimMax];
};

struct AppendShared {
  AppendWarp warps[kAppendThreads / 32];
};

}  // namespace signalbox
