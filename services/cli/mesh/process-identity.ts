// Which process a pid meant. Pids are used again; a pid with the moment its process started and the
// boot it started in is not.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /**
   * On Linux `BOOT_ID:TICKS`, TICKS being field 22 of /proc/PID/stat (proc(5): clock ticks since
   * boot). Elsewhere what `ps -o lstart=` says.
   */
  readonly startedAt: string;
}

/** `null` when there is no such process, or only what is left of one that nobody has waited for. */
export function identityOf(pid: number): ProcessIdentity | null {
  const startedAt = process.platform === "linux" ? linuxStart(pid) : psStart(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** True only while that very process lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends a signal if the process is still the one meant. False when it was gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw reason;
  }
}

function linuxStart(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  const start = parseStat(stat);
  if (start === null || start.state === "Z" || start.state === "X") return null;
  return `${bootId()}:${start.ticks}`;
}

/** The command's name, field 2, may hold spaces and brackets: fields are counted from its end. */
export function parseStat(stat: string): { readonly state: string; readonly ticks: string } | null {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, ticks] = [fields[0], fields[19]];
  return state === undefined || ticks === undefined ? null : { state, ticks };
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "unknown-boot";
  }
}

function psStart(pid: number): string | null {
  try {
    const args = ["-o", "stat=,lstart=", "-p", String(pid)];
    const answer = execFileSync("ps", args, { encoding: "utf8", env: { LC_ALL: "C" } }).trim();
    return answer === "" || answer.startsWith("Z") ? null : answer.replace(/^\S+\s+/u, "");
  } catch {
    return null;
  }
}
