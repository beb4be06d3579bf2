// The network loses what goes one way, or both; nobody is told.

import type { Direction } from "#shared/testing/link-proxy.ts";
import { possible, type Fault } from "./fault.ts";

function partition(name: string, directions: readonly Direction[], when: Fault["when"]): Fault {
  return {
    name,
    when,
    fleet: "plain",
    hits: "moved",
    whyNot: possible,
    strike: ({ worker, fleet }) => {
      const proxy = fleet.proxyOf(worker);
      for (const direction of directions) proxy.lose(direction);
      return {
        mend: () => {
          proxy.heal();
          proxy.cut();
          return Promise.resolve([]);
        },
      };
    },
  };
}

export const partitionBoth = partition("partition", ["up", "down"], "streaming");
/** What the worker says is lost. */
export const partitionUp = partition("partition-up", ["up"], "streaming");
/** What the worker is told is lost. */
export const partitionDown = partition("partition-down", ["down"], "idle");
