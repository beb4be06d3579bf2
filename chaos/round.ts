// One round: streams, a fault in the middle of them, and what became of each.

import { randomInt, type Random } from "#shared/base/prng.ts";
import { chatOnce, type ChatOutcome } from "../services/cli/serving/chat-stream.ts";
import type { Blow, Fault, Target } from "./faults/fault.ts";
import type { ChaosFleet } from "./fleet.ts";
import type { Newcomers } from "./newcomers.ts";
import { RouterLog } from "./router-log.ts";
import { compare, longestPauseMs, KINDS, type Story } from "./stories.ts";
import type { RoundRecord, StreamRecord } from "./tally.ts";

/** One of each kind and one more. */
const STREAMS = KINDS.length + 1;
/** Of all streams together, before a fault strikes: from the first on to well before the last. */
const STRIKE_AFTER_MIN = 20;
const STRIKE_AFTER_MAX = 450;
/** A stream that has not ended by then never will. */
const STREAM_MS = 180_000;
/** The router's line about a request comes a little after its last byte. */
const LOGGED_MS = 2_000;

export interface Stage {
  readonly fleet: ChaosFleet;
  readonly stories: readonly Story[];
  readonly random: Random;
  /** Names the round's requests. */
  readonly name: string;
}

/** Null when the fault hit nobody: its record but number and missed. */
export async function playRound(
  stage: Stage,
  fault: Fault,
): Promise<Omit<RoundRecord, "number" | "missed"> | null> {
  const { fleet, random, stories, name } = stage;
  const dead = (await fleet.whole()).map(({ said }) => said);
  const { name: worker, pid } =
    fleet.serving.workers[randomInt(random, fleet.serving.workers.length)]!;
  const target: Target = { worker, pid, fleet, random };
  const log = new RouterLog(fleet.routerLogs);
  const strikeAfter = STRIKE_AFTER_MIN + randomInt(random, STRIKE_AFTER_MAX - STRIKE_AFTER_MIN);
  const striker = new Striker(fault, target);
  let tokens = 0;
  const onToken = (): void => {
    tokens += 1;
    if (tokens === strikeAfter && fault.when === "streaming") striker.strike();
  };
  if (fault.when === "idle") {
    striker.strike();
    await striker.landed;
  }
  const urlOf = (i: number): string => fleet.urls[i % fleet.urls.length]!;
  const chosen = Array.from({ length: STREAMS }, (_, i) => pickStory(stories, i, random));
  const runs = await Promise.all(
    chosen.map((story, i) => tell(fleet, story, { id: `${name}-${i}`, url: urlOf(i) }, onToken)),
  );
  await striker.landed;
  const ended = await attemptsOf(log, runs);
  const { struckAtMs, struckAtEpochMs } = striker;
  const streams = runs.map((run) => recordOf(run, ended, struckAtMs));
  const moved = streams.filter(({ moves }) => moves > 0).length;
  const wrong = [...dead, ...(await striker.mend(moved))];
  const met = runs.filter(({ told }) => isMet(told, struckAtMs)).length;
  const struck = new Set([worker, ...striker.others]);
  const spared = (named: string): boolean => fault.hits === "met" || !struck.has(named);
  const hit = fault.hits === "moved" ? moved : met;
  const isFaulty = streams.some(({ verdict }) => verdict.kind !== "same") || wrong.length > 0;
  const record = {
    ...{ fault: fault.name, hit, streams, wrong },
    noticedMs: fault.hits === "met" ? null : log.noticedAfterMs(worker, struckAtEpochMs),
    wronglyEjected: log.givenUp(struckAtEpochMs, spared),
    newcomers: striker.newcomers,
  };
  await striker.leave();
  return (hit === 0 || !striker.wasFelt) && !isFaulty ? null : record;
}

/** Strikes once, and knows when. */
class Striker {
  readonly #fault: Fault;
  readonly #target: Target;
  #blow: Blow | null = null;
  struckAtMs = Infinity;
  struckAtEpochMs = Infinity;
  landed: Promise<void> = Promise.resolve();
  #failure: string | null = null;

  constructor(fault: Fault, target: Target) {
    this.#fault = fault;
    this.#target = target;
  }

  strike(): void {
    this.#now();
    try {
      this.#blow = this.#fault.strike(this.#target);
    } catch (reason) {
      this.#failure = String(reason); // Not the stream's, in whose midst it was to strike.
      return;
    }
    const { landed } = this.#blow;
    if (landed === undefined) return;
    const onFailure = (reason: unknown): void => void (this.#failure = String(reason));
    this.landed = landed.then(() => this.#now(), onFailure);
  }

  get wasFelt(): boolean {
    return this.#blow?.wasFelt?.() ?? true;
  }

  get others(): readonly string[] {
    return this.#blow?.others?.() ?? [];
  }

  get newcomers(): Newcomers | null {
    return this.#blow?.newcomers?.() ?? null;
  }

  /** What did not hold beside the streams. */
  async mend(moved: number): Promise<readonly string[]> {
    const onFailure = (reason: unknown): readonly string[] => [`mending failed: ${String(reason)}`];
    const wrong = (await this.#blow?.mend(moved).catch(onFailure)) ?? [];
    return this.#failure === null ? wrong : [...wrong, `it did not strike: ${this.#failure}`];
  }

  async leave(): Promise<void> {
    await this.#blow?.leave?.();
  }

  #now(): void {
    this.struckAtMs = performance.now();
    this.struckAtEpochMs = Date.now();
  }
}

interface Run {
  readonly id: string;
  readonly story: Story;
  readonly told: ChatOutcome | null;
  readonly error: string;
}

async function tell(
  { model }: ChaosFleet,
  story: Story,
  { id, url }: { readonly id: string; readonly url: string },
  onToken: () => void,
): Promise<Run> {
  const signal = AbortSignal.timeout(STREAM_MS);
  const request = { url, model, body: story.body, requestId: id, signal };
  try {
    return { id, story, told: await chatOnce(request, onToken), error: "" };
  } catch (reason) {
    return { id, story, told: null, error: String(reason) };
  }
}

/** Every kind is in every round. */
function pickStory(stories: readonly Story[], at: number, random: Random): Story {
  const kind = KINDS[at] ?? KINDS[randomInt(random, KINDS.length)]!;
  const fitting = stories.filter((story) => story.kind === kind);
  return fitting[randomInt(random, fitting.length)]!;
}

/** Of the round's requests, as far as the router could write them down. */
async function attemptsOf(
  log: RouterLog,
  runs: readonly Run[],
): Promise<ReadonlyMap<string, number>> {
  const endMs = performance.now() + LOGGED_MS;
  for (;;) {
    const attempts = log.attempts();
    if (runs.every(({ id }) => attempts.has(id)) || performance.now() > endMs) return attempts;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function recordOf(
  { id, story, told, error }: Run,
  attempts: ReadonlyMap<string, number>,
  struckAtMs: number,
): StreamRecord {
  const { kind } = story;
  const moves = Math.max(0, (attempts.get(id) ?? 1) - 1);
  if (told === null) {
    return { kind, moves, verdict: { kind: "errors", what: error }, pauseMs: 0 };
  }
  return {
    kind,
    moves,
    verdict: compare(story.told, told),
    pauseMs: longestPauseMs(told, struckAtMs),
  };
}

/** It ran before or while the fault lasted, and after it began. */
function isMet(told: ChatOutcome | null, struckAtMs: number): boolean {
  return told === null || (told.arrivedAt.at(-1) ?? 0) > struckAtMs;
}
