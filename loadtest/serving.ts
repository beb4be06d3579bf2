// How good a served model's answers are under load: of any OpenAI endpoint, or of the bundled
// model, which is then served by two workers behind a router for as long as the question takes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { bundledModel } from "../services/cli/package-root.ts";
import { ModelServing } from "../services/cli/serving/model-serving.ts";
import { qualityOf, type Quality, type Spread } from "./serving/answer-quality.ts";
import { holdLoad, type Progress } from "./serving/hold-load.ts";
import { shapeText } from "./serving/load-shape.ts";
import { OpenAiEndpoint } from "./serving/openai-endpoint.ts";
import type { ServingOptions } from "./serving/options.ts";
import { Conversation, sampleOf, wordRateOf } from "./serving/workload.ts";
import type { PromptForm, WordRate, WorkloadOptions } from "./serving/workload.ts";

export interface ServingStep extends Quality {
  /** Such as `4/s poisson` or `8 in flight`. */
  readonly load: string;
}

export interface ServingResult {
  readonly model: string;
  /** How many tokens the endpoint makes of words; null where prompts are ids. */
  readonly words: WordRate | null;
  readonly steps: readonly ServingStep[];
}

const STEP_INDICES = 2 ** 20;
const SAMPLE_WORDS = [24, 88] as const;
/** Of one the endpoint says nothing: about what English has. */
const USUAL_WORDS: WordRate = { fixed: 8, perWord: 1.3 };

export async function benchServing(
  options: ServingOptions,
  say: (line: string) => void,
): Promise<ServingResult> {
  if (options.url !== null) return measured({ ...options, url: options.url }, say);
  const folder = mkdtempSync(join(tmpdir(), "signalbox-bench-"));
  const serving = await ModelServing.start({
    ...{ model: bundledModel(), name: "lantern", workers: options.workers, folder, route: null },
    ...{ http: "127.0.0.1:0", env: process.env, worker: {}, router: {} },
    onStep: ({ name, detail }) => say(`${name}  ${detail}`),
  });
  try {
    return await measured({ ...options, url: serving.url }, say);
  } finally {
    await serving.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(
  options: ServingOptions & { readonly url: string },
  say: (line: string) => void,
): Promise<ServingResult> {
  const { url, key, timeoutMs } = options;
  const endpoint = new OpenAiEndpoint({ url: url.replace(/\/$/, ""), key, timeoutMs });
  try {
    const model = options.model ?? (await firstModel(endpoint, url));
    const form = await formOf(endpoint, model, options, say);
    const words = form.kind === "ids" ? null : form.words;
    const steps: ServingStep[] = [];
    for (const [at, shape] of options.shapes.entries()) {
      const load = shapeText(shape);
      const { warmMs, countedMs, inFlightMax, thinkMs, seed, slo, stallMs } = options;
      const workload: WorkloadOptions = { ...options, model, form };
      const held = await holdLoad(
        { shape, warmMs, countedMs, inFlightMax, thinkMs, seed },
        {
          // Others at every step: what was asked before is cached.
          conversation: (index) => new Conversation(workload, at * STEP_INDICES + index),
          ask: (asked, dueMs) => endpoint.ask(asked, dueMs),
          onProgress: (progress) => say(`${load}  ${progressText(progress)}`),
        },
      );
      for (const [error, detail] of held.details) say(`${load}  ${error}: ${detail}`);
      const { seconds, outcomes } = held;
      steps.push({ load, ...qualityOf(outcomes, { slo, stallMs, seconds }) });
    }
    for (const line of tableOf(steps)) say(line);
    return { model, words, steps };
  } finally {
    endpoint.close();
  }
}

async function firstModel(endpoint: OpenAiEndpoint, url: string): Promise<string> {
  const [first] = await endpoint.models();
  if (first !== undefined) return first;
  throw new Failure("UNAVAILABLE", `${url} lists no model`, { hint: "Name one: --model NAME" });
}

/** Two prompts, not measured, tell how many tokens words and template make. */
async function formOf(
  endpoint: OpenAiEndpoint,
  model: string,
  { prompts, vocab }: ServingOptions,
  say: (line: string) => void,
): Promise<PromptForm> {
  if (prompts === "ids") return { kind: "ids", vocab };
  const samples: { words: number; tokens: number }[] = [];
  for (const words of SAMPLE_WORDS) {
    const asked = sampleOf(prompts, model, words);
    const { outcome, detail } = await endpoint.ask(asked, performance.now());
    if (outcome.kind === "failed") {
      throw new Failure("UNAVAILABLE", `a first request failed: ${outcome.error} ${detail}`);
    }
    samples.push({ words, tokens: outcome.promptTokens });
  }
  const [short, long] = samples;
  if (short === undefined || long === undefined || long.tokens === 0) {
    say(`the endpoint gives no usage: lengths are guesses, and tokens are chunks`);
    return { kind: prompts, words: USUAL_WORDS };
  }
  return { kind: prompts, words: wordRateOf(short, long) };
}

function progressText({ elapsedMs, sent, answered, failed, inFlight }: Progress): string {
  const seconds = Math.round(elapsedMs / 1000);
  return `${seconds} s: ${sent} sent, ${answered} answered, ${inFlight} in flight, ${failed} failed`;
}

export function tableOf(steps: readonly ServingStep[]): string[] {
  const headings = ["", ...steps.map(({ load }) => load)];
  const row = (name: string, of: (step: ServingStep) => string | number): string =>
    `| ${[name, ...steps.map(of)].join(" | ")} |`;
  const spread = (name: string, of: (step: ServingStep) => Spread | null): string =>
    row(`${name}, ms: p50, p90, p99, max`, (step) => {
      const it = of(step);
      return it === null ? "" : [it.p50, it.p90, it.p99, it.max].map(ms).join(", ");
    });
  return [
    `| ${headings.join(" | ")} |`,
    `|${headings.map(() => "---|").join("")}`,
    row("requests, answered", ({ requests, answered }) => `${requests}, ${answered}`),
    row("errors", ({ errors }) => errorsText(errors)),
    row("answers/s", ({ requestsPerSecond }) => requestsPerSecond.toFixed(2)),
    row("goodput/s", ({ goodputPerSecond }) => goodputPerSecond?.toFixed(2) ?? ""),
    row("output tokens/s", ({ outputTokensPerSecond }) => outputTokensPerSecond.toFixed(1)),
    row("all tokens/s", ({ totalTokensPerSecond }) => totalTokensPerSecond.toFixed(1)),
    row("prompt tokens, cached", (step) => `${step.promptTokens}, ${step.cachedTokens}`),
    spread("TTFT", ({ ttftMs }) => ttftMs),
    spread("TPOT", ({ tpotMs }) => tpotMs),
    spread("ITL", ({ itlMs }) => itlMs),
    spread("E2EL", ({ e2elMs }) => e2elMs),
    spread("longest gap", ({ longestGapMs }) => longestGapMs),
    row("stalled", ({ stalled }) => stalled),
    spread("sent late", ({ lateMs }) => lateMs),
  ];
}

function errorsText(errors: Readonly<Record<string, number>>): string {
  const each = Object.entries(errors).map(([error, count]) => `${count} × ${error}`);
  return each.length === 0 ? "0" : each.join(", ");
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}
