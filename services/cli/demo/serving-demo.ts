// The serving half of the demo: one chat from two workers with the bundled model, told twice. The
// second time the worker that tells it is killed in the middle; the text must be the same, and the
// reader sees one stream.

import { Failure } from "#shared/base/errors.ts";
import { bundledModel } from "../package-root.ts";
import { chatOnce, type ChatOutcome } from "../serving/chat-stream.ts";
import { ModelServing } from "../serving/model-serving.ts";

/** The last line of `demo serve --json`. */
export interface ServingResult {
  /** The interrupted text is the uninterrupted one. */
  readonly textEqual: boolean;
  /** Longest pause between two tokens around the kill, as the client saw it. */
  readonly gapMs: number;
  readonly killedWorker: string;
  readonly resumedOn: string;
  readonly tokens: number;
}

export interface ServingDemo {
  readonly folder: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Text as it comes, for people to see. */
  readonly onText: (text: string, worker: "before" | "after") => void;
  readonly onStep: (step: { readonly name: string; readonly detail: string }) => void;
}

const MODEL = "lantern";
const PROMPT = "Tell me a story about a signal box.";
/** Most of the bundled model's context: the kill must come before the end. */
const TOKENS = 600;
const KILL_AFTER_TOKENS = 40;
const SEED = 7;

export async function serveAndKill(demo: ServingDemo): Promise<ServingResult> {
  const serving = await ModelServing.start({
    ...{ name: MODEL, workers: 2, http: "127.0.0.1:0", folder: demo.folder, env: demo.env },
    model: bundledModel(),
    ...{ worker: {}, router: {}, route: null },
    onStep: demo.onStep,
  });
  try {
    return await tellTwice(serving, demo);
  } finally {
    await serving.stop();
  }
}

async function tellTwice(serving: ModelServing, demo: ServingDemo): Promise<ServingResult> {
  const request = { url: serving.url, model: MODEL, body: requestBody() };
  const before = await generatedBy(serving);
  const whole = await chatOnce(request, () => {});
  // Requests of one session go to one worker: who told it will tell it again.
  const between = await generatedBy(serving);
  const teller = busiest(before, between);
  let killedAt: number | null = null;
  let atKill = 0;
  const told = await chatOnce(request, (tokens, text) => {
    demo.onText(text, killedAt === null ? "before" : "after");
    if (killedAt !== null || tokens < KILL_AFTER_TOKENS) return;
    serving.signal(teller, "SIGKILL");
    killedAt = performance.now();
    atKill = tokens;
  });
  if (killedAt === null || told.tokens <= atKill) {
    throw new Failure("INTERNAL", "the story ended before its worker could be killed");
  }
  // Who is left, and has drawn tokens since.
  const resumedOn = busiest(between, await generatedBy(serving));
  return {
    textEqual: told.text === whole.text && told.tokens === whole.tokens,
    gapMs: Math.round(longestPause(told, killedAt)),
    killedWorker: teller,
    resumedOn,
    tokens: told.tokens,
  };
}

function requestBody(): object {
  return {
    messages: [{ role: "user", content: PROMPT }],
    ...{ max_tokens: TOKENS, ignore_eos: true, temperature: 0.8, seed: SEED },
    user: "demo",
  };
}

/** Between the arrivals on either side of the kill, or later: whichever pause is longest. */
function longestPause(told: ChatOutcome, killedAt: number): number {
  const pauses = told.arrivedAt.map((at, i) =>
    at < killedAt ? 0 : at - (told.arrivedAt[i - 1] ?? at),
  );
  return Math.max(0, ...pauses);
}

/** Tokens that each worker has drawn. */
async function generatedBy(serving: ModelServing): Promise<ReadonlyMap<string, number>> {
  const counts = serving.workers.map(async ({ name, ready }) => {
    const response = await fetch(`http://${String(ready?.["http"])}/metrics`);
    const line = /^vllm:generation_tokens_total\S* (\S+)$/mu.exec(await response.text());
    return [name, Number(line?.[1] ?? 0)] as const;
  });
  return new Map(await Promise.all(counts));
}

function busiest(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string {
  const drawn = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  const [first] = drawn.toSorted(([, a], [, b]) => b - a);
  if (first === undefined || first[1] <= 0) {
    throw new Failure("INTERNAL", "no worker says that it told the story");
  }
  return first[0];
}
