// The control plane's keys at a router: what counts while it is there, while it is away, and after
// a restart without it. The control plane is a stand-in; the copy on disk is the real one, and
// services/cli has both as real processes.

import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { KeyEntry } from "#shared/base/api-key.ts";
import { Failure } from "#shared/base/errors.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { ControlKeys, type SyncedKeys } from "./control-keys.ts";
import { KeyRing } from "./key-ring.ts";
import { KeySnapshot, type Snapshot } from "./key-snapshot.ts";

const PERIOD_MS = 3_000; // The longest between two questions.
const WRITTEN_MS = 30_000; // A disk that others use too.

function entryOf(key: string, over: Partial<KeyEntry> = {}): KeyEntry {
  const sha256 = createHash("sha256").update(key).digest("hex");
  return {
    ...{ name: key, sha256, namespace: "lab", models: null },
    ...{ priority: "normal", priorityMax: "high" },
    limits: { requestsPerMinute: 60, tokensPerMinute: null, concurrent: null },
    ...over,
  };
}

/** Says what it has, or fails as it is told. */
class Plane {
  keys: KeyEntry[] = [];
  failure: Failure | null = null;
  asked = 0;

  readonly sync = async (version: string): Promise<SyncedKeys> => {
    this.asked += 1;
    if (this.failure !== null) throw this.failure;
    const own = createHash("sha256").update(JSON.stringify(this.keys)).digest("hex");
    if (own === version) return { kind: "unchanged" };
    return { kind: "keys", version: own, keys: [...this.keys] };
  };
}

const AWAY = new Failure("UNAVAILABLE", "no connection");

type Disk = Pick<KeySnapshot, "read" | "write">;

/** One router, its disk, and the time of both. */
class Site {
  readonly plane = new Plane();
  readonly clock = new ManualClock();
  readonly log: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  readonly #path: string;
  #snapshot: KeySnapshot | null = null;
  #cancel: (() => void) | null = null;
  ring = new KeyRing(this.clock);
  keys!: ControlKeys;

  constructor(path: string) {
    this.#path = path;
  }

  /** Started, and heard once. */
  async open(wrap: (disk: Disk) => Disk = (disk) => disk): Promise<void> {
    this.ring = new KeyRing(this.clock);
    this.#snapshot = new KeySnapshot(this.#path);
    const destination = {
      write: (line: string): void => void this.log.push(JSON.parse(line) as { msg: string }),
    };
    const after = (ms: number, callback: () => void): (() => void) => {
      this.#cancel = this.clock.after(ms, () => {
        this.#cancel = null;
        callback();
      });
      return this.#cancel;
    };
    this.keys = new ControlKeys({
      ...{ ring: this.ring, snapshot: wrap(this.#snapshot), sync: this.plane.sync },
      ...{ clock: this.clock, timers: { after }, random: { next: () => 1 } },
      logger: createLogger({ service: "router", destination }),
    });
    await this.heard(0);
  }

  /** So much later it has asked once, and what came of it is done. */
  async heard(ms = PERIOD_MS): Promise<void> {
    const { asked } = this.plane;
    this.clock.advance(ms);
    await waitFor(() => this.#cancel !== null, WRITTEN_MS, "the answer on disk");
    expect(this.plane.asked).toBe(asked + 1);
  }

  /** Like kill -9: nothing is asked or written any more. */
  async crash(): Promise<void> {
    this.#cancel?.();
    await this.#snapshot?.close();
  }

  async stop(): Promise<void> {
    await this.keys.stop();
    await this.#snapshot?.close();
  }

  lets(key: string): boolean {
    return this.ring.grantOf(key) !== null;
  }

  told(words: string): number {
    return this.log.filter(({ msg }) => msg.includes(words)).length;
  }
}

function site(): Site {
  const directory = tempDirectory("control-keys");
  const made = new Site(join(directory.path, "keys"));
  onTestFinished(async () => {
    await made.crash();
    directory.remove();
  });
  return made;
}

test("what the control plane says counts from the next question on", async () => {
  const here = site();
  const models = ["m"];
  here.plane.keys = [entryOf("ada", { models })];
  await here.open();
  expect(here.ring.grantOf("ada")).toMatchObject({
    ...{ namespace: "lab", models, priority: "normal", priorityMax: "high" },
    key: { name: "ada", use: { limits: { requestsPerMinute: 60 } } },
  });
  expect(here.lets("bob")).toBe(false);
  const use = here.ring.grantOf("ada")?.key?.use;
  here.plane.keys.push(entryOf("bob"));
  await here.heard();
  expect(here.lets("bob")).toBe(true);
  expect(here.ring.grantOf("ada")?.key?.use).toBe(use); // What was used stays used.
  here.plane.keys = [entryOf("bob")];
  await here.heard();
  expect(here.lets("ada")).toBe(false);
  expect(JSON.stringify(here.log)).not.toContain(entryOf("ada").sha256);
});

test("without the control plane a start goes by the copy, limits and all, and says its age", async () => {
  const here = site();
  here.plane.keys = [entryOf("ada"), entryOf("bob")];
  await here.open();
  here.plane.keys = [entryOf("ada")];
  await here.heard();
  for (let i = 0; i < 40; i++) await here.heard(); // Two minutes in which nothing changes.
  here.plane.failure = AWAY;
  await here.crash();
  here.clock.advance(90_000);
  here.log.length = 0;
  await here.open();
  expect(here.ring.grantOf("ada")?.key?.use.limits).toEqual(entryOf("ada").limits);
  expect(here.lets("bob")).toBe(false); // Revoked, and not forgotten.
  expect(here.keys.ageMs).toBeGreaterThanOrEqual(90_000);
  expect(here.keys.ageMs).toBeLessThanOrEqual(90_000 + 60_000 + PERIOD_MS);
  expect(here.log[0]).toMatchObject({ keys: 1, age_s: expect.any(Number) });
  expect(here.told("those before count")).toBe(1);
  here.plane.failure = null;
  await here.heard();
  expect(here.keys.ageMs).toBeLessThanOrEqual(PERIOD_MS);
  expect(here.told("up to date again")).toBe(1);
  for (let i = 0; i < 5; i++) await here.heard();
  here.plane.failure = AWAY;
  await here.stop(); // In good order its age on disk is the true one.
  await here.open();
  expect(here.keys.ageMs).toBeLessThanOrEqual(PERIOD_MS);
});

test("where nothing is known yet no key is said to be none; one of the file works", async () => {
  const here = site();
  here.plane.failure = AWAY;
  await here.open();
  expect(here.keys.ageMs).toBeNull();
  expect(() => here.lets("ada")).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }));
  expect(here.ring.grantOf(null)).toBeNull();
  here.ring.set("file", [entryOf("own")]);
  expect(here.lets("own")).toBe(true);
  here.plane.failure = null;
  await here.heard();
  expect(here.lets("ada")).toBe(false);
});

test("of a key that the file has too the file's line counts", async () => {
  const here = site();
  const limits = { requestsPerMinute: 5, tokensPerMinute: null, concurrent: null };
  here.plane.keys = [entryOf("ada"), entryOf("bob")];
  await here.open();
  here.ring.set("file", [entryOf("ada", { limits })]);
  expect(here.ring.grantOf("ada")?.key?.use.limits).toEqual(limits);
  here.plane.keys = [];
  await here.heard();
  expect(here.lets("ada")).toBe(true);
  expect(here.lets("bob")).toBe(false);
});

test("a change is on disk before it counts, and a disk that takes nothing delays none", async () => {
  const here = site();
  here.plane.keys = [entryOf("ada")];
  let isFull = false;
  const seen: (number | null)[] = [];
  await here.open((disk) => ({
    read: () => disk.read(),
    write: async (snapshot: Snapshot) => {
      if (isFull) throw new Failure("FULL", "no room");
      await disk.write(snapshot);
      seen.push(here.ring.sizeOf("scheduler"));
    },
  }));
  expect(here.lets("ada")).toBe(true);
  here.plane.keys = [];
  await here.heard();
  expect(seen).toEqual([null, 1]); // What counted when each was written.
  here.plane.keys = [entryOf("eve")];
  isFull = true;
  for (let i = 0; i < 3; i++) await here.heard();
  expect(here.lets("eve")).toBe(true);
  expect(here.told("not on disk")).toBe(1);
  isFull = false;
  await here.heard(); // Nothing has changed, and yet it is written now.
  here.plane.failure = AWAY;
  await here.crash();
  await here.open();
  expect(here.lets("eve")).toBe(true);
});

test("a control plane that stays away is told of once, and again as the keys grow old", async () => {
  const here = site();
  await here.open();
  here.plane.failure = AWAY;
  for (let i = 0; i < 5; i++) await here.heard();
  const said = "those before count";
  expect(here.told(said)).toBe(1);
  await here.heard(10 * 60_000);
  expect(here.told(said)).toBe(2);
  await here.heard(60_000);
  expect(here.told(said)).toBe(2);
  await here.heard(10 * 60_000);
  expect(here.told(said)).toBe(3);
  expect(here.log.at(-1)).toMatchObject({ level: "warn", age_s: expect.any(Number) });
});

test("whatever happens in whatever order, what counts is what was heard last", async () => {
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom("a", "b", "c") }),
    fc.record({ revoke: fc.constantFrom("a", "b", "c") }),
    fc.constantFrom("goes", "is back", "hear", "hear", "stop", "crash").map((does) => ({ does })),
  );
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    using directory = tempDirectory("control-keys");
    const here = new Site(join(directory.path, "keys"));
    let heard = null as string[] | null;
    let heardAtMs = 0;
    let unsureMs = 0;
    const hear = async (wait: () => Promise<void>): Promise<void> => {
      await wait();
      if (here.plane.failure !== null) return;
      heard = here.plane.keys.map(({ name }) => name);
      heardAtMs = here.clock.nowMs();
      unsureMs = PERIOD_MS;
    };
    await hear(() => here.open());
    for (const each of steps) {
      if ("add" in each) here.plane.keys.push(entryOf(each.add));
      else if ("revoke" in each) {
        here.plane.keys = here.plane.keys.filter(({ name }) => name !== each.revoke);
      } else if (each.does === "goes") here.plane.failure = AWAY;
      else if (each.does === "is back") here.plane.failure = null;
      else if (each.does === "hear") await hear(() => here.heard());
      else {
        await (each.does === "stop" ? here.stop() : here.crash());
        if (each.does === "crash") unsureMs = PERIOD_MS + 60_000;
        await hear(() => here.open());
      }
      for (const key of ["a", "b", "c"]) {
        if (heard === null) expect(() => here.lets(key)).toThrow("not known yet");
        else expect(here.lets(key)).toBe(heard.includes(key));
      }
      const { ageMs } = here.keys;
      if (heard === null) expect(ageMs).toBeNull();
      else {
        expect(ageMs).toBeGreaterThanOrEqual(here.clock.nowMs() - heardAtMs);
        expect(ageMs).toBeLessThanOrEqual(here.clock.nowMs() - heardAtMs + unsureMs);
      }
    }
    await here.crash();
  });
  await fc.assert(property, { numRuns: 40 });
});

test("a copy that cannot be understood is named, with the way out", async () => {
  const here = site();
  await here.open((disk) => ({
    read: () => disk.read(),
    write: (snapshot) =>
      disk.write({ ...snapshot, keys: [entryOf("ada", { namespace: "no name" })] }),
  }));
  await here.crash();
  await expect(here.open()).rejects.toMatchObject({
    ...{ code: "CORRUPT", hint: expect.stringContaining("Move it away") },
    message: expect.stringContaining("namespace"),
  });
});
