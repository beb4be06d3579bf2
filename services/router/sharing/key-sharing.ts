// What keys with limits use at this router, told to the other routers over NATS, and what they say
// taken from the keys here: so that a key has its limits once and not once for each router.
//
// State: what was told of each key's use, and what runs at the others.
//
//   T1. Every SHARE_MS what has changed is told, KEYS_MAX keys in a message.
//   T2. While NATS is away nothing is told later: each router goes by its own count until then.
//   T3. What runs here is told again every REFRESH_MS.

import { signalbox } from "#proto/signalbox.js";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { NatsBus } from "#shared/mesh/nats-bus.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { KeyUse } from "../core/key-limits.ts";
import { forgetSilentKeyPeers, onPeerKeys } from "../core/key-peers.ts";
import type { KeyNews, KeyPeers, PeerKeys } from "../core/key-peers.ts";
import { PEER_TTL_MS } from "../core/peers.ts";

const { KeyUses } = signalbox.inference.v1;

/** The keys that have limits, by the first 16 bytes of their hash in hexadecimal. */
export interface LimitedKeys {
  limited(): Iterable<readonly [string, KeyUse]>;
  limitedUse(key: string): KeyUse | null;
}

export interface KeySharingOptions {
  readonly name: string;
  /** New at every start. */
  readonly epoch: string;
  readonly bus: Pick<NatsBus, "publish" | "subscribe" | "unsubscribe">;
  readonly keys: LimitedKeys;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

export const KEYS_SUBJECT = "signalbox.inference.keys";
const SHARE_MS = 250;
const REFRESH_MS = PEER_TTL_MS / 3;
const KEYS_MAX = 256;

interface Told {
  readonly requests: number;
  readonly tokens: number;
  readonly running: number;
  readonly atMs: number;
}

const NOTHING: Told = { requests: 0, tokens: 0, running: 0, atMs: -Infinity };

export class KeySharing {
  readonly #options: KeySharingOptions;
  readonly #peers: KeyPeers = new Map();
  readonly #told = new WeakMap<KeyUse, Told>();
  #sequence = 0;
  #isUnreadTold = false;
  #cancel: () => void;

  constructor(options: KeySharingOptions) {
    this.#options = options;
    options.bus.subscribe(KEYS_SUBJECT, (payload) => this.#hear(payload));
    this.#cancel = options.timers.after(SHARE_MS, () => this.#turn());
  }

  /** What runs here counts at the others no more. */
  stop(): void {
    this.#cancel();
    this.#say(new Map(), true);
    this.#options.bus.unsubscribe(KEYS_SUBJECT);
  }

  #turn(): void {
    const { clock, timers, keys } = this.#options;
    const nowMs = clock.monotonicMs();
    forgetSilentKeyPeers(this.#peers, nowMs);
    let news = new Map<string, KeyNews>();
    for (const [key, use] of keys.limited()) {
      const told = this.#told.get(use) ?? NOTHING;
      const { usedRequests, usedTokens, running } = use;
      const requests = usedRequests - told.requests;
      const tokens = usedTokens - told.tokens;
      const isOld = running > 0 && nowMs - told.atMs >= REFRESH_MS;
      if (requests === 0 && tokens === 0 && running === told.running && !isOld) continue;
      news.set(key, { requests, tokens, running });
      this.#told.set(use, { requests: usedRequests, tokens: usedTokens, running, atMs: nowMs });
      if (news.size < KEYS_MAX) continue;
      this.#say(news, false);
      news = new Map();
    }
    if (news.size > 0) this.#say(news, false);
    this.#cancel = timers.after(SHARE_MS, () => this.#turn());
  }

  #say(news: ReadonlyMap<string, KeyNews>, leaving: boolean): void {
    const { bus, name: router, epoch } = this.#options;
    this.#sequence += 1;
    const keys = Array.from(news, ([key, use]) => ({ key: Buffer.from(key, "hex"), ...use }));
    const message = { router, epoch, sequence: this.#sequence, leaving, keys };
    bus.publish(KEYS_SUBJECT, KeyUses.encode(message).finish());
  }

  #hear(payload: Uint8Array): void {
    const { name, keys, clock, logger } = this.#options;
    try {
      const news = parseKeys(payload);
      if (news.router === name) return;
      onPeerKeys(this.#peers, news, (key) => keys.limitedUse(key), clock.monotonicMs());
    } catch (reason) {
      const { message, code } = Failure.from(reason);
      if (code !== "CORRUPT") throw reason;
      if (!this.#isUnreadTold) logger.warn({ reason: message }, "a message about keys is none");
      this.#isUnreadTold = true; // A stranger could send it without end.
    }
  }
}

/** CORRUPT for what is no such message. */
export function parseKeys(payload: Uint8Array): PeerKeys {
  const { router, epoch, sequence, leaving, keys } = decoded(payload);
  if (router === "" || keys.length > KEYS_MAX) {
    throw new Failure("CORRUPT", `${keys.length} keys of router "${router}"`);
  }
  const news = keys.map(({ key, requests, tokens, running }) => {
    const use = { requests: requests ?? 0, tokens: tokens ?? 0, running: running ?? 0 };
    return [Buffer.from(key ?? []).toString("hex"), use] as const;
  });
  return { router, epoch, sequence, isLeaving: leaving, keys: new Map(news) };
}

function decoded(payload: Uint8Array): signalbox.inference.v1.KeyUses {
  try {
    return KeyUses.decode(payload);
  } catch (cause) {
    throw new Failure("CORRUPT", `no message of ours: ${(cause as Error).message}`, { cause });
  }
}
