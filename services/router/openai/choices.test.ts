// Choices below HTTP: streams read as one, and what a choice makes of its tokens.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { Failure } from "#shared/base/errors.ts";
import type { TokenChunk, TokenRequest, TokenSource } from "../token-source.ts";
import { ChoiceStreams } from "./choice-streams.ts";
import { ChoiceText, type ChoiceOptions } from "./choice-text.ts";
import { chunk, ScriptedSource, text } from "./scripted-source.fixture.ts";

/** Nothing but its id is looked at here. */
const asked = (id: string): TokenRequest => ({ id }) as TokenRequest;

function choice(change: Partial<ChoiceOptions> = {}): ChoiceText {
  return new ChoiceText({
    ...{ text, stops: [], includeStop: false, skipSpecial: true, minTokens: 0 },
    ...{ endIds: new Set([1]), tools: null, logprobs: false, hadPosition: -1 },
    ...change,
  });
}

describe("streams read as one", () => {
  const script = async function* count(request: TokenRequest): AsyncGenerator<TokenChunk> {
    const length = Number(request.id);
    for (let at = 0; at < length; at++) {
      if (at % 2 === length % 2) await Promise.resolve();
      yield chunk(at, [at], { finish: at === length - 1 ? "length" : null });
    }
  };

  test("give every chunk of each once and in order", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(lengths, async (list) => {
        const source = new ScriptedSource(script);
        const requests = list.map((length) => asked(String(length)));
        const streams = new ChoiceStreams(source, requests, new AbortController().signal);
        const got: number[][] = list.map(() => []);
        for (let next = await streams.next(); next !== null; next = await streams.next()) {
          got[next.choice]?.push(next.chunk.index);
          if (next.chunk.finish !== null) streams.end(next.choice);
        }
        streams.close();
        expect(got).toEqual(list.map((length) => Array.from({ length }, (_, at) => at)));
        expect(source.aborted).toEqual([]);
      }),
    );
  });

  test("are each left once, the early ones when they end and the others at the close", () => {
    const left: string[] = [];
    const attach = ({ id }: TokenRequest) => ({ take: () => null, leave: () => left.push(id) });
    const source = { attach } as unknown as TokenSource;
    const streams = new ChoiceStreams(source, ["a", "b"].map(asked), new AbortController().signal);
    streams.end(1);
    streams.end(1);
    expect(left).toEqual(["b"]);
    streams.close();
    streams.close();
    expect(left).toEqual(["b", "a"]);
  });

  test("are all let go when one of them cannot be opened", () => {
    const source = new ScriptedSource((request) => {
      if (request.id === "3") throw new Failure("FULL", "no room");
      return script(request);
    });
    const requests = ["1", "2", "3"].map(asked);
    const open = () => new ChoiceStreams(source, requests, new AbortController().signal);
    expect(open).toThrow("no room");
    expect(source.aborted).toEqual(["1", "2"]);
  });

  test("are not opened for a client that has gone", () => {
    const source = new ScriptedSource(script);
    const gone = AbortSignal.abort(new Failure("CANCELLED", "gone"));
    expect(() => new ChoiceStreams(source, [asked("1")], gone)).toThrow("gone");
    expect(source.requests).toEqual([]);
  });
});

describe("a choice", () => {
  const ids = text.encode("one. two. three.", false);

  test("looks for stop strings after the least tokens only", () => {
    const least = text.encode("one. two", false).length;
    const held = choice({ stops: ["."], minTokens: least });
    held.onChunk(chunk(0, [...ids, 1], { finish: "stop" }));
    expect(held.take({ tokenIds: false })?.text).toBe("one. two");
    expect(held.stopReason).toBe(".");
    expect(held.tokenCount).toBe(least + 1);
  });

  test("says which token ended it, and does not show it", () => {
    const [word = 0] = text.encode("three", false);
    const ended = choice({ endIds: new Set([word]), skipSpecial: false });
    ended.onChunk(chunk(0, [...ids, word], { finish: "stop" }));
    expect(ended.take({ tokenIds: true })).toMatchObject({ text: "one. two. three." });
    expect([ended.finish, ended.stopReason]).toEqual(["stop", word]);
  });

  test("without a tokenizer gives ids", () => {
    const bare = choice({ text: null });
    bare.onChunk(chunk(0, [5, 6]));
    expect(bare.take({ tokenIds: true })).toMatchObject({ text: "", tokenIds: [5, 6] });
    expect(bare.take({ tokenIds: true })).toBeNull();
  });

  test("gives the same after the same tokens, however chunks split them", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 20 });
    const whole = choice({ stops: ["thr"] });
    whole.onChunk(chunk(0, ids, { finish: "length" }));
    const expected = whole.take({ tokenIds: true });
    fc.assert(
      fc.property(sizes, (list) => {
        const split = choice({ stops: ["thr"] });
        let given = "";
        let at = 0;
        for (const size of [...list, ids.length]) {
          if (split.finish !== null) break;
          const finish = at + size >= ids.length ? "length" : null;
          split.onChunk(chunk(at, ids.slice(at, at + size), { finish }));
          given += split.take({ tokenIds: true })?.text ?? "";
          at += size;
        }
        expect(given).toBe(expected?.text);
        expect([split.finish, split.tokenCount]).toEqual([whole.finish, whole.tokenCount]);
      }),
    );
  });
});
