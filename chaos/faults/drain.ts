// SIGTERM: the worker finishes what it can within its time and hands the rest back.

import type { Fault } from "./fault.ts";

export const drain: Fault = {
  name: "drain",
  when: "streaming",
  strike: ({ worker, serving }) => void serving.signal(worker, "SIGTERM"),
  mend: async ({ worker, serving }) => {
    serving.forget(worker);
    await serving.addWorker();
  },
};
