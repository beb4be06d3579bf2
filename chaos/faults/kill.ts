// kill -9: the worker's process is gone from one instruction to the next.

import { possible, replace, type Fault } from "./fault.ts";

export const kill: Fault = {
  name: "kill",
  when: "streaming",
  fleet: "plain",
  hits: "moved",
  whyNot: possible,
  strike: (target) => {
    target.fleet.serving.signal(target.worker, "SIGKILL");
    return { mend: () => replace(target) };
  },
};
