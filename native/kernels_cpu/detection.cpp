// CPUID, XCR0 and the kernel's permission, and the table of paths chosen from them.
//
// Whatever is missing means that a path is not offered; nothing here aborts. The permission is the
// process's: it holds for threads made before and after, and is asked again after exec.
#include "kernels_cpu/detection.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#endif

#include <array>
#include <cstddef>
#include <cstring>

#include "kernels_cpu/isa_tables.h"

namespace signalbox {

namespace {

constexpr bool has(std::uint32_t value, int bit) { return (value >> bit & 1u) != 0; }

// Portable paths, fastest first; then the native one; the reference, for comparisons, last.
constexpr std::array kBuilt = {
#if defined(__x86_64__)
    &kAmxKernels, &kAvx512Kernels, &kAvx2Kernels, &kScalarKernels, &kAvx512Bf16Kernels,
#elif defined(__aarch64__)
    &kNeonKernels,
#endif
    &kReferenceKernels,
};

#if defined(__x86_64__)

constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
constexpr int kGetPermission = 0x1022;      // ARCH_GET_XCOMP_PERM
constexpr int kTileData = 18;               // the state component of the tiles

std::uint64_t readXcr0() {
  std::uint32_t low;
  std::uint32_t high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

int requestTiles() {
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) != 0) return errno;
  std::uint64_t granted = 0;
  if (syscall(SYS_arch_prctl, kGetPermission, &granted) != 0) return errno;
  return (granted >> kTileData & 1u) != 0 ? 0 : EPERM;
}

const char* whyNotAvx2(const ProcessorFacts& f) {
  if (!has(f.leaf1Ecx, 27)) return "the system does not save extended registers (OSXSAVE)";
  if ((f.xcr0 & 0x6) != 0x6) return "the system does not save 256-bit registers (XCR0 bits 1, 2)";
  if (!has(f.leaf1Ecx, 28)) return "the processor lacks AVX";
  if (!has(f.leaf1Ecx, 12)) return "the processor lacks FMA";
  if (!has(f.leaf1Ecx, 29)) return "the processor lacks F16C";
  if (!has(f.leaf7Ebx, 5)) return "the processor lacks AVX2";
  if (!has(f.leaf7Ebx, 8)) return "the processor lacks BMI2";
  return "";
}

const char* whyNotAvx512(const ProcessorFacts& f) {
  if (const char* why = whyNotAvx2(f); *why != '\0') return why;
  if ((f.xcr0 & 0xe0) != 0xe0) {
    return "the system does not save 512-bit registers (XCR0 bits 5 to 7)";
  }
  if (!has(f.leaf7Ebx, 16)) return "the processor lacks AVX512F";
  if (!has(f.leaf7Ebx, 17)) return "the processor lacks AVX512DQ";
  if (!has(f.leaf7Ebx, 30)) return "the processor lacks AVX512BW";
  if (!has(f.leaf7Ebx, 31)) return "the processor lacks AVX512VL";
  return "";
}

const char* whyNotAvx512Bf16(const ProcessorFacts& f) {
  if (const char* why = whyNotAvx512(f); *why != '\0') return why;
  if (!has(f.leaf7Ecx, 1)) return "the processor lacks AVX512_VBMI";
  if (!has(f.leaf7Sub1Eax, 5)) return "the processor lacks AVX512_BF16";
  return "";
}

/// All but the permission: asking for that makes sense only on such a processor.
const char* whyNotTiles(const ProcessorFacts& f) {
  if (const char* why = whyNotAvx512Bf16(f); *why != '\0') return why;
  if (f.leafMax < 0x1e) return "the processor does not describe tile registers (CPUID 0x1e)";
  if ((f.xcr0 >> 17 & 3) != 3) {
    return "the system does not save tile registers (XCR0 bits 17, 18)";
  }
  if (!has(f.leaf7Edx, 24)) return "the processor lacks AMX-TILE";
  if (!has(f.leaf7Edx, 22)) return "the processor lacks AMX-BF16";
  if (f.tilePaletteMax < 1) return "the processor lacks tile palette 1";
  if (f.tilePalette1Ebx >> 16 < 8) return "the processor has fewer than 8 tiles";
  if ((f.tilePalette1Ebx & 0xffff) < 64) return "the processor's tile rows are under 64 bytes";
  if ((f.tilePalette1Ecx & 0xffff) < 16) return "the processor's tiles have fewer than 16 rows";
  return "";
}

const char* whyNotAmx(const ProcessorFacts& f) {
  if (const char* why = whyNotTiles(f); *why != '\0') return why;
  switch (f.tilePermissionError) {
    case 0: return "";
    case EINVAL: return "the kernel does not know tile permissions (EINVAL; Linux 5.16 does)";
    case ENOSYS: return "the kernel does not know tile permissions (ENOSYS)";
    case EPERM: return "a filter of system calls refused the tile permission (EPERM)";
    case ENOSPC:
      return "a thread's signal stack is too small for tiles (ENOSPC; see AT_MINSIGSTKSZ)";
    default: return "the kernel refused the tile permission";
  }
}

#endif

/// Decided once: nothing of it changes while a process lives.
struct Here {
  std::array<const char*, kBuilt.size()> why;
  std::array<const char*, kBuilt.size() + 1> names{};
};

const Here& here() {
  static const Here found = [] {
    Here h;
    const ProcessorFacts facts = processorFacts();
    std::size_t count = 0;
    for (std::size_t i = 0; i < kBuilt.size(); ++i) {
      h.why[i] = whyNot(kBuilt[i]->name, facts);
      if (*h.why[i] == '\0') h.names[count++] = kBuilt[i]->name;
    }
    return h;
  }();
  return found;
}

}  // namespace

ProcessorFacts processorFacts() {
  ProcessorFacts f;
#if defined(__x86_64__)
  std::uint32_t eax;
  std::uint32_t ebx;
  std::uint32_t ecx;
  std::uint32_t edx;
  f.leafMax = __get_cpuid_max(0, nullptr);
  if (f.leafMax >= 1) {
    __cpuid(1, eax, ebx, ecx, edx);
    f.leaf1Ecx = ecx;
  }
  if (has(f.leaf1Ecx, 27)) f.xcr0 = readXcr0();
  if (f.leafMax >= 7) {
    std::uint32_t subleafMax;
    __cpuid_count(7, 0, subleafMax, ebx, ecx, edx);
    f.leaf7Ebx = ebx;
    f.leaf7Ecx = ecx;
    f.leaf7Edx = edx;
    if (subleafMax >= 1) {
      __cpuid_count(7, 1, eax, ebx, ecx, edx);
      f.leaf7Sub1Eax = eax;
    }
  }
  if (f.leafMax >= 0x1e) {
    __cpuid_count(0x1d, 0, f.tilePaletteMax, ebx, ecx, edx);
    if (f.tilePaletteMax >= 1) {
      __cpuid_count(0x1d, 1, eax, ebx, ecx, edx);
      f.tilePalette1Ebx = ebx;
      f.tilePalette1Ecx = ecx;
    }
  }
  if (*whyNotTiles(f) == '\0') f.tilePermissionError = requestTiles();
#endif
  return f;
}

const char* whyNot(const char* name, const ProcessorFacts& facts) {
#if defined(__x86_64__)
  if (std::strcmp(name, "amx") == 0) return whyNotAmx(facts);
  if (std::strcmp(name, "avx512") == 0) return whyNotAvx512(facts);
  if (std::strcmp(name, "avx512_bf16") == 0) return whyNotAvx512Bf16(facts);
  if (std::strcmp(name, "avx2") == 0) return whyNotAvx2(facts);
  if (std::strcmp(name, "scalar") == 0) return "";
#else
  (void)facts;
  if (std::strcmp(name, "neon") == 0) return "";
#endif
  if (std::strcmp(name, "reference") == 0) return "";
  return "there is no such path in this build";
}

const Kernels* kernelsNamed(const char* name) {
  const Kernels* other = nullptr;
  for (std::size_t i = 0; i < kBuilt.size(); ++i) {
    if (*here().why[i] != '\0') continue;
    if (*name != '\0') {
      if (std::strcmp(kBuilt[i]->name, name) == 0) return kBuilt[i];
      continue;
    }
    if (kBuilt[i]->numerics == Numerics::kPortable) return kBuilt[i];
    // Where no path is portable, the fastest that is meant for work.
    if (other == nullptr) other = kBuilt[i];
  }
  return other;
}

const char* const* kernelNamesHere() { return here().names.data(); }

const char* const* kernelNamesBuilt() {
  static const std::array<const char*, kBuilt.size() + 1> names = [] {
    std::array<const char*, kBuilt.size() + 1> all{};
    for (std::size_t i = 0; i < kBuilt.size(); ++i) all[i] = kBuilt[i]->name;
    return all;
  }();
  return names.data();
}

const char* whyNotHere(const char* name) {
  for (std::size_t i = 0; i < kBuilt.size(); ++i) {
    if (std::strcmp(kBuilt[i]->name, name) == 0) return here().why[i];
  }
  return "there is no such path in this build";
}

}  // namespace signalbox
