// The job's memory limit is reached and the kernel kills the worker: a neighbour in the same
// control group allocates until it does. As in a batch job, nobody asks the worker.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { whyNoMemoryGroup, type MemoryGroup } from "../memory-group.ts";
import { replace, type Fault } from "./fault.ts";

const MIB = 2 ** 20;
/** Above what the group uses; Node itself takes most of it. */
const ROOM_BYTES = 64 * MIB;
/** What the neighbour takes, over the room and under what the worker leaves. */
const TAKEN_MIB = 128;
const KILLED_MS = 30_000;
const NEIGHBOUR = `
  const kept = [];
  for (let i = 0; i < ${TAKEN_MIB}; i++) kept.push(Buffer.alloc(${MIB}, 1));
  setInterval(() => kept, 1000);
`;

export const outOfMemory: Fault = {
  name: "out-of-memory",
  when: "streaming",
  fleet: "memory-limit",
  hits: "moved",
  whyNot: whyNoMemoryGroup,
  strike: (target) => {
    const group = target.fleet.group!;
    const killsBefore = group.kills;
    writeFileSync(`/proc/${target.pid}/oom_score_adj`, "1000"); // Of all in the group: this one.
    group.limit(group.usedBytes + ROOM_BYTES);
    const neighbour = spawn(process.execPath, ["-e", NEIGHBOUR], { stdio: "ignore" });
    const ended = once(neighbour, "exit");
    // Next, should the kernel want another while the worker is still going.
    writeFileSync(`/proc/${neighbour.pid}/oom_score_adj`, "999");
    let others: readonly string[] = [];
    return {
      landed: untilKilled(group, killsBefore),
      mend: async () => {
        neighbour.kill("SIGKILL");
        await ended;
        group.limit(null);
        const kills = group.kills - killsBefore;
        const wrong = kills > 0 ? [] : ["the kernel killed nobody for memory"];
        await replace(target);
        // The kernel goes on until there is room, and another worker may be what it takes.
        const dead = await target.fleet.whole();
        others = dead.map(({ name }) => name);
        const unexplained = dead.slice(Math.max(0, kills - 1)).map(({ said }) => said);
        return [...wrong, ...unexplained];
      },
      others: () => others,
    };
  },
};

/** Looks often: the moment is what the router's detection is counted from. */
async function untilKilled(group: MemoryGroup, killsBefore: number): Promise<void> {
  const endMs = performance.now() + KILLED_MS;
  while (group.kills === killsBefore && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
