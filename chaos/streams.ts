// Streams under faults: does every client get the one output, whatever dies behind the router?
//
// Hypothesis: with three workers, a fault at one of them while streams run changes no client's
// text, repeats and loses no token, and shows as a pause. Every stream is compared with the same
// request told before any fault. A round whose fault hit no stream does not count.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomInt, seededRandom, type Random } from "#shared/base/prng.ts";
import { startLinkProxy, type LinkProxy } from "#shared/testing/link-proxy.ts";
import { bundledModel } from "../services/cli/package-root.ts";
import { chatOnce, type ChatOutcome } from "../services/cli/serving/chat-stream.ts";
import { ModelServing } from "../services/cli/serving/model-serving.ts";
import { circumstances } from "./circumstances.ts";
import { cut } from "./faults/cut.ts";
import { drain } from "./faults/drain.ts";
import type { Fault, Target } from "./faults/fault.ts";
import { kill } from "./faults/kill.ts";
import { partitionBoth, partitionDown, partitionUp } from "./faults/partition.ts";
import { stop } from "./faults/stop.ts";

export const FAULTS: readonly Fault[] = [
  ...[kill, stop, drain, cut],
  ...[partitionBoth, partitionUp, partitionDown],
];

export interface StreamsOptions {
  /** That count: in which the fault hit a stream. */
  readonly rounds: number;
  readonly seed: number;
  readonly faults: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  readonly say: (line: string) => void;
}

export interface FaultTally {
  rounds: number;
  /** Rounds that do not count. */
  missed: number;
  streams: number;
  /** Streams that had to go on elsewhere. */
  hit: number;
  lost: number;
  repeated: number;
  changed: number;
  errors: number;
  gapMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface StreamsResult {
  readonly seed: number;
  readonly rounds: number;
  /** Machine and commit. */
  readonly where: string;
  readonly faults: { readonly [name: string]: FaultTally };
  readonly failures: readonly string[];
}

const WORKERS = 3;
const STREAMS = 6;
const STORIES = 12;
const TOKENS_MIN = 200;
const TOKENS_MAX = 500;
/** More rounds than this in a row that hit nothing: the experiment itself is broken. */
const MISSES_MAX = 20;
const MODEL = "lantern";

interface Story {
  readonly body: object;
  readonly told: ChatOutcome;
}

export async function streamsUnderFaults(options: StreamsOptions): Promise<StreamsResult> {
  const { seed, say } = options;
  say(`seed ${seed}`);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "signalbox-chaos-"));
  const proxies = new Map<string, LinkProxy>();
  const route = async (router: string, worker: string): Promise<string> => {
    const proxy = await startLinkProxy(router);
    proxies.set(worker, proxy);
    return proxy.address;
  };
  const serving = await ModelServing.start({
    ...{ model: bundledModel(), name: MODEL, workers: WORKERS, http: "127.0.0.1:0" },
    ...{ folder, env: options.env, route, onStep: ({ name, detail }) => say(`${name}  ${detail}`) },
    worker: { cache: "fp8", drain_s: "0.15" },
    router: {},
  });
  try {
    const stories = await tellStories(serving, random);
    const rig = { serving, proxies, stories, random, say };
    return await runRounds(rig, options);
  } finally {
    await serving.stop(2_000);
    for (const proxy of proxies.values()) await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Rig {
  readonly serving: ModelServing;
  readonly proxies: ReadonlyMap<string, LinkProxy>;
  readonly stories: readonly Story[];
  readonly random: Random;
  readonly say: (line: string) => void;
}

async function tellStories(serving: ModelServing, random: Random): Promise<readonly Story[]> {
  const stories: Story[] = [];
  for (let i = 0; i < STORIES; i++) {
    const body = {
      messages: [{ role: "user", content: `Tell me story number ${randomInt(random, 1000)}.` }],
      ...{ temperature: i % 3 === 0 ? 0 : 0.9, top_p: i % 2 === 0 ? 1 : 0.95 },
      ...{ seed: randomInt(random, 2 ** 31), ignore_eos: true },
      frequency_penalty: i % 4 === 0 ? 0.4 : 0,
      max_tokens: TOKENS_MIN + randomInt(random, TOKENS_MAX - TOKENS_MIN),
    };
    stories.push({ body, told: await tell(serving, body, () => {}) });
  }
  return stories;
}

function tell(serving: ModelServing, body: object, onToken: () => void): Promise<ChatOutcome> {
  return chatOnce({ url: serving.url, model: MODEL, body }, onToken);
}

async function runRounds(rig: Rig, options: StreamsOptions): Promise<StreamsResult> {
  const chosen = FAULTS.filter(({ name }) => options.faults.includes(name));
  const gaps = new Map<string, number[]>(chosen.map(({ name }) => [name, []]));
  const tallies = Object.fromEntries(chosen.map(({ name }) => [name, emptyTally()]));
  const failures: string[] = [];
  let misses = 0;
  for (let counted = 0; counted < options.rounds;) {
    const fault = chosen[counted % chosen.length]!;
    const tally = tallies[fault.name]!;
    const round = await playRound(rig, fault);
    if (round.hit === 0) {
      tally.missed += 1;
      misses += 1;
      if (misses > MISSES_MAX) throw new Error(`${fault.name} hit nothing ${misses} times`);
      continue;
    }
    misses = 0;
    counted += 1;
    tally.rounds += 1;
    tally.streams += STREAMS;
    tally.hit += round.hit;
    for (const verdict of round.verdicts) {
      if (verdict.kind === "same") continue;
      tally[verdict.kind] += 1;
      failures.push(`round ${counted}, ${fault.name}: ${verdict.kind}: ${verdict.what}`);
    }
    gaps.get(fault.name)?.push(...round.gapsMs);
    if (counted % 10 === 0 || round.verdicts.some(({ kind }) => kind !== "same")) {
      rig.say(`${counted} rounds, ${failures.length} failures`);
    }
  }
  for (const [name, all] of gaps) tallies[name]!.gapMs = gapFigures(all);
  const { seed, rounds } = options;
  return { seed, rounds, where: circumstances(), faults: tallies, failures };
}

type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "lost" | "repeated" | "changed" | "errors"; readonly what: string };

interface Round {
  readonly hit: number;
  readonly verdicts: readonly Verdict[];
  /** Longest pause of each stream that was hit. */
  readonly gapsMs: readonly number[];
}

async function playRound(rig: Rig, fault: Fault): Promise<Round> {
  const { serving, random, stories } = rig;
  await serving.linked(WORKERS, 30_000);
  const names = serving.workers.map(({ name }) => name);
  const worker = names[randomInt(random, names.length)]!;
  const target: Target = { worker, serving, proxy: rig.proxies.get(worker)! };
  const movedBefore = await movedCount(serving);
  const strikeAfter = 20 + randomInt(random, STREAMS * TOKENS_MIN * 0.5);
  let tokens = 0;
  let struckAt: number | null = null;
  const onToken = (): void => {
    tokens += 1;
    if (tokens < strikeAfter || struckAt !== null) return;
    strike();
  };
  const strike = (): void => {
    struckAt = performance.now();
    fault.strike(target);
  };
  if (fault.when === "idle") strike();
  const chosen = Array.from({ length: STREAMS }, () => stories[randomInt(random, stories.length)]!);
  const outcomes = await Promise.all(
    chosen.map(async (story) => {
      try {
        return { story, told: await tell(serving, story.body, onToken), error: null };
      } catch (reason) {
        return { story, told: null, error: String(reason) };
      }
    }),
  );
  await fault.mend(target);
  const hit = (await movedCount(serving)) - movedBefore;
  const verdicts = outcomes.map(({ story, told, error }) =>
    told === null ? { kind: "errors" as const, what: error } : compare(story.told, told),
  );
  const pauses = outcomes
    .map(({ told }) => (told === null ? 0 : longestPause(told, struckAt ?? Infinity)))
    .toSorted((a, b) => b - a);
  return { hit, verdicts, gapsMs: pauses.slice(0, hit) };
}

function compare(expected: ChatOutcome, got: ChatOutcome): Verdict {
  const ids = got.eventIds;
  const backwards = ids.findIndex((id, i) => i > 0 && id <= ids[i - 1]!); // Of events with text.
  if (backwards >= 0) return { kind: "repeated", what: `event ${ids[backwards]} came again` };
  if (got.text === expected.text && got.tokens === expected.tokens) return { kind: "same" };
  const what = `${got.tokens} tokens where ${expected.tokens} were due`;
  if (got.tokens < expected.tokens) return { kind: "lost", what };
  return got.tokens > expected.tokens ? { kind: "repeated", what } : { kind: "changed", what };
}

/** Attempts that ended before their stream did, since the router started. */
async function movedCount(serving: ModelServing): Promise<number> {
  const response = await fetch(`${serving.url.slice(0, -"/v1".length)}/metrics`);
  const counts = (await response.text()).matchAll(/^signalbox_router_retries_total\S* (\d+)$/gmu);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function longestPause(told: ChatOutcome, struckAt: number): number {
  let longest = 0;
  for (let i = 1; i < told.arrivedAt.length; i++) {
    if (told.arrivedAt[i]! < struckAt) continue;
    longest = Math.max(longest, told.arrivedAt[i]! - told.arrivedAt[i - 1]!);
  }
  return longest;
}

function gapFigures(gaps: readonly number[]): FaultTally["gapMs"] {
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: Math.round(sorted.at(-1) ?? 0) };
}

function emptyTally(): FaultTally {
  return {
    ...{ rounds: 0, missed: 0, streams: 0, hit: 0, lost: 0, repeated: 0, changed: 0, errors: 0 },
    gapMs: { p50: 0, p99: 0, max: 0 },
  };
}
