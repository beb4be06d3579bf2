// Which paths are offered where: each condition taken away in turn, and real refusals by the
// kernel.
#include "kernels_cpu/detection.h"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#endif

#include "kernels_cpu/kernels.h"
#include "test/check.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

bool listed(const char* const* names, const char* name) {
  for (; *names != nullptr; ++names) {
    if (std::strcmp(*names, name) == 0) return true;
  }
  return false;
}

}  // namespace

TEST("a path is named exactly where nothing speaks against it") {
  for (const char* const* name = kernelNamesBuilt(); *name != nullptr; ++name) {
    const bool here = *whyNotHere(*name) == '\0';
    CHECK_SAY(listed(kernelNamesHere(), *name) == here, *name);
    const Kernels* const kernels = kernelsNamed(*name);
    CHECK_SAY((kernels != nullptr) == here, *name << ": " << whyNotHere(*name));
    if (here) CHECK(std::strcmp(kernels->name, *name) == 0);
  }
  CHECK(kernelsNamed("sse9") == nullptr);
  CHECK(std::string(whyNotHere("sse9")).find("no such path") != std::string::npos);
}

TEST("without a name the fastest portable path is taken, and the reference is last") {
  const Kernels* const chosen = kernelsNamed("");
  CHECK(chosen != nullptr);
  const char* const* name = kernelNamesHere();
  bool anyPortable = false;
  const Kernels* first = nullptr;
  for (; *name != nullptr; ++name) {
    const Kernels* const kernels = kernelsNamed(*name);
    if (kernels->numerics != Numerics::kPortable) continue;
    anyPortable = true;
    if (first == nullptr) first = kernels;
  }
  CHECK(std::strcmp(name[-1], "reference") == 0);
  if (anyPortable) CHECK(chosen == first);
  CHECK(chosen->numerics != Numerics::kReference);
}

#if defined(__x86_64__)

namespace {

/// A processor and a system that have everything.
ProcessorFacts everything() {
  ProcessorFacts f;
  f.leafMax = 0x20;
  f.leaf1Ecx = f.leaf7Ebx = f.leaf7Ecx = f.leaf7Edx = f.leaf7Sub1Eax = 0xffffffffu;
  f.tilePaletteMax = 1;
  f.tilePalette1Ebx = 8u << 16 | 64;
  f.tilePalette1Ecx = 16;
  f.xcr0 = 0x600e7;
  return f;
}

const char* const kPaths[] = {"amx", "avx512_bf16", "avx512", "avx2", "scalar", "reference"};

struct Absence {
  const char* what;      // a part of the sentence
  const char* lastLost;  // this path and all before it in kPaths are lost, those after stay
  std::function<void(ProcessorFacts&)> take;
};

const std::vector<Absence>& absences() {
  const auto clear = [](std::uint32_t ProcessorFacts::*field, int bit) {
    return [field, bit](ProcessorFacts& f) { f.*field &= ~(1u << bit); };
  };
  const auto noState = [](int bit) {
    return [bit](ProcessorFacts& f) { f.xcr0 &= ~(std::uint64_t{1} << bit); };
  };
  const auto refused = [](int error) {
    return [error](ProcessorFacts& f) { f.tilePermissionError = error; };
  };
  using F = ProcessorFacts;
  static const std::vector<Absence> all = {
      {"OSXSAVE", "avx2", clear(&F::leaf1Ecx, 27)},
      {"256-bit registers", "avx2", noState(1)},
      {"256-bit registers", "avx2", noState(2)},
      {"lacks AVX", "avx2", clear(&F::leaf1Ecx, 28)},
      {"lacks FMA", "avx2", clear(&F::leaf1Ecx, 12)},
      {"lacks F16C", "avx2", clear(&F::leaf1Ecx, 29)},
      {"lacks AVX2", "avx2", clear(&F::leaf7Ebx, 5)},
      {"lacks BMI2", "avx2", clear(&F::leaf7Ebx, 8)},
      {"512-bit registers", "avx512", noState(5)},
      {"512-bit registers", "avx512", noState(6)},
      {"512-bit registers", "avx512", noState(7)},
      {"AVX512F", "avx512", clear(&F::leaf7Ebx, 16)},
      {"AVX512DQ", "avx512", clear(&F::leaf7Ebx, 17)},
      {"AVX512BW", "avx512", clear(&F::leaf7Ebx, 30)},
      {"AVX512VL", "avx512", clear(&F::leaf7Ebx, 31)},
      {"AVX512_VBMI", "avx512_bf16", clear(&F::leaf7Ecx, 1)},
      {"AVX512_BF16", "avx512_bf16", clear(&F::leaf7Sub1Eax, 5)},
      {"CPUID 0x1e", "amx", [](F& f) { f.leafMax = 0x1d; }},
      {"tile registers (XCR0", "amx", noState(17)},
      {"tile registers (XCR0", "amx", noState(18)},
      {"AMX-TILE", "amx", clear(&F::leaf7Edx, 24)},
      {"AMX-BF16", "amx", clear(&F::leaf7Edx, 22)},
      {"palette 1", "amx", [](F& f) { f.tilePaletteMax = 0; }},
      {"fewer than 8 tiles", "amx", [](F& f) { f.tilePalette1Ebx = 7u << 16 | 64; }},
      {"under 64 bytes", "amx", [](F& f) { f.tilePalette1Ebx = 8u << 16 | 63; }},
      {"fewer than 16 rows", "amx", [](F& f) { f.tilePalette1Ecx = 15; }},
      {"EINVAL", "amx", refused(EINVAL)},
      {"ENOSYS", "amx", refused(ENOSYS)},
      {"EPERM", "amx", refused(EPERM)},
      {"ENOSPC", "amx", refused(ENOSPC)},
      {"refused", "amx", refused(EIO)},
  };
  return all;
}

/// The errno of the tile permission in a process of its own, begun under `mode`; below 0 where that
/// processor is not asked. See main.
int permissionErrorUnder(const char* mode) {
  int pipe[2];
  CHECK(::pipe(pipe) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    dup2(pipe[1], 1);
    execl("/proc/self/exe", "detection_test", mode, static_cast<char*>(nullptr));
    _exit(127);
  }
  close(pipe[1]);
  char said[64] = {};
  std::size_t length = 0;
  for (ssize_t n = 0; (n = read(pipe[0], said + length, sizeof said - 1 - length)) > 0;) {
    length += static_cast<std::size_t>(n);
  }
  close(pipe[0]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK_SAY(WIFEXITED(status) && WEXITSTATUS(status) == 0, mode << ": status " << status);
  return std::atoi(said);
}

/// Makes arch_prctl fail with EPERM, as some sandboxes do.
void refuseArchPrctl() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_arch_prctl, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("seccomp");
    _exit(1);
  }
}

/// Gives this thread a signal stack that tiles would overflow.
void smallSignalStack() {
  static char small[8192];
  const stack_t stack = {.ss_sp = small, .ss_flags = 0, .ss_size = sizeof small};
  if (sigaltstack(&stack, nullptr) != 0) {
    std::perror("sigaltstack");
    _exit(1);
  }
}

bool tilesHere() {
  ProcessorFacts facts = processorFacts();
  facts.tilePermissionError = 0;
  return *whyNot("amx", facts) == '\0';
}

}  // namespace

TEST("a machine that has everything runs every path") {
  for (const char* path : kPaths) CHECK_SAY(*whyNot(path, everything()) == '\0', path);
}

TEST("each missing condition takes away the paths that need it, by name, and no other") {
  for (const Absence& absence : absences()) {
    ProcessorFacts facts = everything();
    absence.take(facts);
    bool lost = true;
    for (const char* path : kPaths) {
      const std::string why = whyNot(path, facts);
      CHECK_SAY((why != "") == lost, absence.what << ", " << path << ": " << why);
      if (lost) CHECK_SAY(why.find(absence.what) != std::string::npos, absence.what << ": " << why);
      if (std::strcmp(path, absence.lastLost) == 0) lost = false;
    }
    CHECK(!lost);
  }
}

TEST("a machine that says nothing of itself still has the scalar path") {
  const ProcessorFacts nothing;
  for (const char* path : {"amx", "avx512_bf16", "avx512", "avx2"}) {
    CHECK_SAY(*whyNot(path, nothing) != '\0', path);
  }
  CHECK(*whyNot("scalar", nothing) == '\0');
}

TEST(
    "a filter that refuses the permission, or a signal stack too small, means no tiles and no "
    "crash") {
  if (!tilesHere()) throw Skipped("a processor with AMX");
  CHECK(permissionErrorUnder("--plain") == 0);
  CHECK(permissionErrorUnder("--filtered") == EPERM);
  CHECK(permissionErrorUnder("--small-signal-stack") == ENOSPC);
}

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "--filtered") refuseArchPrctl();
  if (mode == "--small-signal-stack") smallSignalStack();
  if (mode == "--plain" || mode == "--filtered" || mode == "--small-signal-stack") {
    std::printf("%d\n", processorFacts().tilePermissionError);
    // The names must be had under the same conditions, whatever they are.
    return kernelsNamed("") != nullptr ? 0 : 1;
  }
  return runAll(argc, argv);
}

#else
TEST_MAIN
#endif
