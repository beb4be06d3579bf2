// The control groups this process is in, and what they let it have of CPUs and of memory.
//
// Linux's cgroups, version 2 and version 1: Documentation/admin-guide/cgroup-v2.rst (cpu.max,
// memory.max, memory.stat), admin-guide/cgroup-v1/memory.rst, and scheduler/sched-bwc.rst. A group
// gets no more than each group above it, so readers look at all of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace signalbox {

struct ControlGroup {
  std::string folder;  // of its files
  bool unified;        // version 2
};

/// The group that `membership` (/proc/self/cgroup) names for `controller`, and those above it up to
/// the root, in the hierarchies mounted at `mounted`. One that is not visible from here, as in a
/// container, has no files.
std::vector<ControlGroup> controlGroups(const std::string& membership,
                                        const std::string& controller,
                                        const std::string& mounted = "/sys/fs/cgroup");

/// Of this process.
std::vector<ControlGroup> controlGroupsOfProcess(const std::string& controller);

/// As many CPUs as the tightest quota of `groups` pays for, rounded up; `none` where none is set.
int quotaCpus(const std::vector<ControlGroup>& groups, int none);

/// Bytes of memory that every one of `groups` leaves, UINT64_MAX where none limits it. Cached pages
/// of files are charged to the group that read them and given up when it needs memory, so they
/// count as left.
std::uint64_t availableBytes(const std::vector<ControlGroup>& groups);

}  // namespace signalbox
