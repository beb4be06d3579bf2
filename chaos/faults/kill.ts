// kill -9: the worker's process is gone from one instruction to the next.

import type { Fault } from "./fault.ts";

export const kill: Fault = {
  name: "kill",
  when: "streaming",
  strike: ({ worker, serving }) => void serving.signal(worker, "SIGKILL"),
  mend: async ({ serving }) => void (await serving.addWorker()),
};
