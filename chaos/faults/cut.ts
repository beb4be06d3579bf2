// The connections between router and worker break; the worker lives and dials again.

import type { Fault } from "./fault.ts";

export const cut: Fault = {
  name: "cut",
  when: "streaming",
  strike: ({ proxy }) => void proxy.cut(),
  mend: () => Promise.resolve(),
};
