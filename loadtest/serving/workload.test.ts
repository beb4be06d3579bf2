// What is asked, when it is due, and what the command line makes of it.

import { expect, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import { duesOf } from "./load-shape.ts";
import { parseServingOptions } from "./options.ts";
import { parseTokenLengths } from "./token-lengths.ts";
import { Conversation, wordRateOf, type WorkloadOptions } from "./workload.ts";

const WORKLOAD: WorkloadOptions = {
  ...{ model: "m", form: { kind: "ids", vocab: 1_000 }, prompt: () => 100, output: () => 8 },
  ...{ prefixShare: 0, prefixes: 1, turns: 1, exactLength: true, seed: 1 },
};

interface Body {
  readonly prompt: readonly number[];
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly [name: string]: unknown;
}

function bodyOf(options: Partial<WorkloadOptions>, index = 0): Body {
  return new Conversation({ ...WORKLOAD, ...options }, index).next()?.body as Body;
}

test.each([
  ["128", 128, 128],
  ["uniform:16-32", 16, 32],
  ["normal:100,10", 50, 150],
  ["lognormal:100,0.1", 50, 150],
])("lengths %s lie where they should, around their middle", (text, low, high) => {
  const random = seededRandom(3);
  const draw = parseTokenLengths(text, "prompt");
  const drawn = Array.from({ length: 2_000 }, () => draw(random)).toSorted((a, b) => a - b);
  expect(drawn[0]).toBeGreaterThanOrEqual(low);
  expect(drawn.at(-1)).toBeLessThanOrEqual(high);
  expect(Math.abs((drawn[1_000] ?? 0) - (low + high) / 2)).toBeLessThan(3);
});

test("a distribution has all of its values, and its deviation", () => {
  const random = seededRandom(4);
  const uniform = parseTokenLengths("uniform:1-3", "prompt");
  expect(new Set(Array.from({ length: 200 }, () => uniform(random)))).toEqual(new Set([1, 2, 3]));
  const normal = parseTokenLengths("normal:1000,50", "prompt");
  const drawn = Array.from({ length: 4_000 }, () => normal(random) - 1_000);
  const deviation = Math.sqrt(drawn.reduce((sum, it) => sum + it * it, 0) / drawn.length);
  expect(Math.abs(deviation - 50)).toBeLessThan(2);
});

test("what is no distribution is refused by its option's name", () => {
  for (const text of ["", "ten", "uniform:9-3", "normal:5", "beta:1,2", "1,2"]) {
    expect(() => parseTokenLengths(text, "output"), text).toThrow(`--output ${text}`);
  }
});

test("equal gaps begin at once; random ones have the same rate and depend on the seed alone", () => {
  const constant = { kind: "open", perSecond: 4, gaps: "constant" } as const;
  expect(duesOf(constant, 1_100, 1)).toEqual([0, 250, 500, 750, 1_000]);
  const poisson = { kind: "open", perSecond: 100, gaps: "poisson" } as const;
  const due = duesOf(poisson, 100_000, 1);
  expect(Math.abs(due.length - 10_000)).toBeLessThan(400);
  expect(duesOf(poisson, 100_000, 1)).toEqual(due);
  expect(duesOf(poisson, 100_000, 2)).not.toEqual(due);
});

test("a request has the length that was drawn, and the same one again for the same seed", () => {
  const body = bodyOf({});
  expect(body).toMatchObject({ max_tokens: 8, stream: true, ignore_eos: true, model: "m" });
  expect(body.prompt).toHaveLength(100);
  expect(Math.max(...body.prompt)).toBeLessThan(1_000);
  expect(bodyOf({}).prompt).toEqual(body.prompt);
  expect(bodyOf({}, 1).prompt).not.toEqual(body.prompt);
  expect(bodyOf({ exactLength: false })).not.toHaveProperty("ignore_eos");
});

test("of prompts a share begins like others', and the rest is their own", () => {
  const [one, other] = [0, 1].map((index) => bodyOf({ prefixShare: 0.6 }, index).prompt);
  expect(one?.slice(0, 60)).toEqual(other?.slice(0, 60));
  expect(one?.[60]).not.toBe(other?.[60]);
  const beginnings = Array.from({ length: 40 }, (_, index) =>
    bodyOf({ prefixShare: 0.6, prefixes: 3 }, index).prompt.slice(0, 60).join(),
  );
  expect(new Set(beginnings).size).toBe(3);
});

test("words come to as many tokens as two prompts have shown", () => {
  const words = wordRateOf({ words: 10, tokens: 27 }, { words: 30, tokens: 67 });
  expect(words).toEqual({ perWord: 2, fixed: 7 });
  const { messages } = bodyOf({ form: { kind: "chat", words } });
  expect(messages[0]?.content.split(" ")).toHaveLength(Math.round((100 - 7) / 2));
});

test("a conversation's turns repeat what was said, under one session, and end", () => {
  const words = { perWord: 1, fixed: 0 };
  const talk = new Conversation({ ...WORKLOAD, form: { kind: "chat", words }, turns: 2 }, 0);
  const first = talk.next();
  talk.answered("Yes.");
  const second = talk.next();
  const said = (second?.body as Body | undefined)?.messages ?? [];
  expect(said.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
  expect(said[0]).toEqual((first?.body as Body | undefined)?.messages[0]);
  expect(said[1]?.content).toBe("Yes.");
  expect(second?.session).toBe(first?.session);
  expect(first?.session).not.toBeNull();
  expect(talk.next()).toBeNull();
});

test("one step for each rate and for each number in flight; a rate when neither is said", () => {
  const { shapes } = parseServingOptions(["--rate", "1,2.5", "--in-flight", "8", "--constant"]);
  expect(shapes).toEqual([
    { kind: "open", perSecond: 1, gaps: "constant" },
    { kind: "open", perSecond: 2.5, gaps: "constant" },
    { kind: "closed", inFlight: 8 },
  ]);
  expect(parseServingOptions([]).shapes).toEqual([{ kind: "open", perSecond: 4, gaps: "poisson" }]);
  expect(parseServingOptions(["--in-flight", "2"]).shapes).toHaveLength(1);
});

test.each([
  ["--rate", "0"],
  ["--rate", "1,,2"],
  ["--prefix-share", "1.5"],
  ["--prompts", "poems"],
  ["--slo-ttft-ms", "soon"],
  ["--seconds", ""],
])("%s %s is refused by name", (option, value) => {
  expect(() => parseServingOptions([option, value])).toThrow(option);
});

test("only chats have turns", () => {
  expect(() => parseServingOptions(["--turns", "2", "--prompts", "ids"])).toThrow("--turns");
  expect(() => parseServingOptions(["--turn", "2"])).toThrow("--turn");
});
