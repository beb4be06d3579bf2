// A key's limits over several routers: what is known of each other is kept to exactly.

import fc from "fast-check";
import { expect, test } from "vitest";
import { newKeyUse, settle, take, type KeyUse } from "./key-limits.ts";
import { forgetSilentKeyPeers, onPeerKeys, type KeyPeers, type PeerKeys } from "./key-peers.ts";
import { PEERS_MAX, PEER_TTL_MS } from "./peers.ts";

const LIMITS = { requestsPerMinute: 20, tokensPerMinute: 2_000, concurrent: 4 };

/** One key at one router, and what that router last said of it. */
class Site {
  readonly use: KeyUse = newKeyUse(LIMITS, 0);
  readonly peers: KeyPeers = new Map();
  readonly name: string;
  #told = { requests: 0, tokens: 0 };
  #sequence = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** What it would say now; said at most once. */
  say(over: Partial<PeerKeys> = {}): PeerKeys {
    const { usedRequests, usedTokens, running } = this.use;
    this.#sequence += 1;
    const requests = usedRequests - this.#told.requests;
    const tokens = usedTokens - this.#told.tokens;
    this.#told = { requests: usedRequests, tokens: usedTokens };
    const keys = new Map([["k", { requests, tokens, running }]]);
    const { name: router } = this;
    return { router, epoch: "1", sequence: this.#sequence, isLeaving: false, keys, ...over };
  }

  hear(news: PeerKeys, nowMs: number): void {
    onPeerKeys(this.peers, news, (key) => (key === "k" ? this.use : null), nowMs);
  }
}

test("whoever admits: with all that has been heard of it stays within the rates, at every moment", () => {
  const event = fc.record({
    ...{
      waitMs: fc.nat(3_000),
      site: fc.nat(2),
      what: fc.constantFrom("take", "take", "end", "say"),
    },
    ...{ tokens: fc.nat(900), used: fc.nat(900) },
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 5, maxLength: 120 }), (events) => {
      const sites = ["a", "b", "c"].map((name) => new Site(name));
      const running: { site: Site; charged: number; used: number }[] = [];
      // By site: what was used there that the others have not heard of.
      const unheard = new Map(sites.map((site) => [site, { requests: 0, tokens: 0 }]));
      let nowMs = 0;
      for (const { waitMs, site: at, what, tokens, used } of events) {
        nowMs += waitMs;
        const site = sites[at]!;
        const own = unheard.get(site)!;
        if (what === "say") {
          const news = site.say();
          for (const other of sites) if (other !== site) other.hear(news, nowMs);
          unheard.set(site, { requests: 0, tokens: 0 });
        } else if (what === "end") {
          const ending = running.pop();
          if (ending === undefined) continue;
          settle(ending.site.use, ending.charged, ending.used, nowMs);
          unheard.get(ending.site)!.tokens += ending.used - ending.charged;
        } else {
          const taken = take(site.use, tokens, nowMs);
          if (taken.kind === "limited") continue;
          own.requests += 1;
          own.tokens += taken.tokens;
          running.push({ site, charged: taken.tokens, used: Math.min(used, taken.tokens) });
          const elsewhere = sites.filter((each) => each !== site);
          const hidden = elsewhere.reduce((sum, each) => sum + unheard.get(each)!.requests, 0);
          const total = sites.reduce((sum, each) => sum + each.use.usedRequests, 0);
          const most = LIMITS.requestsPerMinute * (1 + nowMs / 60_000);
          expect(total - hidden).toBeLessThanOrEqual(most);
          expect(site.use.tokens!.level).toBeGreaterThanOrEqual(0);
          expect(site.use.running + site.use.runningElsewhere).toBeLessThanOrEqual(4);
        }
      }
      // When everybody has said everything, all see the same debt and the same that runs.
      for (const site of sites) {
        const news = site.say();
        for (const other of sites) if (other !== site) other.hear(news, nowMs);
      }
      for (const { use } of sites) {
        expect(use.running + use.runningElsewhere).toBe(running.length);
      }
    }),
    { numRuns: 150 },
  );
});

test("a burst at two routers is paid back: over the minutes the key gets its limit", () => {
  const [a, b] = [new Site("a"), new Site("b")];
  let begun = 0;
  for (let nowMs = 0; nowMs < 600_000; nowMs += 250) {
    for (const site of [a, b]) {
      for (let taken = take(site.use, 0, nowMs); taken.kind === "taken"; begun++) {
        settle(site.use, 0, 0, nowMs);
        taken = take(site.use, 0, nowMs);
      }
    }
    const [fromA, fromB] = [a.say(), b.say()];
    a.hear(fromB, nowMs);
    b.hear(fromA, nowMs);
  }
  // Ten minutes and a bucket, and one bucket more for the second router's first quarter second.
  expect(begun).toBeLessThanOrEqual(20 * 10 + 2 * 20 + 2);
  expect(begun).toBeGreaterThanOrEqual(20 * 10);
});

test("a message counts once, and what runs at a router that is gone is forgotten", () => {
  const [a, b] = [new Site("a"), new Site("b")];
  for (let i = 0; i < 3; i++) take(a.use, 10, 0);
  const news = a.say();
  b.hear(news, 0);
  b.hear(news, 0);
  expect(b.use.requests?.level).toBe((20 - 3) * 60_000);
  expect(b.use.tokens?.level).toBe((2_000 - 30) * 60_000);
  expect(take(b.use, 0, 0).kind).toBe("taken");
  expect(take(b.use, 0, 0)).toMatchObject({ kind: "limited", by: "concurrent" });
  forgetSilentKeyPeers(b.peers, PEER_TTL_MS);
  expect(b.use.runningElsewhere).toBe(3);
  forgetSilentKeyPeers(b.peers, PEER_TTL_MS + 1);
  expect(b.use.runningElsewhere).toBe(0);
  b.hear(a.say(), 5_000);
  expect(b.use.runningElsewhere).toBe(3);
  b.hear(a.say({ epoch: "2", sequence: 1, keys: new Map() }), 5_000); // It has started again.
  expect(b.use.runningElsewhere).toBe(0);
  b.hear(a.say({ epoch: "2" }), 5_000);
  b.hear(a.say({ epoch: "2", isLeaving: true }), 5_000);
  expect(b.use.runningElsewhere).toBe(0);
  expect(b.peers.size).toBe(0);
  for (let i = 0; i < PEERS_MAX + 3; i++) b.hear({ ...news, router: `x${i}` }, 5_000);
  expect(b.peers.size).toBe(PEERS_MAX);
});
