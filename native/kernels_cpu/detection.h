// Which instruction paths this machine can run, decided from a few registers' values.
//
// Source: Intel SDM volume 1 chapters 13 and 18; Linux Documentation/arch/x86/xstate.rst; the order
// of the questions and the sentences are tested with every condition taken away in turn.
#pragma once

#include <cstdint>

#include "kernels_cpu/kernels.h"

namespace signalbox {

/// What the processor and the system say of themselves. Leaves that a processor lacks are zero.
struct ProcessorFacts {
  std::uint32_t leafMax = 0;
  std::uint32_t leaf1Ecx = 0;
  std::uint32_t leaf7Ebx = 0;
  std::uint32_t leaf7Ecx = 0;
  std::uint32_t leaf7Edx = 0;
  std::uint32_t leaf7Sub1Eax = 0;
  std::uint32_t tilePaletteMax = 0;  // leaf 0x1d, 0: EAX
  std::uint32_t tilePalette1Ebx = 0;  // leaf 0x1d, 1: bytes per row, and tiles above bit 16
  std::uint32_t tilePalette1Ecx = 0;  // rows
  std::uint64_t xcr0 = 0;             // 0 without OSXSAVE
  /// 0, or the errno with which the kernel refused the tile registers.
  int tilePermissionError = 0;
};

/// Asks the processor and, when it has tiles, the kernel for permission to use them: per process,
/// for all threads, at most one system call. Never fails: a refusal is a fact.
ProcessorFacts processorFacts();

/// Why the path cannot run where these facts hold, as a sentence; empty when it can. `name` is one
/// of kernelNamesBuilt().
const char* whyNot(const char* name, const ProcessorFacts& facts);

}  // namespace signalbox
