// SIGSTOP: the process is there, its connections stand, and nothing moves. It wakes up after its
// streams have gone on elsewhere, and must not disturb them.

import type { Fault } from "./fault.ts";

export const stop: Fault = {
  name: "stop",
  when: "streaming",
  strike: ({ worker, serving }) => void serving.signal(worker, "SIGSTOP"),
  mend: async ({ worker, serving }) => {
    serving.signal(worker, "SIGCONT");
    await Promise.resolve();
  },
};
