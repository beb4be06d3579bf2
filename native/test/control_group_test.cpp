// What control groups let the process have, read from files as Linux writes them.
#include "core/control_group.h"

#include <filesystem>

#include "test/check.h"
#include "test/temp_folder.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

/// Writes FOLDER/NAME below the made-up place where hierarchies are mounted.
void put(const TempFolder& mounted, const std::string& folder, const std::string& name,
         const std::string& text) {
  std::filesystem::create_directories(mounted.of(folder));
  mounted.write(folder + "/" + name, text);
}

std::string foldersOf(const std::vector<ControlGroup>& groups) {
  std::string all;
  for (const ControlGroup& group : groups) {
    all += group.folder + (group.unified ? " v2\n" : " v1\n");
  }
  return all;
}

}  // namespace

TEST("a group has those above it, in the hierarchy that has the controller") {
  const std::string membership =
      "12:cpuset:/pinned\n4:cpu,cpuacct:/jobs/17\n2:memory:/jobs\n0::/user.slice/engine.service\n";
  CHECK(foldersOf(controlGroups(membership, "cpu", "/m")) ==
        "/m/cpu/jobs/17 v1\n/m/cpu/jobs v1\n/m/cpu v1\n"
        "/m/user.slice/engine.service v2\n/m/user.slice v2\n/m v2\n");
  CHECK(foldersOf(controlGroups("0::/\n", "memory", "/m")) == "/m v2\n");
  CHECK(controlGroups("no groups here\n", "cpu", "/m").empty());
}

TEST("the tightest quota on the way up counts, rounded up to whole CPUs") {
  const TempFolder mounted;
  const auto cpus = [&](const std::string& membership) {
    return quotaCpus(controlGroups(membership, "cpu", mounted.path()), 64);
  };
  put(mounted, "system.slice/engine.service", "cpu.max", "max 100000\n");
  const std::string unit = "0::/system.slice/engine.service\n";
  CHECK(cpus(unit) == 64);  // No quota at all; the root has no such file.
  put(mounted, "system.slice", "cpu.max", "650000 100000\n");
  CHECK(cpus(unit) == 7);
  put(mounted, "system.slice/engine.service", "cpu.max", "250000 100000\n");
  CHECK(cpus(unit) == 3);
  put(mounted, "system.slice/engine.service", "cpu.max", "50000 100000\n");
  CHECK(cpus(unit) == 1);
  CHECK(cpus("0::/system.slice\n") == 7);
  // In a container its own group is the root, whatever it is called outside.
  put(mounted, ".", "cpu.max", "400000 100000\n");
  CHECK(cpus("0::/kubepods/burstable/pod1\n") == 4);
}

TEST("version 1 has two files, and -1 is no quota") {
  const TempFolder mounted;
  const auto cpus = [&] {
    return quotaCpus(controlGroups("4:cpu,cpuacct:/job\n", "cpu", mounted.path()), 64);
  };
  put(mounted, "cpu/job", "cpu.cfs_period_us", "50000\n");
  CHECK(cpus() == 64);
  put(mounted, "cpu/job", "cpu.cfs_quota_us", "-1\n");
  CHECK(cpus() == 64);
  put(mounted, "cpu/job", "cpu.cfs_quota_us", "100000\n");
  CHECK(cpus() == 2);
}

TEST("memory is what the tightest group leaves, and cached files are left too") {
  const TempFolder mounted;
  const auto left = [&](const std::string& membership) {
    return availableBytes(controlGroups(membership, "memory", mounted.path()));
  };
  const std::string unit = "0::/pod/engine\n";
  CHECK(left(unit) == UINT64_MAX);
  put(mounted, "pod/engine", "memory.max", "max\n");
  put(mounted, "pod/engine", "memory.current", "900\n");
  CHECK(left(unit) == UINT64_MAX);
  put(mounted, "pod", "memory.max", "2000\n");
  put(mounted, "pod", "memory.current", "1500\n");
  CHECK(left(unit) == 500);
  // A model of 1,200 bytes was read: its pages are given up for the next who needs memory.
  put(mounted, "pod", "memory.stat",
      "anon 300\nfile 1200\nshmem 40\nactive_file 700\ninactive_file 460\ninactive_anon 9\n");
  CHECK(left(unit) == 2000 - (1500 - 700 - 460));
  put(mounted, "pod/engine", "memory.max", "1000\n");
  CHECK(left(unit) == 100);
  // Over its limit, and a count that is older than another.
  put(mounted, "pod/engine", "memory.current", "1100\n");
  CHECK(left(unit) == 0);
  put(mounted, "pod/engine", "memory.stat", "active_file 5000\n");
  CHECK(left(unit) == 1000);
}

TEST("version 1 counts memory in other files, and a number near 2^63 is no limit") {
  const TempFolder mounted;
  const auto left = [&] {
    return availableBytes(controlGroups("2:memory:/job\n", "memory", mounted.path()));
  };
  put(mounted, "memory/job", "memory.limit_in_bytes", "9223372036854771712\n");
  put(mounted, "memory/job", "memory.usage_in_bytes", "1500\n");
  CHECK(left() == UINT64_MAX);
  put(mounted, "memory/job", "memory.limit_in_bytes", "2000\n");
  put(mounted, "memory/job", "memory.stat", "active_file 1\ntotal_active_file 200\n");
  CHECK(left() == 700);
}

TEST("files that say something else are no quota") {
  const TempFolder mounted;
  for (const char* text : {"", "max", "fast 100000", "100000 0", "100000", "-5 100000"}) {
    put(mounted, ".", "cpu.max", text);
    CHECK_SAY(quotaCpus(controlGroups("0::/\n", "cpu", mounted.path()), 8) == 8, text);
  }
}

TEST_MAIN
