// Keys of a namespace: added once, revoked for good, told apart by their hash.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyEntry } from "#shared/base/api-key.ts";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { Failure } from "#shared/base/errors.ts";
import { keysActor } from "./actor-types.ts";
import type { KeysEvent } from "./events.ts";
import { KEYS_MAX } from "./keys-core.ts";
import type { KeysMessage } from "./messages.ts";
import type { KeysState } from "./state.ts";
import type { Turn } from "./turn.ts";

const ADDRESS = "keys/lab";

function keyOf(name: string, digit: string, over: Partial<KeyEntry> = {}): KeyEntry {
  return {
    ...{ name, sha256: digit.repeat(64), namespace: "lab", models: null },
    ...{ priority: "normal", priorityMax: "normal" },
    limits: { requestsPerMinute: 60, tokensPerMinute: null, concurrent: null },
    ...over,
  };
}

/** An actor and its log. */
class Safe {
  state: KeysState | undefined;
  nowMs = 0;
  readonly events: KeysEvent[] = [];

  say(message: KeysMessage): unknown {
    const turn: Turn<KeysEvent> = {
      ...{ address: ADDRESS, nowMs: (this.nowMs += 1), random: { next: () => 0 } },
      ...{ send: () => expect.unreachable(), timer: () => expect.unreachable() },
      emit: (event) => {
        this.events.push(event);
        this.state = keysActor.apply(this.state, event, ADDRESS);
      },
    };
    return keysActor.receive(this.state, message, turn);
  }

  /** What it answered, or the code it refused with. */
  try(message: KeysMessage): unknown {
    try {
      return this.say(message);
    } catch (reason) {
      return Failure.from(reason).code;
    }
  }

  add(key: KeyEntry): unknown {
    return this.try({ kind: "add-key", key });
  }

  revoke(name: string): unknown {
    return this.try({ kind: "revoke-key", name });
  }

  live(): string[] {
    const all = [...(this.state?.keys.values() ?? [])];
    return all.filter(({ revokedAtMs }) => revokedAtMs === null).map(({ sha256 }) => sha256[0]!);
  }
}

test("a key is added once, however often it is said, and a name is one key's", () => {
  const safe = new Safe();
  expect(safe.add(keyOf("ada", "a"))).toEqual({ existed: false });
  expect(safe.add(keyOf("ada", "a"))).toEqual({ existed: true });
  expect(safe.events).toHaveLength(1);
  expect(safe.add(keyOf("ada", "b"))).toBe("ALREADY_EXISTS");
  expect(safe.add(keyOf("bob", "a"))).toBe("ALREADY_EXISTS");
  expect(safe.add(keyOf("ada", "a", { models: ["m"] }))).toBe("ALREADY_EXISTS");
  expect(safe.events).toHaveLength(1);
});

test("a revoked key stays revoked; its name is free for another, which is then meant", () => {
  const safe = new Safe();
  safe.add(keyOf("ada", "a"));
  expect(safe.revoke("ada")).toEqual({ sha256: "a".repeat(64) });
  expect(safe.revoke("ada")).toEqual({ sha256: "a".repeat(64) });
  expect(safe.events).toHaveLength(2);
  expect(safe.state?.keys.get("a".repeat(64))?.revokedAtMs).toBe(2);
  expect(safe.add(keyOf("ada", "a"))).toBe("CONFLICT");
  expect(safe.add(keyOf("other", "a"))).toBe("CONFLICT");
  expect(safe.add(keyOf("ada", "b"))).toEqual({ existed: false });
  expect(safe.live()).toEqual(["b"]);
  expect(safe.revoke("ada")).toEqual({ sha256: "b".repeat(64) });
  expect(safe.live()).toEqual([]);
  expect(safe.revoke("bob")).toBe("NOT_FOUND");
});

test("there is room for so many, and the revoked ones count", () => {
  const safe = new Safe();
  const numbered = (at: number): KeyEntry =>
    keyOf(`k${at}`, "0", { sha256: at.toString(16).padStart(64, "0") });
  for (let at = 1; at < KEYS_MAX; at++) {
    const added: KeysEvent = { type: "keys.added", key: numbered(at), atMs: 1 };
    safe.state = keysActor.apply(safe.state, added, ADDRESS);
  }
  expect(safe.add(numbered(KEYS_MAX))).toEqual({ existed: false });
  expect(safe.revoke("k7")).toMatchObject({ sha256: expect.stringMatching(/7$/) });
  expect(safe.add(keyOf("one-more", "f"))).toBe("FULL");
  expect(safe.add(numbered(1))).toEqual({ existed: true });
});

test("whatever is said in whatever order: what counts is what was added and never revoked", () => {
  const step = fc.oneof(
    fc.record({
      add: fc.constantFrom("ada", "bob", "eve"),
      digit: fc.constantFrom("a", "b", "c", "d"),
      rate: fc.constantFrom(1, 2),
    }),
    fc.record({ revoke: fc.constantFrom("ada", "bob", "eve", "nobody") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const safe = new Safe();
      // By digit; the model knows nothing of names' order.
      const live = new Map<string, string>();
      const gone = new Set<string>();
      for (const each of steps) {
        if ("add" in each) {
          const limits = { requestsPerMinute: each.rate, tokensPerMinute: null, concurrent: null };
          const isNew = !live.has(each.digit) && !gone.has(each.digit);
          const isFree = ![...live.values()].includes(each.add);
          const answer = safe.add(keyOf(each.add, each.digit, { limits }));
          if (isNew && isFree) {
            expect(answer).toEqual({ existed: false });
            live.set(each.digit, each.add);
          } else if (gone.has(each.digit)) expect(answer).toBe("CONFLICT");
        } else {
          safe.revoke(each.revoke);
          for (const [digit, name] of live) {
            if (name !== each.revoke) continue;
            gone.add(digit);
            live.delete(digit);
          }
        }
        expect(safe.live().toSorted()).toEqual([...live.keys()].toSorted());
      }
      let replayed: KeysState | undefined;
      for (const event of JSON.parse(JSON.stringify(safe.events)) as KeysEvent[]) {
        replayed = keysActor.apply(replayed, event, ADDRESS);
      }
      const plain = (state: KeysState | undefined): string =>
        state === undefined ? "" : canonicalJson(keysActor.plain(state));
      expect(plain(replayed)).toBe(plain(safe.state));
    }),
  );
});
