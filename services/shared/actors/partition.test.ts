// Partitions over a real embedded log, with failures put between them and it.

import assert from "node:assert/strict";
import { afterEach, describe, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import type { EventLog, LogEntry, PartitionWriter } from "#shared/state/log.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { ActorType, ActorTypes, Turn } from "./actor.ts";
import { Partition } from "./partition.ts";

// --- An actor that counts, forwards, sets timers, refuses and has a bug on request ---

interface Counter {
  count: number;
  heard: string[];
}
type CounterMessage =
  | { kind: "add"; by: number }
  | { kind: "forward"; to: string; by: number }
  | { kind: "later"; id: string; atMs: number }
  | { kind: "never"; id: string }
  | { kind: "timer"; timer: string }
  | { kind: "refuse" }
  | { kind: "bug" }
  | { kind: "late-bug" }
  | { kind: "huge" }
  | { kind: "many"; events: number }
  | { kind: "wake" };

let beforeReceive: (address: string) => void = () => {};

const counter: ActorType<Counter, CounterMessage> = {
  kind: "counter",
  apply: (state, event) => {
    const next = state ?? { count: 0, heard: [] };
    if (event.type === "added") next.count += event["by"] as number;
    if (event.type === "heard") next.heard.push(event["what"] as string);
    return next;
  },
  receive: (state, message, turn: Turn) => {
    beforeReceive(turn.address);
    switch (message.kind) {
      case "add":
        turn.emit({ type: "added", by: message.by });
        return (state?.count ?? 0) + (state === undefined ? message.by : 0);
      case "forward":
        turn.emit({ type: "added", by: 1 });
        turn.send(message.to, { kind: "add", by: message.by });
        return undefined;
      case "later":
        turn.timer(message.id, message.atMs);
        return undefined;
      case "never":
        turn.timer(message.id, null);
        return undefined;
      case "timer":
        turn.emit({ type: "heard", what: message.timer });
        return undefined;
      case "refuse":
        throw new Failure("CONFLICT", "no");
      case "bug":
        throw new TypeError("a bug");
      case "late-bug":
        turn.emit({ type: "added", by: 1000 });
        throw new TypeError("a bug after an event");
      case "huge":
        turn.emit({ type: "heard", what: "x".repeat(300_000) });
        return undefined;
      case "many":
        for (let i = 0; i < message.events; i++)
          turn.emit({ type: "heard", what: "y".repeat(10_000) });
        return undefined;
      case "wake":
        turn.emit({ type: "heard", what: "wake" });
        return undefined;
      default:
        return assert.fail();
    }
  },
  wakes: (state) => state.count >= 100,
  plain: (state) => state,
};
const TYPES = new Map([["counter", counter]]) as ActorTypes;

// --- A world of two partitions; `trouble` decides what an append does ---

type Trouble = (
  partition: number,
  entries: readonly LogEntry[],
) => "none" | "lost" | "unanswered" | "full" | "fenced";

interface World {
  readonly partitions: readonly Partition[];
  readonly committed: LogEntry[];
  readonly failures: { failure: Failure; fatal: boolean }[];
  trouble: Trouble;
  appends: number;
  /** While true, messages between partitions are not delivered. */
  cut: boolean;
  /** Reads to come that miss the last record, as a lagging replica's do. */
  staleReads: number;
  reopen(): Promise<World>;
  close(): Promise<void>;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function openWorld(path?: string): Promise<World> {
  const directory = path === undefined ? tempDirectory() : null;
  const at = path ?? directory?.path ?? "";
  const inner = openEmbeddedLog({ path: `${at}/log`, partitions: 2 });
  const world: World = {
    partitions: [],
    committed: [],
    failures: [],
    trouble: () => "none",
    appends: 0,
    cut: false,
    staleReads: 0,
    reopen: async () => {
      await close();
      return openWorld(at);
    },
    close: async () => {
      await close();
    },
  };
  const log: EventLog = {
    driver: inner.driver,
    partitions: inner.partitions,
    recordBytesMax: inner.recordBytesMax,
    claim: async (n, writer, nowMs) => troubled(await inner.claim(n, writer, nowMs), world),
    read: (n, from) => withoutLast(inner.read(n, from), () => world.staleReads-- > 0),
    tail: (n) => inner.tail(n),
    close: () => inner.close(),
  };
  const partitions: Partition[] = [0, 1].map(
    (number) =>
      new Partition(number, {
        log,
        writer: "test",
        types: TYPES,
        clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
        timers: {
          after: (delayMs, callback) => {
            const timer = setTimeout(callback, Math.min(delayMs, 20));
            return () => clearTimeout(timer);
          },
        },
        random: seededRandom(1),
        defer: (task) => void setImmediate(task),
        partitionOf: (address) => Number(address.split("/")[1]),
        deliver: (to, from, messages) =>
          world.cut ? 0 : (partitions[to]?.receive(from, messages) ?? 0),
        acknowledge: (sender, receiver, n) => {
          if (!world.cut) partitions[sender]?.acknowledged(receiver, n);
        },
        opened: (opened) => {
          for (const partition of partitions) partition.redeliver(opened);
        },
        committed: (entries) => void world.committed.push(...entries),
        failed: (failure, fatal) => void world.failures.push({ failure, fatal }),
      }),
  );
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    for (const partition of partitions) partition.close();
    await inner.close();
  };
  open.push(async () => {
    await close();
    directory?.remove();
  });
  for (const partition of partitions) await partition.open();
  return Object.assign(world, { partitions });
}

async function* withoutLast<T>(records: AsyncIterable<T>, stale: () => boolean): AsyncGenerator<T> {
  const all: T[] = [];
  for await (const record of records) all.push(record);
  if (stale()) all.pop();
  yield* all;
}

function troubled(writer: PartitionWriter, world: World): PartitionWriter {
  return {
    partition: writer.partition,
    epoch: writer.epoch,
    writer: writer.writer,
    get tail() {
      return writer.tail;
    },
    append: async (entries, nowMs) => {
      world.appends += 1;
      const what = world.trouble(writer.partition, entries);
      if (what === "full") throw new Failure("FULL", "the disk is full");
      if (what === "fenced") throw new Failure("FENCED", "a newer epoch");
      if (what === "lost") throw new Failure("UNKNOWN_OUTCOME", "no answer");
      const position = await writer.append(entries, nowMs);
      if (what === "unanswered") throw new Failure("UNKNOWN_OUTCOME", "no answer");
      return position;
    },
  };
}

const A = "counter/0/a";
const B = "counter/1/b";

function ask(world: World, address: string, message: CounterMessage): Promise<unknown> {
  return partition(world, address).ask(address, message, "normal");
}
function partition(world: World, address: string): Partition {
  const found = world.partitions[Number(address.split("/")[1])];
  assert(found !== undefined);
  return found;
}
function look(world: World, address: string): Promise<Counter> {
  return partition(world, address).read(
    ({ actors }) =>
      structuredClone(actors.get(address) as Counter | undefined) ?? { count: 0, heard: [] },
  );
}
/** The first append that carries one of `types` meets `what`; counts what it hit. */
function once(world: World, type: string, what: ReturnType<Trouble>): { hits: number } {
  const hit = { hits: 0 };
  world.trouble = (_partition, entries) => {
    if (hit.hits > 0 || !entries.some(({ events }) => events.some((event) => event.type === type)))
      return "none";
    hit.hits += 1;
    return what;
  };
  return hit;
}

describe("turns", () => {
  test("a reply comes after the commit, and what was committed survives a restart", async () => {
    let world = await openWorld();
    await ask(world, A, { kind: "add", by: 2 });
    await ask(world, A, { kind: "add", by: 3 });
    world = await world.reopen();
    expect((await look(world, A)).count).toBe(5);
  });

  test("many asks at once share commits", async () => {
    const world = await openWorld();
    const before = await worldTail(world);
    await Promise.all(Array.from({ length: 200 }, () => ask(world, A, { kind: "add", by: 1 })));
    expect((await look(world, A)).count).toBe(200);
    expect((await worldTail(world)) - before).toBeLessThan(20);
  });

  test("a refusal leaves nothing behind", async () => {
    const world = await openWorld();
    await expect(ask(world, A, { kind: "refuse" })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await look(world, A)).toEqual({ count: 0, heard: [] });
    expect(world.committed).toEqual([]);
  });

  test("a bug undoes its turn and what shared its batch is done again", async () => {
    const world = await openWorld();
    const good = [1, 2, 3].map((by) => ask(world, A, { kind: "add", by }));
    const bad = ask(world, A, { kind: "late-bug" });
    await expect(bad).rejects.toMatchObject({ code: "INTERNAL" });
    await Promise.all(good);
    expect((await look(world, A)).count).toBe(6);
  });

  test("an event too large for a record is refused by size, with the way out", async () => {
    const world = await openWorld();
    await expect(ask(world, A, { kind: "huge" })).rejects.toMatchObject({ code: "INVALID" });
    expect((await look(world, A)).heard).toEqual([]);
  });

  test("a turn larger than a record is spread over several and answered after the last", async () => {
    let world = await openWorld();
    const before = await worldTail(world);
    await ask(world, A, { kind: "many", events: 100 });
    expect((await worldTail(world)) - before).toBeGreaterThan(2);
    world = await world.reopen();
    expect((await look(world, A)).heard.length).toBe(100);
  });

  test("an actor with work of its own is woken after a restart", async () => {
    let world = await openWorld();
    await ask(world, A, { kind: "add", by: 100 });
    world = await world.reopen();
    await waitFor(async () => (await look(world, A)).heard.includes("wake"));
  });
});

describe("messages between partitions", () => {
  test("each is taken once, also when the link is cut and the sender starts over", async () => {
    let world = await openWorld();
    world.cut = true;
    for (let i = 0; i < 5; i++) await ask(world, A, { kind: "forward", to: B, by: 1 });
    expect((await look(world, B)).count).toBe(0);
    world = await world.reopen();
    await waitFor(async () => (await look(world, B)).count === 5);
    world = await world.reopen(); // Acknowledgements were not all recorded: it sends again.
    await ask(world, A, { kind: "forward", to: B, by: 1 });
    await waitFor(async () => (await look(world, B)).count === 6);
    expect((await look(world, B)).count).toBe(6);
  });

  test("a message whose turn is a bug is marked dead and does not hold up the next", async () => {
    const world = await openWorld();
    const poison = { kind: "forward", to: B, by: 1 } as const;
    counterBugAt(B);
    await ask(world, A, poison);
    await ask(world, A, poison);
    await waitFor(async () => (await look(world, B)).count === 1);
    const marks = world.committed
      .flatMap(({ events }) => events)
      .filter(({ type }) => type === "$dead");
    expect(marks.length).toBe(1);
  });
});

describe("timers", () => {
  test("one comes due after a restart, one that was cleared does not", async () => {
    let world = await openWorld();
    const atMs = Date.now() + 300;
    await ask(world, A, { kind: "later", id: "kept", atMs });
    await ask(world, A, { kind: "later", id: "cleared", atMs });
    await ask(world, A, { kind: "never", id: "cleared" });
    world = await world.reopen();
    await waitFor(async () => (await look(world, A)).heard.includes("kept"));
    expect((await look(world, A)).heard).toEqual(["kept"]);
  });

  test("moving one leaves one", async () => {
    const world = await openWorld();
    await ask(world, A, { kind: "later", id: "t", atMs: Date.now() + 60_000 });
    await ask(world, A, { kind: "later", id: "t", atMs: Date.now() + 5 });
    await waitFor(async () => (await look(world, A)).heard.length > 0);
    expect((await look(world, A)).heard).toEqual(["t"]);
  });
});

describe("a log in trouble", () => {
  test("full: new work is refused, nothing is lost, and it goes on when there is room", async () => {
    const world = await openWorld();
    await ask(world, A, { kind: "add", by: 1 });
    const hit = once(world, "added", "full");
    await expect(ask(world, A, { kind: "add", by: 10 })).rejects.toMatchObject({
      code: "FULL",
      retry: "later",
    });
    expect(hit.hits).toBe(1);
    expect((await look(world, A)).count).toBe(1);
    await waitFor(async () => {
      await ask(world, A, { kind: "add", by: 100 });
      return true;
    });
    expect((await look(world, A)).count).toBe(101);
  });

  test("full: a message from another partition waits with its sender and arrives later", async () => {
    const world = await openWorld();
    const hit = once(world, "$received", "full");
    await ask(world, A, { kind: "forward", to: B, by: 7 });
    await waitFor(async () => (await look(world, B)).count === 7);
    expect(hit.hits).toBe(1);
  });

  test("full, and read without its last record: nothing committed is forgotten", async () => {
    const world = await openWorld();
    await ask(world, A, { kind: "add", by: 1 });
    world.staleReads = 3;
    const hit = once(world, "added", "full");
    await expect(ask(world, A, { kind: "add", by: 10 })).rejects.toMatchObject({ code: "FULL" });
    expect(hit.hits).toBe(1);
    expect((await look(world, A)).count).toBe(1);
    expect(world.staleReads).toBeLessThan(0);
  });

  test.each(["full", "lost", "unanswered"] as const)(
    "a turn of several records counts as a whole or not at all: %s in the middle",
    async (what) => {
      let world = await openWorld();
      await ask(world, A, { kind: "add", by: 1 });
      let appends = 0;
      world.trouble = () => (++appends === 2 ? what : "none");
      await expect(ask(world, A, { kind: "many", events: 70 })).rejects.toThrow();
      expect(appends).toBeGreaterThanOrEqual(2);
      expect((await look(world, A)).heard).toEqual([]);
      world.trouble = () => "none";
      await waitFor(async () => {
        await ask(world, A, { kind: "add", by: 10 });
        return true;
      });
      world = await world.reopen();
      expect(await look(world, A)).toEqual({ count: 11, heard: [] });
    },
  );

  test("full: what comes again by itself does not hammer the log", async () => {
    const world = await openWorld();
    world.trouble = (number) => (number === 1 ? "full" : "none");
    await ask(world, A, { kind: "forward", to: B, by: 7 });
    await waitFor(() => world.appends > 3);
    const { appends } = world;
    const startedMs = performance.now();
    await waitFor(() => world.appends > appends + 4);
    expect(performance.now() - startedMs).toBeGreaterThan(40); // Timers here wait 20 ms at most.
    world.trouble = () => "none";
    await waitFor(async () => (await look(world, B)).count === 7);
  });

  test("closed while it opens: it stays closed", async () => {
    const world = await openWorld();
    const reopened = partition(world, A);
    reopened.close();
    const opening = reopened.open();
    reopened.close();
    await expect(opening).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(reopened.phase).toBe("closed");
  });

  test("no answer: whether the record was written or not, state and log agree afterwards", async () => {
    for (const what of ["lost", "unanswered"] as const) {
      let world = await openWorld();
      const hit = once(world, "added", what);
      await expect(ask(world, A, { kind: "add", by: 1 })).rejects.toMatchObject({
        code: "UNKNOWN_OUTCOME",
      });
      expect(hit.hits).toBe(1);
      const { count } = await look(world, A);
      expect(count).toBe(what === "lost" ? 0 : 1);
      await ask(world, A, { kind: "add", by: 10 });
      world = await world.reopen();
      expect((await look(world, A)).count).toBe(count + 10);
    }
  });

  test("fenced: it stops for good and says so", async () => {
    const world = await openWorld();
    const hit = once(world, "added", "fenced");
    const asked = ask(world, A, { kind: "add", by: 1 });
    const queued = ask(world, A, { kind: "add", by: 2 });
    await expect(asked).rejects.toMatchObject({ code: "FENCED" });
    await expect(queued).rejects.toMatchObject({ code: "FENCED" });
    expect(hit.hits).toBe(1);
    await expect(ask(world, A, { kind: "add", by: 3 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await expect(look(world, A)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(world.failures.at(-1)?.fatal).toBe(true);
    expect((await look(world, B)).count).toBe(0);
  });
});

test("live state and replayed state have one hash", async () => {
  let world = await openWorld();
  await ask(world, A, { kind: "add", by: 4 });
  await ask(world, A, { kind: "forward", to: B, by: 2 });
  await ask(world, A, { kind: "later", id: "t", atMs: Date.now() + 60_000 });
  await waitFor(async () => (await look(world, B)).count === 2);
  const live = await Promise.all(
    world.partitions.map((each) => each.read((state) => state.hash())),
  );
  world = await world.reopen();
  const replayed = await Promise.all(
    world.partitions.map((each) => each.read((state) => state.hash())),
  );
  expect(replayed).toEqual(live);
});

test("a mailbox that is full refuses with a hint when to come back", async () => {
  const world = await openWorld();
  const asks = Array.from({ length: 10_001 }, () =>
    ask(world, A, { kind: "add", by: 1 }).then(
      () => "taken",
      (failure: Failure) => failure.code,
    ),
  );
  const answers = await Promise.all(asks);
  expect(answers.filter((answer) => answer === "FULL").length).toBe(1);
  expect((await look(world, A)).count).toBe(10_000);
});

async function worldTail(world: World): Promise<number> {
  await look(world, A);
  return world.appends;
}

/** Makes the next turn of `address` fail once as a bug would. */
function counterBugAt(address: string): void {
  let done = false;
  beforeReceive = (at) => {
    if (at !== address || done) return;
    done = true;
    throw new TypeError("a bug in this turn");
  };
  open.push(async () => {
    beforeReceive = () => {};
  });
}
