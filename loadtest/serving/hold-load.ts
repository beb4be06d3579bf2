// Holds one load against an endpoint and gives every outcome that counts: of requests that were due
// behind the warm-up and before the end. What began is waited for.

import type { Outcome } from "./answer-quality.ts";
import { duesOf, type LoadShape } from "./load-shape.ts";
import type { Asked, Heard } from "./openai-endpoint.ts";
import type { Conversation } from "./workload.ts";

export interface HeldLoad {
  readonly shape: LoadShape;
  readonly warmMs: number;
  readonly countedMs: number;
  /** Open loop: with so many unanswered, one more is not sent, and has failed. */
  readonly inFlightMax: number;
  /** Between an answer and the next turn of its conversation. */
  readonly thinkMs: number;
  /** Of arrival times. */
  readonly seed: number;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly inFlight: number;
}

export interface Held {
  readonly outcomes: readonly Outcome[];
  /** From the warm-up's end to the load's, or to the last counted answer's, whichever is later. */
  readonly seconds: number;
  /** By kind of error, what the first of it said. */
  readonly details: ReadonlyMap<string, string>;
}

export interface LoadParts {
  /** By index, from 0. */
  readonly conversation: (index: number) => Conversation;
  readonly ask: (asked: Asked, dueMs: number) => Promise<Heard>;
  readonly onProgress: (progress: Progress) => void;
}

const PROGRESS_MS = 5_000;
/** An endpoint that refuses at once is not asked in a tight loop. */
const FAILED_PAUSE_MS = 100;
const NOT_SENT = "not sent";

export async function holdLoad(load: HeldLoad, parts: LoadParts): Promise<Held> {
  const startMs = performance.now();
  const [beginMs, endMs] = [startMs + load.warmMs, startMs + load.warmMs + load.countedMs];
  const outcomes: Outcome[] = [];
  const details = new Map<string, string>();
  let [sent, answered, failed, inFlight, lastMs] = [0, 0, 0, 0, endMs];
  const tell = (): void =>
    parts.onProgress({ elapsedMs: performance.now() - startMs, sent, answered, failed, inFlight });
  const timer = setInterval(tell, PROGRESS_MS);
  const count = ({ outcome, detail }: Pick<Heard, "outcome" | "detail">): void => {
    if (outcome.kind === "answered") answered += 1;
    else {
      failed += 1;
      if (!details.has(outcome.error)) details.set(outcome.error, detail);
    }
    if (outcome.dueMs < beginMs || outcome.dueMs >= endMs) return;
    outcomes.push(outcome);
    lastMs = Math.max(lastMs, performance.now());
  };
  /** Null: the conversation is over, or this turn had no answer to go on from. */
  const turn = async (conversation: Conversation, dueMs: number): Promise<number | null> => {
    const asked = conversation.next();
    if (asked === null) return null;
    sent += 1;
    inFlight += 1;
    const heard = await parts.ask(asked, dueMs);
    inFlight -= 1;
    count(heard);
    if (heard.outcome.kind === "failed") return null;
    conversation.answered(heard.text);
    return performance.now() + load.thinkMs;
  };
  const converse = async (index: number, firstDueMs: number): Promise<void> => {
    const conversation = parts.conversation(index);
    let dueMs: number | null = firstDueMs;
    while (dueMs !== null && dueMs < endMs) {
      await until(dueMs);
      dueMs = await turn(conversation, dueMs);
    }
  };
  const open = async (shape: Extract<LoadShape, { kind: "open" }>): Promise<void> => {
    const pending = new Set<Promise<void>>();
    for (const [index, atMs] of duesOf(shape, endMs - startMs, load.seed).entries()) {
      const dueMs = startMs + atMs;
      // Late timers: what was due in between is timed from its own moment.
      await until(dueMs);
      if (inFlight >= load.inFlightMax) {
        count({ outcome: { kind: "failed", dueMs, error: NOT_SENT }, detail: "" });
        continue;
      }
      const held = converse(index, dueMs).finally(() => pending.delete(held));
      pending.add(held);
    }
    await Promise.all(pending);
  };
  const closed = async (lanes: number): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const before = failed;
        await converse((next += 1) - 1, performance.now());
        if (failed > before) await until(performance.now() + FAILED_PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
  try {
    await (load.shape.kind === "open" ? open(load.shape) : closed(load.shape.inFlight));
  } finally {
    clearInterval(timer);
  }
  tell();
  return { outcomes, seconds: (lastMs - beginMs) / 1000, details };
}

/** Never before `ms`: a timer's own milliseconds are whole ones, rounded down. */
async function until(ms: number): Promise<void> {
  const waitMs = ms - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(waitMs)));
}
