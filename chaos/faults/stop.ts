// SIGSTOP: the process is there, its connections stand, and nothing moves. It wakes up after its
// streams have gone on elsewhere, and must not disturb them.

import { possible, type Fault } from "./fault.ts";

export const stop: Fault = {
  name: "stop",
  when: "streaming",
  fleet: "plain",
  hits: "moved",
  whyNot: possible,
  strike: ({ worker, fleet: { serving } }) => {
    serving.signal(worker, "SIGSTOP");
    return {
      mend: () => {
        serving.signal(worker, "SIGCONT");
        return Promise.resolve([]);
      },
    };
  },
};
