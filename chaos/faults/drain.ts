// SIGTERM: the worker finishes what it can within its time and hands the rest back.

import { possible, replace, type Fault } from "./fault.ts";

export const drain: Fault = {
  name: "drain",
  when: "streaming",
  fleet: "plain",
  hits: "moved",
  whyNot: possible,
  strike: (target) => {
    target.fleet.serving.signal(target.worker, "SIGTERM");
    return { mend: () => replace(target) };
  },
};
