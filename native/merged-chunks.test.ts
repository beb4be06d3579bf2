// What a consumer reads of a request, whatever the speed of either side.

import fc from "fast-check";
import { expect, test } from "vitest";

import type { Chunk } from "./engine.ts";
import { EngineFailure } from "./errors.ts";
import { MergedChunks } from "./merged-chunks.ts";

const quiet = (): void => {};

async function readAll(chunks: MergedChunks): Promise<Chunk[]> {
  const read: Chunk[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return read;
}

test("whoever waits gets each step's tokens; whoever does not, all of them at once", async () => {
  const chunks = new MergedChunks(0, false, quiet);
  const iterator = chunks[Symbol.asyncIterator]();
  const first = iterator.next();
  chunks.addCached(64);
  chunks.addToken(7, null);
  chunks.flush();
  expect(await first).toEqual({
    done: false,
    value: { index: 0, tokenIds: [7], logprobs: null, cachedTokens: 64, finish: null },
  });
  for (const id of [8, 9]) {
    chunks.addToken(id, null);
    chunks.flush();
  }
  chunks.finish("stop");
  expect(await iterator.next()).toEqual({
    done: false,
    value: { index: 1, tokenIds: [8, 9], logprobs: null, cachedTokens: null, finish: "stop" },
  });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("an end without a token is a chunk of its own", async () => {
  const chunks = new MergedChunks(5, true, quiet);
  chunks.finish("aborted");
  expect(await readAll(chunks)).toEqual([
    { index: 5, tokenIds: [], logprobs: [], cachedTokens: null, finish: "aborted" },
  ]);
});

test("what was drawn before a failure is read before it", async () => {
  const chunks = new MergedChunks(0, false, quiet);
  chunks.addToken(1, null);
  chunks.fail(new EngineFailure("stalled", "rank 1"));
  const iterator = chunks[Symbol.asyncIterator]();
  expect((await iterator.next()).value?.tokenIds).toEqual([1]);
  await expect(iterator.next()).rejects.toMatchObject({ code: "stalled", retry: "elsewhere" });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("a failure reaches a consumer that waits", async () => {
  const chunks = new MergedChunks(0, false, quiet);
  const read = readAll(chunks);
  await Promise.resolve();
  chunks.fail(new EngineFailure("internal", "broken"));
  chunks.flush();
  await expect(read).rejects.toMatchObject({ code: "internal" });
});

test("leaving is heard of once, and what comes after it is not kept", async () => {
  let left = 0;
  const chunks = new MergedChunks(0, false, () => void (left += 1));
  const iterator = chunks[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await iterator.return?.();
  await iterator.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(left).toBe(1);
  chunks.addToken(1, null);
  chunks.finish("aborted");
  chunks.flush();
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("a consumer that read to the end did not leave", async () => {
  let left = 0;
  const chunks = new MergedChunks(0, false, () => void (left += 1));
  chunks.addToken(1, null);
  chunks.finish("length");
  await readAll(chunks);
  expect(left).toBe(0);
});

test("it is read once, by one consumer, and nothing comes after the end", async () => {
  const chunks = new MergedChunks(0, false, quiet);
  const iterator = chunks[Symbol.asyncIterator]();
  expect(() => chunks[Symbol.asyncIterator]()).toThrow(/read once/u);
  void iterator.next();
  expect(() => iterator.next()).toThrow(/still awaited/u);
  chunks.finish("stop");
  expect(() => chunks.addToken(1, null)).toThrow();
  expect(() => chunks.finish("stop")).toThrow();
  expect(() => chunks.fail(new EngineFailure("internal", "x"))).toThrow();
});

test("however steps and reads interleave, every token is read once and in order", async () => {
  const step = fc.oneof(fc.constant("read" as const), fc.integer({ min: 1, max: 5 }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const chunks = new MergedChunks(3, false, quiet);
      const iterator = chunks[Symbol.asyncIterator]();
      const read: Promise<IteratorResult<Chunk>>[] = [];
      let pending = false;
      let next = 0;
      for (const it of steps) {
        if (it !== "read") {
          for (let i = 0; i < it; i++) chunks.addToken(next++, null);
          chunks.flush();
        } else if (!pending) {
          const reading = iterator.next();
          pending = true;
          void reading.then(() => void (pending = false));
          read.push(reading);
        }
        await Promise.resolve();
        await Promise.resolve();
      }
      chunks.finish("length");
      chunks.flush();
      const got = (await Promise.all(read)).flatMap((it) => (it.done === true ? [] : [it.value]));
      for (let it = await iterator.next(); it.done !== true; it = await iterator.next()) {
        got.push(it.value);
      }
      expect(got.flatMap((chunk) => chunk.tokenIds)).toEqual(
        Array.from({ length: next }, (_, i) => i),
      );
      let index = 3;
      for (const chunk of got) {
        expect(chunk.index).toBe(index);
        index += chunk.tokenIds.length;
      }
    }),
  );
});
