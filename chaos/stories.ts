// What clients ask for in a chaos run: every kind of request whose continuation needs more than the
// tokens so far. Each is told once before any fault; whatever happens later, its clients must read
// the same.

import { randomInt, type Random } from "#shared/base/prng.ts";
import type { ChatOutcome } from "../services/cli/serving/chat-stream.ts";

export const KINDS = ["greedy", "sampled", "penalties", "stop", "schema"] as const;
export type Kind = (typeof KINDS)[number];

export interface Request {
  readonly kind: Kind;
  readonly body: object;
}

export interface Story extends Request {
  readonly told: ChatOutcome;
}

export type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "lost" | "repeated" | "changed" | "errors"; readonly what: string };

const TOKENS_MIN = 150;
const TOKENS_MAX = 350;
/** An answer of this form does not fit into fewer. */
const SCHEMA_TOKENS = 400;
/** Where in its text a story with a stop string ends. */
const STOP_FROM = 0.6;

const line = (minLength: number, maxLength: number): object => {
  return { type: "string", minLength, maxLength };
};
const SCENES = {
  type: "object",
  properties: {
    title: line(20, 40),
    scenes: {
      ...{ type: "array", minItems: 5, maxItems: 7 },
      items: {
        type: "object",
        properties: { place: line(10, 30), lamps: { type: "integer" }, lit: { type: "boolean" } },
        required: ["place", "lamps", "lit"],
        additionalProperties: false,
      },
    },
  },
  required: ["title", "scenes"],
  additionalProperties: false,
};

/** `tell` streams one request to its end, without faults. */
export async function tellStory(
  kind: Kind,
  random: Random,
  tell: (body: object) => Promise<ChatOutcome>,
): Promise<Story> {
  const body = {
    messages: [{ role: "user", content: `Tell me story number ${randomInt(random, 1000)}.` }],
    ...{ seed: randomInt(random, 2 ** 31), ignore_eos: true },
    max_tokens: TOKENS_MIN + randomInt(random, TOKENS_MAX - TOKENS_MIN),
    ...fieldsOf(kind, random),
  };
  const told = await tell(body);
  if (kind !== "stop") return { kind, body, told };
  const stopped = { ...body, stop: [stopStringOf(told.text)] };
  return { kind, body: stopped, told: await tell(stopped) };
}

function fieldsOf(kind: Kind, random: Random): object {
  const sampled = { temperature: 0.9, top_p: randomInt(random, 2) === 0 ? 1 : 0.95 };
  switch (kind) {
    case "greedy":
      return { temperature: 0 };
    case "sampled":
      return sampled;
    case "penalties":
      return { ...sampled, ...{ frequency_penalty: 0.4, repetition_penalty: 1.1 } };
    case "stop":
      return { ...sampled, max_tokens: TOKENS_MAX };
    case "schema": {
      const json_schema = { name: "scenes", schema: SCENES, strict: true };
      const response_format = { type: "json_schema", json_schema };
      return { ...sampled, max_tokens: SCHEMA_TOKENS, ignore_eos: false, response_format };
    }
  }
}

/** Some letters over the end of a word that stand late in `text` and nowhere before. */
export function stopStringOf(text: string): string {
  for (let at = Math.floor(STOP_FROM * text.length); at + 8 <= text.length; at++) {
    const candidate = text.slice(at, at + 8);
    if (/\w\W+\w/u.test(candidate) && text.indexOf(candidate) === at) return candidate;
  }
  throw new Error(`a story without a place to stop at: ${text}`);
}

/** What a client got beside what it was due. */
export function compare(expected: ChatOutcome, got: ChatOutcome): Verdict {
  const ids = got.eventIds;
  const backwards = ids.findIndex((id, i) => i > 0 && id <= ids[i - 1]!); // Of events with text.
  if (backwards >= 0) return { kind: "repeated", what: `event ${ids[backwards]} came again` };
  const { text, tokens, finish } = got;
  if (text === expected.text && tokens === expected.tokens && finish === expected.finish) {
    return { kind: "same" };
  }
  const what =
    `${tokens} tokens and ${String(finish)} where ` +
    `${expected.tokens} and ${String(expected.finish)} were due`;
  if (tokens === expected.tokens) return { kind: "changed", what };
  return { kind: tokens < expected.tokens ? "lost" : "repeated", what };
}

/** The longest time between two pieces of text, of those that came after `sinceMs`. */
export function longestPauseMs(told: ChatOutcome, sinceMs: number): number {
  let longest = 0;
  for (let i = 1; i < told.arrivedAt.length; i++) {
    if (told.arrivedAt[i]! < sinceMs) continue;
    longest = Math.max(longest, told.arrivedAt[i]! - told.arrivedAt[i - 1]!);
  }
  return longest;
}
