// The connections between router and worker break; the worker lives and dials again.

import { nothingWrong, possible, type Fault } from "./fault.ts";

export const cut: Fault = {
  name: "cut",
  when: "streaming",
  fleet: "plain",
  hits: "moved",
  whyNot: possible,
  strike: ({ worker, fleet }) => {
    fleet.proxyOf(worker).cut();
    return { mend: nothingWrong };
  },
};
