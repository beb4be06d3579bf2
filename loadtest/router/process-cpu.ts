// A process's processor time, user and system, of all its threads.

import { readFileSync } from "node:fs";

const TICK_SECONDS = 1 / 100; // USER_HZ

/** From the text of /proc/PID/stat; the name in it may hold blanks and brackets. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS; // utime, stime
}

export function cpuSeconds(pid: number): number {
  return cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
}
