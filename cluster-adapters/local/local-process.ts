// Which process is it, and does it live? Reads /proc where there is one, else asks ps(1).
//
// A pid alone names nothing: it is reused. A process is (boot id, pid, start time), or a pid whose
// command line holds the path of the attempt's own job.sh.

import type { Transport } from "../transport.ts";

export interface ProcessIdentity {
  /** First 8 characters of the boot id. */
  readonly boot8: string;
  readonly pid: number;
  /**
   * Field 22 of /proc/PID/stat, or the start time in seconds where there is no /proc; `-` unknown.
   */
  readonly startTicks: string;
}

export interface Machine {
  readonly bootId: string;
  readonly host: string;
  readonly hasProc: boolean;
}

export interface ProcessStat {
  readonly startTicks: string;
  readonly groupId: number;
  /** Ended, waiting to be reaped: in a container nobody may ever do that. */
  readonly zombie: boolean;
}

const SHORT_FILE_BYTES_MAX = 64 * 1024;
const PS_TIMEOUT_MS = 10_000;

export function encodeNativeId(process: ProcessIdentity): string {
  return `${process.boot8}:${process.pid}:${process.startTicks}`;
}

export function parseNativeId(text: string): ProcessIdentity | null {
  const match = /^([^:\s]+):(\d{1,10}):([^:\s]+)$/.exec(text);
  if (match === null) return null;
  const [, boot8 = "", pid = "", startTicks = ""] = match;
  return { boot8, pid: Number(pid), startTicks };
}

/** The file's text, or null where there is none or it cannot be read. */
export async function readText(transport: Transport, path: string): Promise<string | null> {
  try {
    return Buffer.from(await transport.readFile(path, SHORT_FILE_BYTES_MAX)).toString("utf8");
  } catch {
    return null;
  }
}

export async function machineOf(transport: Transport, proc: string): Promise<Machine> {
  const bootId = (await readText(transport, `${proc}/sys/kernel/random/boot_id`))?.trim();
  const host = (await readText(transport, `${proc}/sys/kernel/hostname`))?.trim();
  if (bootId !== undefined && host !== undefined) return { bootId, host, hasProc: true };
  const named = await transport.run(["uname", "-n"], { timeoutMs: PS_TIMEOUT_MS });
  const booted = await transport
    .run(["sysctl", "-n", "kern.boottime"], { timeoutMs: PS_TIMEOUT_MS })
    .catch(() => null);
  const seconds = /sec = (\d+)/.exec(booted?.stdout ?? "")?.[1];
  return {
    bootId: seconds === undefined ? "noboot00" : Number(seconds).toString(16).padStart(8, "0"),
    host: named.stdout.trim() || "-",
    hasProc: false,
  };
}

/** Null when there is no such process. */
export async function statOf(
  transport: Transport,
  machine: Machine,
  proc: string,
  pid: number,
): Promise<ProcessStat | null> {
  if (!machine.hasProc) return psStatOf(transport, pid);
  const text = await readText(transport, `${proc}/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

/** `PID (any name) STATE PPID PGRP …`: the name may hold spaces and brackets, the rest may not. */
export function parseStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const startTicks = fields[19];
  if (state === undefined || group === undefined || startTicks === undefined) return null;
  return { startTicks, groupId: Number(group), zombie: state === "Z" || state === "X" };
}

async function psStatOf(transport: Transport, pid: number): Promise<ProcessStat | null> {
  const answer = await transport.run(["ps", "-o", "pgid=,state=,lstart=", "-p", String(pid)], {
    timeoutMs: PS_TIMEOUT_MS,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
  });
  const match = /^\s*(\d+)\s+(\S+)\s+(\S.*\S)\s*$/m.exec(answer.stdout);
  if (match === null) return null;
  const startedAtMs = Date.parse(`${match[3]} UTC`);
  return {
    startTicks: Number.isNaN(startedAtMs) ? "-" : String(startedAtMs / 1000),
    groupId: Number(match[1]),
    zombie: (match[2] ?? "").startsWith("Z"),
  };
}

/** True when the process's own command line holds `path`: it is that attempt's supervisor. */
export async function runsFile(
  transport: Transport,
  machine: Machine,
  proc: string,
  pid: number,
  path: string,
): Promise<boolean> {
  if (machine.hasProc) {
    return (
      (await readText(transport, `${proc}/${pid}/cmdline`))?.split("\0").includes(path) ?? false
    );
  }
  const answer = await transport.run(["ps", "-o", "args=", "-p", String(pid)], {
    timeoutMs: PS_TIMEOUT_MS,
  });
  return answer.stdout.includes(path);
}

/** Whether anything alive is left in the process group: only asked when its leader is gone. */
export async function groupLives(
  transport: Transport,
  machine: Machine,
  proc: string,
  groupId: number,
): Promise<boolean> {
  if (!machine.hasProc) {
    const answer = await transport.run(["ps", "-A", "-o", "pgid=,state="], {
      timeoutMs: PS_TIMEOUT_MS,
    });
    return answer.stdout.split("\n").some((line) => {
      const [group, state] = line.trim().split(/\s+/);
      return Number(group) === groupId && state !== undefined && !state.startsWith("Z");
    });
  }
  for (const name of await transport.list(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const stat = parseStat((await readText(transport, `${proc}/${name}/stat`)) ?? "");
    if (stat?.groupId === groupId && !stat.zombie) return true;
  }
  return false;
}
