// One stream for the reader, whatever becomes of the attempts behind it.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { systemTimers } from "#shared/config/system.ts";
import { ADMISSION_DEFAULTS } from "../core/admission.ts";
import type { MaskSource, TokenRequest } from "../token-source.ts";
import { requestOf, ScriptedFleet, type Script } from "./scripted-fleet.fixture.ts";
import { TokenRouter } from "./token-router.ts";

function script(fate: Script["fate"], tokens = 0, rest: Partial<Script> = {}): Script {
  return { fate, tokens, piece: 1, repeats: false, ...rest };
}

interface Read {
  readonly ids: readonly number[];
  readonly finish: string | null;
  readonly failure: Failure | null;
}

async function read(
  fleet: ScriptedFleet,
  request: TokenRequest,
  onChunk: (router: TokenRouter) => void = () => {},
): Promise<Read> {
  const router = new TokenRouter({
    ...{ placement: fleet, meter: fleet.meter, freshWaitMs: 1_000, resumeWaitMs: 2_000 },
    ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
  });
  const ids: number[] = [];
  let finish: string | null = null;
  try {
    for await (const chunk of router.open(request, new AbortController().signal)) {
      expect(chunk.index).toBe(request.resumeIds.length + ids.length);
      ids.push(...chunk.tokenIds);
      finish = chunk.finish;
      onChunk(router);
    }
    return { ids, finish, failure: null };
  } catch (reason) {
    return { ids, finish, failure: Failure.from(reason) };
  } finally {
    expect(router.live).toBe(0);
    expect(router.kept).toBe(0);
    expect(fleet.live.size).toBe(0);
  }
}

const WHOLE = Array.from({ length: 8 }, (_, i) => 1000 + i);

test("a stream whose workers die goes on at others, and says once where it was", async () => {
  const fleet = new ScriptedFleet([
    ...[script("break", 3), script("hand_back", 2), script("finish")],
  ]);
  expect(await read(fleet, requestOf({}))).toMatchObject({ ids: WHOLE, finish: "length" });
  expect(fleet.wishes.map(({ resumeTokens }) => resumeTokens)).toEqual([0, 3, 5]);
  expect(fleet.wishes.map(({ classId }) => classId)).toEqual([null, "portable", "portable"]);
  expect([...fleet.wishes[1]!.exclude]).toEqual(["w1"]);
  expect(fleet.outcomes).toEqual(["worker_fault", "handed_back", "ok"]);
  expect(fleet.gaps).toEqual(["lost", "handed_back"]);
  expect(fleet.ends).toEqual(["length"]);
});

test("what a client has had already is not sent again", async () => {
  const fleet = new ScriptedFleet([script("break", 1), script("finish")]);
  const request = requestOf({ resumeIds: [1000, 1001, 1002] });
  expect((await read(fleet, request)).ids).toEqual(WHOLE.slice(3));
});

test("a worker that stands still is left, and what it says later is not heard", async () => {
  const fleet = new ScriptedFleet([script("silence", 3, { piece: 3 }), script("finish")]);
  const seen = await read(fleet, requestOf({}), (router) =>
    router.onWorkerStalled("w1", "its engine stands still"),
  );
  expect(seen.ids).toEqual(WHOLE);
  expect(fleet.gaps).toEqual(["stalled"]);
});

test.each([
  ["the request's own fault is told at once", [script("refuse")], "INVALID", 1],
  ["nobody there: refused with a time", [], "UNAVAILABLE", 5],
  [
    ...(["full queues are told as such", Array(6).fill(script("full")) as Script[]] as const),
    ...(["FULL", 6] as const),
  ],
])("%s", async (_name, scripts, code, asked) => {
  const fleet = new ScriptedFleet(scripts);
  const { failure, ids } = await read(fleet, requestOf({}));
  expect(failure).toMatchObject({ code });
  expect(ids).toEqual([]);
  expect(fleet.wishes).toHaveLength(asked);
  if (code !== "INVALID") expect(failure?.retryAfterMs).toBeGreaterThan(0);
});

test("what has no token takes from the budget of retries, what has one does not", async () => {
  const router = (fleet: ScriptedFleet): TokenRouter =>
    new TokenRouter({
      ...{ placement: fleet, meter: fleet.meter, freshWaitMs: 0, resumeWaitMs: 0 },
      ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
    });
  const run = async (on: TokenRouter): Promise<Failure | null> => {
    try {
      for await (const _ of on.open(requestOf({}), new AbortController().signal));
      return null;
    } catch (reason) {
      return Failure.from(reason);
    }
  };
  const barren = [script("break"), script("break"), script("break"), script("finish")];
  const fleet = new ScriptedFleet(Array.from({ length: 30 }, () => barren).flat());
  const on = router(fleet);
  const ends: (Failure | null)[] = [];
  for (let i = 0; i < 26; i++) ends.push(await run(on));
  expect(ends.slice(0, 10)).toEqual(Array(10).fill(null)); // 3 a second for 10 s, and 20 %.
  expect(ends.find((end) => end !== null)).toMatchObject({ code: "UNAVAILABLE" });
  expect(fleet.refusals).toContain("retries");
  const begun = [script("break", 1), script("break", 1), script("finish")];
  const other = new ScriptedFleet(Array.from({ length: 40 }, () => begun).flat());
  const others = router(other);
  for (let i = 0; i < 40; i++) expect(await run(others)).toBeNull();
  expect([on.kept, others.kept]).toEqual([0, 0]);
});

test("a new request waits for room; one whose client has had tokens does not", async () => {
  const fleet = new ScriptedFleet([script("finish"), script("finish")]);
  fleet.free = 0;
  const router = new TokenRouter({
    ...{ placement: fleet, meter: fleet.meter, freshWaitMs: 1_000, resumeWaitMs: 1_000 },
    ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
  });
  const ids = async (request: TokenRequest): Promise<number[]> => {
    const all: number[] = [];
    const { signal } = new AbortController();
    for await (const chunk of router.open(request, signal)) all.push(...chunk.tokenIds);
    return all;
  };
  const waiting = ids(requestOf({ id: "new" }));
  expect(await ids(requestOf({ id: "old", resumeIds: [1000] }))).toEqual(WHOLE.slice(1));
  expect(router.queued().normal).toBe(1);
  fleet.free = 1;
  router.onRoom();
  expect(await waiting).toEqual(WHOLE);
  expect(fleet.waited).toEqual(["normal"]);
  const abort = new AbortController();
  fleet.free = 0;
  const gone = router.open(requestOf({ id: "gone" }), abort.signal).next();
  abort.abort();
  await expect(gone).rejects.toMatchObject({ code: "CANCELLED" });
  expect([router.kept, router.live]).toEqual([0, 0]);
});

test("a stream that nobody can go on with ends with a failure after its last token", async () => {
  const fleet = new ScriptedFleet([script("break", 2)]);
  const { failure, ids } = await read(fleet, requestOf({}));
  expect(ids).toEqual([1000, 1001]);
  expect(failure).toMatchObject({ code: "UNAVAILABLE" });
  expect(fleet.ends).toEqual(["failed"]);
});

test("a reader who leaves ends the attempt as the client's", async () => {
  const fleet = new ScriptedFleet([script("silence", 2)]);
  const router = new TokenRouter({
    ...{ placement: fleet, meter: fleet.meter, freshWaitMs: 0, resumeWaitMs: 0 },
    ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
  });
  for await (const chunk of router.open(requestOf({}), new AbortController().signal)) {
    if (chunk.index + chunk.tokenIds.length >= 2) break;
  }
  expect(fleet.outcomes).toEqual(["client_gone"]);
  const abort = new AbortController();
  const gone = new ScriptedFleet([script("silence", 1)]);
  const other = new TokenRouter({
    ...{ placement: gone, meter: gone.meter, freshWaitMs: 0, resumeWaitMs: 0 },
    ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
  });
  await expect(async () => {
    for await (const chunk of other.open(requestOf({}), abort.signal)) {
      if (chunk.tokenIds.length > 0) abort.abort();
    }
  }).rejects.toMatchObject({ code: "CANCELLED" });
  expect(gone.outcomes).toEqual(["client_gone"]);
});

test("masks follow every token and every new attempt; a complete grammar ends the output", async () => {
  const asked: number[] = [];
  const mask: MaskSource = {
    maskAfter: (ids) => {
      asked.push(ids.length);
      return Promise.resolve(ids.length >= 4 ? null : Uint32Array.of(1 << ids.length));
    },
  };
  const fleet = new ScriptedFleet([script("break", 2), script("silence", 4)]);
  const seen = await read(fleet, requestOf({ mask }));
  expect(seen).toMatchObject({ ids: WHOLE.slice(0, 4), finish: "stop" });
  expect(new Set(asked)).toEqual(new Set([0, 1, 2, 3, 4]));
  expect(asked.filter((index) => index === 2)).toHaveLength(2);
});

const anyScript = fc.record({
  tokens: fc.integer({ min: 0, max: 5 }),
  fate: fc.constantFrom<Script["fate"][]>(
    ...(["break", "hand_back", "end", "skip", "lie", "full", "finish"] as const),
  ),
  piece: fc.integer({ min: 1, max: 3 }),
  repeats: fc.boolean(),
});

test("whatever attempts do, the reader gets a beginning of the one output, and an end", async () => {
  let resumed = 0;
  let whole = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyScript, { maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      async (scripts, maxTokens) => {
        const fleet = new ScriptedFleet(scripts);
        const { ids, finish, failure } = await read(fleet, requestOf({ maxTokens }));
        expect(ids).toEqual(ids.map((_, i) => 1000 + i));
        expect((finish === null) !== (failure === null)).toBe(true);
        if (finish !== null) expect(ids).toHaveLength(maxTokens);
        resumed += fleet.gaps.length;
        whole += finish === null ? 0 : 1;
      },
    ),
    { numRuns: 300 },
  );
  expect(resumed).toBeGreaterThan(50);
  expect(whole).toBeGreaterThan(50);
});

test("everyone that a dying worker had goes on elsewhere, with or without a token", async () => {
  const begun = Array.from({ length: 100 }, () => [script("break"), script("finish")]).flat();
  const fleet = new ScriptedFleet(begun);
  const router = new TokenRouter({
    ...{ placement: fleet, meter: fleet.meter, freshWaitMs: 0, resumeWaitMs: 0 },
    ...{ admission: ADMISSION_DEFAULTS, timers: systemTimers },
  });
  for (let i = 0; i < 100; i++) {
    const ids: number[] = [];
    for await (const chunk of router.open(requestOf({}), new AbortController().signal)) {
      ids.push(...chunk.tokenIds);
    }
    expect(ids).toEqual(WHOLE);
  }
  expect(fleet.refusals).toEqual([]);
});
