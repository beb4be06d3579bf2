// One tensor-parallel rank of the engine stands still; the process lives, reports and answers. The
// rank is a thread, and strace holds that one thread alone: it enters no system call for a minute,
// and a rank that waits for the other one does so by system calls.
//
// The engine must name the rank, and its worker must end.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { waitFor } from "#shared/testing/wait-for.ts";
import { isAlive } from "../../services/cli/mesh/process-identity.ts";
import { logTail } from "../../services/cli/mesh/start-service.ts";
import { replace, type Fault } from "./fault.ts";

const HELD_US = 60_000_000;
const ATTACH_MS = 5_000;
const END_MS = 30_000;

export const rankStall: Fault = {
  name: "rank-stall",
  when: "streaming",
  fleet: "two-ranks",
  hits: "moved",
  whyNot: () => {
    if (availableParallelism() < 2) return "needs two CPUs";
    return spawnSync("strace", ["-V"]).status === 0 ? null : "needs strace";
  },
  strike: (target) => {
    const { pid, worker, fleet } = target;
    const record = fleet.serving.workers.find(({ name }) => name === worker)!;
    const thread = threadOfRankOne(pid);
    const holding = ["-q", "-o", "/dev/null", "-p", String(thread)];
    const delay = ["-e", `inject=all:delay_enter=${HELD_US}`];
    const strace = spawn("strace", [...holding, ...delay], { stdio: "ignore" });
    const landed = waitFor(() => isTraced(pid, thread), ATTACH_MS, "strace holds the thread");
    return {
      landed: landed.then(() => {}),
      mend: async (moved) => {
        const ended = once(strace, "exit");
        const hasFailed = (): boolean => logTail(record.logFile).includes("the engine failed");
        // The streams may have ended elsewhere before the engine's own deadline.
        if (moved > 0) await waitFor(hasFailed, END_MS, `the engine of ${worker} fails`);
        strace.kill("SIGKILL"); // The thread goes on, into an engine that has failed.
        await ended;
        // Nobody waits for a rank in an engine without work.
        if (moved === 0) return replace(target, "SIGKILL");
        await waitFor(() => !isAlive(record), END_MS, `${worker} ends, its engine has failed`);
        const said = logTail(record.logFile);
        await replace(target);
        return /rank 1 did not/u.test(said) ? [] : [`the engine did not name rank 1:\n${said}`];
      },
    };
  },
};

/** With as many CPUs as threads the engine holds each rank's to one CPU: the second has CPU 1. */
function threadOfRankOne(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  const held = threads.filter((thread) =>
    /^\d+$/u.test(statusOf(pid, thread, "Cpus_allowed_list")),
  );
  const cpus = held.map((thread) => Number(statusOf(pid, thread, "Cpus_allowed_list")));
  const [found] = held.filter((_, i) => cpus[i] === Math.max(...cpus));
  if (found === undefined) throw new Error(`no thread of process ${pid} is held to one CPU`);
  return found;
}

function isTraced(pid: number, thread: number): boolean {
  return statusOf(pid, thread, "TracerPid") !== "0";
}

/** A line of proc(5)'s status. */
function statusOf(pid: number, thread: number, name: string): string {
  const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
  return new RegExp(`^${name}:\\s*(.*)$`, "mu").exec(text)?.[1] ?? "";
}
