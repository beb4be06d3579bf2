// Routers that hear each other over a real nats-server, and go on alone while it is away.

import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { inferenceSubject, NatsBus, natsOptions } from "#shared/mesh/nats-bus.ts";
import type { NatsOptions } from "#shared/mesh/nats-connection.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import {
  startNatsServer,
  stopNatsServer,
  type NatsBinary,
  type NatsServer,
} from "#shared/mesh/nats-server.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { fleetOf, send, wishOf } from "../core/fleet.fixture.ts";
import { onDispatched, onEnded, onTick, onWorkerUp, type Fleet } from "../core/fleet.ts";
import { specOf, MODEL } from "../core/fleet.fixture.ts";
import { PEER_TTL_MS } from "../core/peers.ts";
import { LoadSharing } from "./load-sharing.ts";
import { encodeLoad, parseLoad, parseReport, SHARES_MAX } from "./share-messages.ts";

const { WorkerReport } = signalbox.inference.v1;
const LOAD = inferenceSubject("load", MODEL);
const PROGRESS = inferenceSubject("progress", MODEL);

/** A bus between those that are made of it, without a server. */
class LocalBus {
  readonly #listeners = new Map<string, ((payload: Uint8Array) => void)[]>();
  readonly said: { readonly subject: string; readonly payload: Uint8Array }[] = [];

  publish(subject: string, payload: Uint8Array): boolean {
    this.said.push({ subject, payload });
    for (const listener of this.#listeners.get(subject) ?? []) listener(payload);
    return true;
  }

  subscribe(subject: string, listener: (payload: Uint8Array) => void): void {
    this.#listeners.set(subject, [...(this.#listeners.get(subject) ?? []), listener]);
  }

  unsubscribe(subject: string): void {
    this.#listeners.delete(subject);
  }
}

function sharer(name: string, bus: LocalBus, fleet: Fleet) {
  const clock = new ManualClock();
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ service: "router", destination });
  const sharing = new LoadSharing({
    ...{ name, epoch: "e", bus, fleet, clock, timers: clock, logger, onRoom: () => {} },
  });
  onTestFinished(() => sharing.stop());
  return { clock, log, sharing };
}

describe("what is said", () => {
  test("is said when it changes, again while it stands, and not at all when nothing is there", () => {
    const bus = new LocalBus();
    const fleet = fleetOf(2);
    const { clock } = sharer("a", bus, fleet);
    clock.advance(10_000);
    expect(bus.said).toHaveLength(0);
    const key = send(fleet, "r", wishOf({ promptTokens: 100 }), clock.monotonicMs());
    clock.advance(100);
    expect(bus.said).toHaveLength(1);
    const said = parseLoad(bus.said[0]!.payload);
    expect(said).toMatchObject({ router: "a", epoch: "e", sequence: 1, isLeaving: false });
    expect([...said.shares]).toEqual([
      [
        key,
        {
          ...{ dispatch: 1, seen: 0, unseen: 1, unseenTokens: 100, inFlight: 1 },
          ...{ unseenBlocks: 6, awaitingTokens: 100, inFlightBlocks: 6 },
        },
      ],
    ]);
    clock.advance(1_000);
    expect(bus.said).toHaveLength(3); // At 550 and 1,050 ms: sooner than it is forgotten.
    onEnded(fleet, "r", "ok", clock.monotonicMs());
    clock.advance(10_000);
    expect(bus.said).toHaveLength(4);
    expect(parseLoad(bus.said[3]!.payload).shares.get(key)).toMatchObject({ inFlight: 0 });
  });

  test("is of so many workers at a time, and of all of them in turn", () => {
    const bus = new LocalBus();
    const fleet = fleetOf(0);
    const { clock } = sharer("a", bus, fleet);
    const workers = 2 * SHARES_MAX + 10;
    const others = new Set<string>();
    for (let i = 0; i < workers; i++) onWorkerUp(fleet, specOf(`w${i}`), 0);
    for (let i = 0; i < workers; i++) {
      send(fleet, `r${i}`, wishOf({ exclude: others }), 0);
      others.add([...fleet.tickets.values()].at(-1)!.worker.key);
    }
    const shared = new Set<string>();
    const first = [...fleet.workers.keys()].slice(0, SHARES_MAX + 50);
    for (let turn = 1; turn <= 3; turn++) {
      clock.advance(50);
      const { shares } = parseLoad(bus.said.at(-1)!.payload);
      expect(shares.size).toBeLessThanOrEqual(SHARES_MAX);
      for (const key of shares.keys()) shared.add(key);
      // Some are always busy: the others have their turn all the same.
      for (const key of first) onDispatched(fleet, key, `${turn}${key}`, wishOf(), 0);
    }
    expect(bus.said).toHaveLength(3);
    expect(shared.size).toBe(workers);
  });

  test("is taken back when the router stops", () => {
    const bus = new LocalBus();
    const [fleet, other] = [fleetOf(1), fleetOf(1)];
    const a = sharer("a", bus, fleet);
    const b = sharer("b", bus, other);
    b.clock.advance(50);
    send(fleet, "r", wishOf(), 0);
    a.clock.advance(50);
    expect(other.workers.get("w0")?.peersInFlight).toBe(1);
    expect(fleet.peers.size).toBe(0); // It does not hear itself.
    a.sharing.stop();
    expect(other.workers.get("w0")?.peersInFlight).toBe(0);
  });

  test("by strangers fails nothing, and is told of once", () => {
    const bus = new LocalBus();
    const fleet = fleetOf(1);
    const { clock, log } = sharer("a", bus, fleet);
    clock.advance(50);
    const many = Array.from({ length: SHARES_MAX + 1 }, (_, i) => [`w${i}`, NONE] as const);
    const load = { router: "x", epoch: "1", sequence: 1, isLeaving: false };
    for (const payload of [
      ...[Uint8Array.from([255, 1, 2]), Buffer.from("no"), new Uint8Array()],
      encodeLoad({ ...load, shares: new Map(many) }),
    ]) {
      bus.publish(LOAD, payload);
      bus.publish(PROGRESS, payload);
    }
    expect(fleet.peers.size).toBe(0);
    expect(log.filter((line) => line.includes("cannot be read"))).toHaveLength(1);
    expect(() => parseReport(new Uint8Array())).toThrow(Failure);
  });

  test("of a model's workers by themselves is taken in", () => {
    const bus = new LocalBus();
    const fleet = fleetOf(1);
    const { clock } = sharer("me", bus, fleet);
    clock.advance(50);
    const progress = { running: 7, waiting: 2, beat: 3, state: 1, routers: [] };
    bus.publish(PROGRESS, WorkerReport.encode({ worker: "w0", progress }).finish());
    bus.publish(PROGRESS, WorkerReport.encode({ worker: "stranger", progress }).finish());
    expect(fleet.workers.get("w0")?.reported).toBe(9);
  });
});

const NONE = {
  ...{ dispatch: 0, seen: 0, unseen: 0, unseenTokens: 0, unseenBlocks: 0 },
  ...{ inFlight: 0, awaitingTokens: 0, inFlightBlocks: 0 },
};

const binary = natsServerHere();

if (binary === null) {
  test.skip("routers over NATS (node tools/setup.ts nats-server gets a server)", () => {});
} else {
  test(
    "over a real server: heard, forgotten while it is away, heard again",
    () => overNats(binary),
    60_000,
  );
}

async function overNats(found: NatsBinary): Promise<void> {
  const directory = tempDirectory("sharing");
  onTestFinished(directory.remove);
  const start = async (port: number): Promise<NatsServer> => {
    const server = await startNatsServer({ directory: directory.path, binary: found, port });
    onTestFinished(() => stopNatsServer(server));
    return server;
  };
  const server = await start(0);
  const nats = natsOptions(
    {
      ...{ urls: [server.url], replicas: 1, systemCredentialsFile: null },
      credentialsFile: server.credentialsFile,
    },
    "test",
  )!;
  expect(readFileSync(server.credentialsFile, "utf8").trim()).toBe(nats.credentials);
  const [one, other] = [liveRouter("one", nats), liveRouter("other", nats)];
  const worker = other.fleet.workers.get("w0")!;
  const sent = (id: string): string => send(one.fleet, id, wishOf(), systemClock.monotonicMs());
  sent("a");
  await waitFor(() => worker.peersInFlight === 1, 10_000, "the other's request");

  process.kill(server.pid, "SIGKILL");
  await waitFor(() => !one.bus.up && !other.bus.up, 10_000, "the loss of the server");
  expect(one.bus.publish(LOAD, new Uint8Array())).toBe(false); // Nor is it sent later.
  for (let i = 0; i < 50; i++) sent(`away${i}`);
  await waitFor(() => other.fleet.peers.size === 0, PEER_TTL_MS + 10_000, "the other's absence");
  expect(worker.peersInFlight).toBe(0);
  expect(send(other.fleet, "alone", wishOf(), systemClock.monotonicMs())).toBe("w0");

  await start(Number(new URL(server.url).port));
  await waitFor(() => worker.peersInFlight === 51, 20_000, "what is there now, once");
  one.sharing.stop();
  await waitFor(() => worker.peersInFlight === 0, 10_000, "the router's leave");

  const refused = new NatsBus({ ...nats, credentials: "who:what" }, systemRandom);
  await refused.close(); // Also what never stood ends.
  expect(refused.publish(LOAD, new Uint8Array())).toBe(false);
}

function liveRouter(name: string, nats: NatsOptions) {
  const fleet = fleetOf(1);
  const bus = new NatsBus({ ...nats, name }, systemRandom);
  const timer = setInterval(() => onTick(fleet, systemClock.monotonicMs()), 100);
  const logger = createLogger({ service: "test", level: "silent" });
  const world = { clock: systemClock, timers: systemTimers };
  const sharing = new LoadSharing({
    ...{ name, epoch: name, bus, fleet, ...world, logger, onRoom: () => {} },
  });
  onTestFinished(async () => {
    clearInterval(timer);
    sharing.stop();
    await bus.close();
  });
  return { fleet, bus, sharing };
}
