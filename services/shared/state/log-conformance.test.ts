// The one suite over the drivers. Embedded and simulated run everywhere; JetStream runs where a
// nats-server can be found, and a skip is loud.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { afterAll, beforeAll, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import { openEmbeddedLog } from "./embedded-log.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { jetStreamWorld } from "./jetstream-world.ts";
import type { JetStreamWorld } from "./jetstream-world.ts";
import { DURABLE } from "./lmdb-options.ts";
import { describeLogConformance } from "./log-conformance.ts";
import type { HarnessOptions, LogHarness } from "./log-conformance.ts";
import { SimulatedLogServer } from "./simulated-log.ts";
import type { LogFaults } from "./simulated-log.ts";

async function embedded(options: HarnessOptions): Promise<LogHarness> {
  const path = mkdtempSync(join(tmpdir(), "signalbox-log-"));
  return {
    open: async () => openEmbeddedLog({ path, ...options }),
    inject: async (partition, bytes) => {
      const env = open<Buffer, Buffer>({ ...DURABLE, path });
      env.transactionSync(() => {
        const headKey = Buffer.from([0x68, 0, partition]);
        const head = JSON.parse(String(env.get(headKey))) as { sequence: number };
        const key = Buffer.from([0x72, 0, partition, 0, 0, 0, 0, 0, head.sequence + 1]);
        env.putSync(key, Buffer.from(bytes));
        env.putSync(headKey, Buffer.from(JSON.stringify({ ...head, sequence: head.sequence + 1 })));
      });
      await env.close();
    },
    loseNextAck: null,
    close: async () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Time that jumps to the next timer whenever nothing else is left to do. */
function eagerTime() {
  let nowMs = 0;
  let pending: { atMs: number; callback: () => void }[] = [];
  const fire = (): void => {
    const next = pending.toSorted((a, b) => a.atMs - b.atMs)[0];
    if (next === undefined) return;
    pending = pending.filter((it) => it !== next);
    nowMs = Math.max(nowMs, next.atMs);
    next.callback();
    if (pending.length > 0) setImmediate(fire);
  };
  return {
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    timers: {
      after: (delayMs: number, callback: () => void) => {
        const it = { atMs: nowMs + delayMs, callback };
        pending.push(it);
        if (pending.length === 1) setImmediate(fire);
        return () => void (pending = pending.filter((other) => other !== it));
      },
    },
  };
}

function simulated(faults: Partial<LogFaults>, seed: number) {
  return async (options: HarnessOptions): Promise<LogHarness> => {
    const server = new SimulatedLogServer({
      ...options,
      ...eagerTime(),
      random: seededRandom(seed),
      faults,
    });
    return {
      open: async () => server.open(),
      inject: async (partition, bytes) => server.inject(partition, bytes),
      loseNextAck: () => {
        const { ackLostChance } = server.faults;
        server.faults = { ...server.faults, ackLostChance: 1 };
        const before = server.faultsHit.ackLost;
        const restore = (): void => {
          if (server.faultsHit.ackLost === before) setImmediate(restore);
          else server.faults = { ...server.faults, ackLostChance };
        };
        setImmediate(restore);
      },
      close: async () => {},
    };
  };
}

describeLogConformance("embedded", embedded, { raceRounds: 100, manyRecords: 1_000 });
describeLogConformance("simulated", simulated({ delayMsMax: 3 }, 1), {
  raceRounds: 200,
  manyRecords: 500,
});
describeLogConformance(
  "simulated, on a slow line that doubles messages,",
  simulated({ delayMsMax: 20, duplicateChance: 0.2 }, 2),
  { raceRounds: 200, manyRecords: 300 },
);

const nats = natsServerHere();
if (nats === null) {
  test.skip("the jetstream log (node tools/setup.ts nats-server gets what it needs)", () => {});
} else {
  let world: JetStreamWorld;
  beforeAll(async () => {
    world = await jetStreamWorld(nats);
  });
  afterAll(() => world.close());
  describeLogConformance("jetstream", (options) => world.harness(options), {
    raceRounds: 100,
    manyRecords: 1_000,
  });
}
