// Several routers over the same workers: what each knows of what the others have just sent.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { fleetOf, progressOf, send, wishOf } from "./fleet.fixture.ts";
import { onEnded, onPeerLoad, onProgress, onProgressElsewhere, onTick } from "./fleet.ts";
import type { Fleet, PeerLoad } from "./fleet.ts";
import { checkInvariants } from "./invariants.ts";
import { PEERS_MAX, PEER_TTL_MS, shareOf } from "./peers.ts";
import { loadOf } from "./worker.ts";

const TOKENS = 100;
const wish = wishOf({ promptTokens: TOKENS });

/** What a router says of all its workers. */
function saidBy(fleet: Fleet, router: number, sequence: number): PeerLoad {
  const shares = new Map([...fleet.workers.values()].map((each) => [each.key, shareOf(each)]));
  return { router: `r${router}`, epoch: "1", sequence, isLeaving: false, shares };
}

/** Routers over the same workers, and what they have sent that is in no report yet. */
class Site {
  readonly fleets: readonly Fleet[];
  readonly sent: { readonly router: number; readonly key: string; readonly id: string }[] = [];
  #sequence = 1;

  constructor(routers: number, workers: number) {
    this.fleets = Array.from({ length: routers }, (_, router) => fleetOf(workers, {}, 50 + router));
  }

  send(router: number): void {
    const id = `q${this.sent.length}`;
    this.sent.push({ router, key: send(this.fleets[router]!, id, wish, 0), id });
  }

  publish(router: number, to: readonly Fleet[] = this.fleets): void {
    this.#sequence += 1;
    const said = saidBy(this.fleets[router]!, router, this.#sequence);
    for (const fleet of to) if (fleet !== this.fleets[router]) onPeerLoad(fleet, said, 0);
  }

  /** A worker's figures with so many of each router's dispatches in them. */
  report(key: string, seen: readonly number[]): void {
    this.#sequence += 1;
    const running = seen.reduce((sum, each) => sum + each, 0);
    const seenOf = new Map(seen.map((each, router) => [`r${router}`, each]));
    this.fleets.forEach((fleet, router) => {
      const own = { seen: seen[router] ?? 0, seenOf, running, beat: this.#sequence };
      onProgress(fleet, key, progressOf(this.#sequence, own), 0);
      checkInvariants(fleet, 0);
    });
  }

  dispatched(key: string): number[] {
    return this.fleets.map((fleet) => fleet.workers.get(key)?.dispatched ?? 0);
  }
}

test("every router counts what all have sent, once, whatever reports and messages crossed", () => {
  const play = (seed: number, steps: number): void => {
    const random = seededRandom(seed);
    const site = new Site(2 + randomInt(random, 3), 1 + randomInt(random, 3));
    const keys = [...site.fleets[0]!.workers.keys()];
    const included = new Map(keys.map((key) => [key, site.fleets.map(() => 0)]));
    for (let step = 0; step < steps; step++) {
      const dice = random.next();
      if (dice < 0.5) site.send(randomInt(random, site.fleets.length));
      else if (dice < 0.7) site.publish(randomInt(random, site.fleets.length));
      else {
        const key = keys[randomInt(random, keys.length)]!;
        const before = included.get(key)!;
        const now = site
          .dispatched(key)
          .map((sent, router) => before[router]! + randomInt(random, sent - before[router]! + 1));
        included.set(key, now);
        site.report(key, now);
      }
      for (const fleet of site.fleets) checkInvariants(fleet, 0);
    }
    // All have said their last word, then come reports that include more of it.
    site.fleets.forEach((_, router) => site.publish(router));
    for (const key of keys) {
      const before = included.get(key)!;
      const now = site
        .dispatched(key)
        .map((sent, router) => before[router]! + randomInt(random, sent - before[router]! + 1));
      site.report(key, now);
      const sent = site.dispatched(key);
      for (const [router, fleet] of site.fleets.entries()) {
        const worker = fleet.workers.get(key)!;
        const others = sent.map((each, i) => (i === router ? 0 : each - now[i]!));
        const missing = others.reduce((sum, each) => sum + each, 0);
        expect(worker.peersUnseen).toBeCloseTo(missing, 6);
        expect(worker.peersUnseenTokens).toBeCloseTo(missing * TOKENS, 4);
        expect(loadOf(worker, false)).toBeCloseTo(
          sent.reduce((sum, each) => sum + each, 0),
          6,
        );
      }
    }
  };
  fc.assert(fc.property(fc.integer({ min: 0 }), fc.integer({ min: 5, max: 80 }), play), {
    numRuns: 100,
  });
});

test("what has ended before a report is counted no more", () => {
  const site = new Site(2, 1);
  for (let i = 0; i < 4; i++) site.send(0);
  for (const { id } of site.sent.slice(0, 3)) onEnded(site.fleets[0]!, id, "client_gone", 0);
  site.publish(0);
  const worker = site.fleets[1]!.workers.get("w0")!;
  expect(worker.peersUnseen).toBe(1);
  expect(worker.peersUnseenTokens).toBe(TOKENS);
});

test("late and repeated messages change nothing, a router that starts again begins anew", () => {
  const site = new Site(2, 1);
  const [from, to] = [site.fleets[0]!, site.fleets[1]!];
  const worker = to.workers.get("w0")!;
  site.send(0);
  const first = saidBy(from, 0, 7);
  site.send(0);
  onPeerLoad(to, saidBy(from, 0, 8), 0);
  onPeerLoad(to, first, 0);
  expect(worker.peersUnseen).toBe(2);
  site.send(0);
  onPeerLoad(to, saidBy(from, 0, 8), 0); // Another one under the same number is none.
  expect(worker.peersUnseen).toBe(2);
  const restarted = { router: "r0", epoch: "2", sequence: 1, isLeaving: false, shares: new Map() };
  onPeerLoad(to, restarted, 0);
  expect(worker.peersUnseen).toBe(0);
  expect(worker.peersInFlight).toBe(0);
  checkInvariants(to, 0);
});

test("a router that is silent or leaves is not counted on any more", () => {
  const site = new Site(3, 1);
  const to = site.fleets[2]!;
  const worker = to.workers.get("w0")!;
  for (const router of [0, 1]) {
    site.send(router);
    site.publish(router);
  }
  expect(worker.peersInFlight).toBe(2);
  onPeerLoad(to, { ...saidBy(site.fleets[0]!, 0, 90), isLeaving: true }, 0);
  expect(worker.peersInFlight).toBe(1);
  onTick(to, PEER_TTL_MS);
  expect(worker.peersInFlight).toBe(1);
  onTick(to, PEER_TTL_MS + 1);
  expect(worker.peersInFlight).toBe(0);
  expect(to.peers.size).toBe(0);
  checkInvariants(to, PEER_TTL_MS + 1);
});

test("so many routers are kept, and those beyond are as if they said nothing", () => {
  const site = new Site(2, 1);
  const to = site.fleets[1]!;
  site.send(0);
  const said = saidBy(site.fleets[0]!, 0, 1);
  for (let i = 0; i < PEERS_MAX + 5; i++) onPeerLoad(to, { ...said, router: `x${i}` }, 0);
  checkInvariants(to, 0);
  expect(to.workers.get("w0")?.peersUnseen).toBe(PEERS_MAX);
});

test("without reports, what all routers have in flight stands in", () => {
  const site = new Site(2, 2);
  const to = site.fleets[1]!;
  for (let i = 0; i < 40; i++) site.send(0);
  const staleMs = PEER_TTL_MS - 1;
  expect([...to.workers.values()].map((each) => loadOf(each, true))).toEqual([0, 0]);
  site.publish(0);
  const loads = [...to.workers.values()].map((each) => loadOf(each, true));
  expect(loads).toEqual([...site.fleets[0]!.workers.values()].map((each) => each.inFlight.size));
  // One that is full of others' requests is left alone: by its own count it would look idle.
  const [busy, idle] = ["w0", "w1"];
  const share = { ...shareOf(site.fleets[0]!.workers.get(busy)!), awaitingTokens: 50_000 };
  const none = { ...share, awaitingTokens: 0, inFlight: 0, inFlightBlocks: 0 };
  const shares = new Map([
    [busy, share],
    [idle, none],
  ]);
  onPeerLoad(to, { ...saidBy(site.fleets[0]!, 0, 99), shares }, 0);
  const keys = Array.from({ length: 10 }, (_, i) => send(to, `own${i}`, wish, staleMs));
  expect(new Set(keys)).toEqual(new Set([idle]));
});

test("16 routers with figures of the same moment do not fill one worker together", () => {
  // Least load with a clear winner is where a herd is worst: everybody takes the same.
  const most = (isShared: boolean): number => {
    const sent = new Map<string, number>();
    const fleets = Array.from({ length: 16 }, (_, router) =>
      fleetOf(16, { policy: "least_loaded" }, 100 + router),
    );
    for (const fleet of fleets) {
      for (let i = 0; i < 16; i++) {
        onProgress(fleet, `w${i}`, progressOf(2, { running: i === 3 ? 0 : 6 }), 0);
      }
    }
    for (let round = 0; round < 4; round++) {
      for (const [router, fleet] of fleets.entries()) {
        const key = send(fleet, `${round}-${router}`, wish, 0);
        sent.set(key, (sent.get(key) ?? 0) + 1);
        if (!isShared) continue;
        const said = saidBy(fleet, router, round + 1);
        for (const other of fleets) if (other !== fleet) onPeerLoad(other, said, 0);
      }
    }
    return Math.max(...sent.values());
  };
  expect(most(false)).toBe(64);
  expect(most(true)).toBeLessThanOrEqual(10); // 64 and 90 that run, over 16 workers.
});

test("figures that come another way are taken while they are newer, and are no sign of life", () => {
  const fleet = fleetOf(1);
  const worker = fleet.workers.get("w0")!;
  for (const id of ["a", "b"]) send(fleet, id, wish, 0);
  const seenOf = new Map([["me", 1]]);
  const elsewhere = progressOf(9, { running: 5, beat: 4, seenOf, state: "draining" });
  onProgressElsewhere(fleet, "me", "w0", elsewhere, 300);
  expect(worker.reported).toBe(5);
  expect(worker.unseen.size).toBe(1);
  expect(worker.isInService).toBe(false);
  expect([worker.heardAtMs, worker.figuresAtMs]).toEqual([0, 300]);
  // The link's own is older, and still a sign of life.
  onProgress(fleet, "w0", progressOf(2, { running: 1, beat: 3 }), 310);
  expect(worker.reported).toBe(5);
  expect([worker.heardAtMs, worker.figuresAtMs]).toEqual([310, 300]);
  onProgressElsewhere(fleet, "me", "w0", { ...elsewhere, running: 7 }, 320);
  expect(worker.reported).toBe(5);
  onProgress(fleet, "w0", progressOf(3, { running: 2, beat: 5 }), 330);
  expect(worker.reported).toBe(2);
  checkInvariants(fleet, 330);
  for (let nowMs = 400; nowMs <= 1_000; nowMs += 100) {
    onProgressElsewhere(fleet, "me", "w0", { ...elsewhere, beat: nowMs }, nowMs);
    expect(onTick(fleet, nowMs)).toEqual([]);
  }
  expect(onTick(fleet, 1_100)).toMatchObject([{ kind: "suspect", key: "w0" }]);
});
