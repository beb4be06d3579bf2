// Control groups by their files.
#include "core/control_group.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace signalbox {

namespace {

/// Lines are "0::/group" (version 2) and "4:cpu,cpuacct:/group" (version 1).
bool isFor(const std::string& controllers, const std::string& controller) {
  if (controllers.empty()) return true;
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == controller) return true;
  }
  return false;
}

/// CPUs that the group's quota pays for, or 0 where it has none.
double quotaOf(const ControlGroup& group) {
  std::string quota;
  double period = 0;
  if (group.unified) {
    std::ifstream file(group.folder + "/cpu.max");
    if (!(file >> quota >> period)) return 0;
  } else {
    std::ifstream quotaFile(group.folder + "/cpu.cfs_quota_us");
    std::ifstream periodFile(group.folder + "/cpu.cfs_period_us");
    if (!(quotaFile >> quota) || !(periodFile >> period)) return 0;
  }
  // "max" and "-1" are no quota.
  const double micros = std::strtod(quota.c_str(), nullptr);
  return micros > 0 && period > 0 ? micros / period : 0;
}

/// The number in `path`, or `none` where there is no such file or it says "max".
std::uint64_t numberIn(const std::string& path, std::uint64_t none) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : none;
}

/// Bytes of cached files, of the group and those below it.
std::uint64_t cachedBytes(const ControlGroup& group) {
  const std::string active = group.unified ? "active_file" : "total_active_file";
  const std::string inactive = group.unified ? "inactive_file" : "total_inactive_file";
  std::ifstream file(group.folder + "/memory.stat");
  std::uint64_t sum = 0;
  std::string key;
  for (std::uint64_t value = 0; file >> key >> value;) {
    if (key == active || key == inactive) sum += value;
  }
  return sum;
}

}  // namespace

std::vector<ControlGroup> controlGroups(const std::string& membership,
                                        const std::string& controller,
                                        const std::string& mounted) {
  std::vector<ControlGroup> groups;
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!isFor(controllers, controller)) continue;
    const bool unified = controllers.empty();
    const std::string root = unified ? mounted : mounted + "/" + controller;
    std::string group = line.substr(second + 1);
    for (;;) {
      groups.push_back({root + (group == "/" ? "" : group), unified});
      const std::size_t slash = group.rfind('/');
      if (group.size() <= 1 || slash == std::string::npos) break;
      group = slash == 0 ? "/" : group.substr(0, slash);
    }
  }
  return groups;
}

std::vector<ControlGroup> controlGroupsOfProcess(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  std::ostringstream membership;
  membership << file.rdbuf();
  return controlGroups(membership.str(), controller);
}

int quotaCpus(const std::vector<ControlGroup>& groups, int none) {
  double least = none;
  for (const ControlGroup& group : groups) {
    const double quota = quotaOf(group);
    if (quota > 0) least = std::min(least, quota);
  }
  return std::max(1, static_cast<int>(std::ceil(least)));
}

std::uint64_t availableBytes(const std::vector<ControlGroup>& groups) {
  // Version 1 says "no limit" by a number near 2^63.
  constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;
  std::uint64_t least = UINT64_MAX;
  for (const ControlGroup& group : groups) {
    const char* const limitFile = group.unified ? "/memory.max" : "/memory.limit_in_bytes";
    const char* const usedFile = group.unified ? "/memory.current" : "/memory.usage_in_bytes";
    const std::uint64_t limit = numberIn(group.folder + limitFile, kNoLimit);
    if (limit >= kNoLimit) continue;
    const std::uint64_t used = numberIn(group.folder + usedFile, 0);
    const std::uint64_t kept = used - std::min(used, cachedBytes(group));
    least = std::min(least, limit - std::min(limit, kept));
  }
  return least;
}

}  // namespace signalbox
