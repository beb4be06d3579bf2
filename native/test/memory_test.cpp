// The memory that weights and cache live in: on huge pages where the system has them, and given
// back by an unload. It is mapped, so no sanitizer counts it.
#include "core/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "test/check.h"
#include "test/decoding.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// The number of kilobytes in a line "NAME:   12 kB" of a file, or -1.
long kilobytesIn(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::atol(line.c_str() + name.size() + 1);
  }
  return -1;
}

/// Of the mapping that `at` lies in: how much is on huge pages. -1 where the system does not say.
long hugeKilobytesAt(const void* at) {
  const auto address = reinterpret_cast<unsigned long>(at);
  std::ifstream file("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    unsigned long first = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &end) == 2) {
      inside = first <= address && address < end;
    } else if (inside && line.rfind("AnonHugePages:", 0) == 0) {
      return std::atol(line.c_str() + 14);
    }
  }
  return -1;
}

/// What a mapping that asks for huge pages as the manual says gets of them, of `bytes`.
long hugeKilobytesToHave(std::size_t bytes) {
  void* const start = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(start != MAP_FAILED);
  auto* const first = reinterpret_cast<std::uint8_t*>(
      roundUp(reinterpret_cast<std::size_t>(start), kHugePage));
  madvise(first, bytes, MADV_HUGEPAGE);
  std::memset(first, 1, bytes);
  const long got = hugeKilobytesAt(first);
  munmap(start, bytes + kHugePage);
  return got;
}

}  // namespace

TEST("memory is new, aligned and on huge pages where the system grants them") {
  constexpr std::size_t kBytes = 8 * kHugePage;
  const HugeBuffer memory(kBytes - 5, "a test");
  CHECK(reinterpret_cast<std::size_t>(memory.bytes()) % kHugePage == 0);
  CHECK(memory.size() == kBytes - 5 && memory.bytes()[kBytes - 6] == 0);
  std::memset(memory.bytes(), 1, memory.size());
  const long got = hugeKilobytesAt(memory.bytes());
  std::printf("      %ld of %zu KB\n", got, kBytes >> 10);
  if (got > 0) return;
  // Switched off, or none free: then nobody gets any.
  if (hugeKilobytesToHave(kBytes) <= 0) throw Skipped("the kernel grants no huge pages here");
  CHECK_SAY(got > 0, "others get huge pages");
}

TEST("a model that is loaded, run and unloaded ten times leaves no memory behind") {
  // Every thread would get an arena of address space, as many as happen to allocate at once.
  mallopt(M_ARENA_MAX, 1);
  const auto once = [] {
    RunnerOptions options;
    options.folder = (modelsFolder() / "random" / "llama-ranks").string();
    options.ranks = 2;
    options.threads = 4;
    options.pin = false;
    options.blocks = 8;
    options.rowsMax = 16;
    options.stallMillis = 60'000;
    Decoder decoder(options);
    Sequence sequence;
    CHECK(!decoder.prefill(sequence, std::vector<TokenId>{3, 1, 4, 1, 5}).empty());
  };
  const auto taken = [](const char* what) { return kilobytesIn("/proc/self/status", what); };
  constexpr int kLoads = 10;
  // Stacks of threads and the allocator's own are kept for the next.
  for (int i = 0; i < 3; ++i) once();
  const long mapped = taken("VmSize");
  const long resident = taken("VmRSS");
  CHECK(mapped > 0 && resident > 0);
  for (int i = 0; i < kLoads; ++i) once();
  const long mappedMore = taken("VmSize") - mapped;
  const long residentMore = taken("VmRSS") - resident;
  std::printf("      %ld KB more mapped, %ld KB more resident\n", mappedMore, residentMore);
  // The smallest thing that could be forgotten each time is one huge page.
  constexpr long kAllowed = kLoads * static_cast<long>(kHugePage >> 10) / 2;
  CHECK_SAY(mappedMore < kAllowed, mappedMore << " KB after " << kLoads << " loads");
  CHECK_SAY(residentMore < kAllowed, residentMore << " KB after " << kLoads << " loads");
}

TEST_MAIN
