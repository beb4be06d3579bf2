// NATS, over which routers tell each other what they have sent where: gone for a minute, over as
// many rounds as that takes, or gone and there again in the middle of streams. Serving never needs
// it.

import { waitFor } from "#shared/testing/wait-for.ts";
import { findNatsServer } from "#shared/mesh/nats-server.ts";
import { Failure } from "#shared/base/errors.ts";
import type { ChaosFleet } from "../fleet.ts";
import { natsUp } from "../metrics.ts";
import type { Fault } from "./fault.ts";

const DOWN_MS = 60_000;
const TOLD_MS = 10_000;
/** Routers try again after 5 s at most. */
const BACK_MS = 30_000;
/** Since when the fleet is without, by performance.now(). */
const downSince = new WeakMap<ChaosFleet, number>();

export const natsDown: Fault = {
  name: "nats-down",
  when: "streaming",
  fleet: "nats",
  hits: "met",
  whyNot,
  strike: ({ fleet }) => {
    const nats = fleet.nats!;
    if (!downSince.has(fleet)) downSince.set(fleet, performance.now());
    return {
      landed: nats.kill(),
      mend: async () => {
        const wrong = await untilTold(fleet, 0, TOLD_MS);
        if (performance.now() - downSince.get(fleet)! < DOWN_MS) return wrong;
        await nats.start();
        downSince.delete(fleet);
        return [...wrong, ...(await untilTold(fleet, fleet.urls.length, BACK_MS))];
      },
    };
  },
};

export const natsRestart: Fault = {
  name: "nats-restart",
  when: "streaming",
  fleet: "nats",
  hits: "met",
  whyNot,
  strike: ({ fleet }) => {
    const nats = fleet.nats!;
    const restarted = nats.kill().then(() => nats.start());
    downSince.delete(fleet);
    return {
      landed: restarted,
      mend: () => untilTold(fleet, fleet.urls.length, BACK_MS),
    };
  },
};

/** Until so many routers say that they are connected. */
async function untilTold(fleet: ChaosFleet, up: number, deadlineMs: number): Promise<string[]> {
  try {
    await waitFor(async () => (await natsUp(fleet)) === up, deadlineMs);
    return [];
  } catch {
    return [`${await natsUp(fleet)} routers say that NATS is there, and ${up} should`];
  }
}

function whyNot(): string | null {
  try {
    findNatsServer();
    return null;
  } catch (reason) {
    return `needs a nats-server: ${Failure.from(reason).message}`;
  }
}
