// A fleet of scripted workers behind the Placement port: token i of every output is 1000 + i, and
// each attempt ends as its script says. Everything happens in microtasks: no sockets, no time.

import { Failure } from "#shared/base/errors.ts";
import { signalbox } from "#proto/signalbox.js";
import type { TokenRequest } from "../token-source.ts";
import type { WorkerConnection } from "../workers/worker-connection.ts";
import type { AttemptOutcome, Placed, Placement, StreamMeter, Wish } from "./placement.ts";

const { FinishReason } = signalbox.inference.v1;
type GenerateResponse = signalbox.inference.v1.IGenerateResponse;
type Listener = Parameters<WorkerConnection["generate"]>[1];

/** What one attempt does after `tokens` tokens. */
export interface Script {
  readonly tokens: number;
  readonly fate:
    | "finish"
    | "break"
    | "refuse"
    | "full"
    | "hand_back"
    | "silence"
    | "end"
    | "skip"
    | "lie";
  /** Tokens a message. */
  readonly piece: number;
  /** It says the last delivered tokens again. */
  readonly repeats: boolean;
}

export class ScriptedFleet implements Placement {
  readonly scripts: Script[];
  /** Attempts in flight by id. */
  readonly live = new Set<string>();
  readonly outcomes: AttemptOutcome[] = [];
  readonly wishes: Wish[] = [];
  readonly worker: string[] = [];
  readonly gaps: string[] = [];
  readonly ends: string[] = [];
  allowed: { readonly index: number; readonly mask: Uint32Array }[] = [];
  /** More requests the fleet takes; null: nobody is in service. */
  free: number | null = Infinity;
  readonly refusals: string[] = [];
  readonly waited: string[] = [];
  #now = 0;

  constructor(scripts: readonly Script[]) {
    this.scripts = [...scripts];
  }

  get meter(): StreamMeter {
    return {
      onResumed: (cause) => this.gaps.push(cause),
      onRetried: () => {},
      onRefused: (reason) => this.refusals.push(reason),
      onWaited: (priority) => this.waited.push(priority),
      onEnded: (outcome) => this.ends.push(outcome),
    };
  }

  place(attemptId: string, wish: Wish): Placed {
    this.wishes.push({ ...wish, exclude: new Set(wish.exclude) });
    const script = this.scripts.shift();
    if (script === undefined) return { kind: "refused", reason: "none", retryAfterMs: 1_500 };
    if (this.live.has(attemptId)) throw new Error(`attempt ${attemptId} twice`);
    this.live.add(attemptId);
    const key = `w${this.wishes.length}`;
    this.worker.push(key);
    const connection = this.#connection(key, script);
    return { kind: "worker", connection, classId: "portable", dispatch: this.wishes.length };
  }

  onTokens(attemptId: string): void {
    if (!this.live.has(attemptId)) throw new Error(`tokens of ${attemptId}, which has ended`);
  }

  onEnded(attemptId: string, outcome: AttemptOutcome): void {
    if (!this.live.delete(attemptId)) throw new Error(`${attemptId} ended twice`);
    this.outcomes.push(outcome);
  }

  room(_model: string, max: number): number | null {
    return this.free === null ? null : Math.min(this.free, max);
  }

  changed(maxMs: number): Promise<void> {
    this.#now += maxMs;
    return Promise.resolve();
  }

  nowMs(): number {
    return this.#now;
  }

  #connection(key: string, script: Script): WorkerConnection {
    const generate: WorkerConnection["generate"] = (request, listener) => {
      const state = { cancelled: false };
      void play(script, request, listener, state);
      return {
        allow: (index, mask) => this.allowed.push({ index, mask }),
        cancel: () => (state.cancelled = true),
      };
    };
    return { key, generate, generateMasked: generate } as unknown as WorkerConnection;
  }
}

async function play(
  script: Script,
  request: signalbox.inference.v1.IGenerateRequest,
  listener: Listener,
  state: { cancelled: boolean },
): Promise<void> {
  const fence = request.fence ?? 0;
  const from = request.resumeIds?.length ?? 0;
  const max = request.sampling?.maxTokens ?? 0;
  const say = async (message: GenerateResponse): Promise<void> => {
    await Promise.resolve();
    if (!state.cancelled) listener.onMessage({ fence, ...message });
  };
  const end = async (failure: Failure | null): Promise<void> => {
    await Promise.resolve();
    if (!state.cancelled) listener.onEnd(failure);
  };
  const tokens = (first: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => 1000 + first + i);
  let at = from;
  const last = script.fate === "finish" ? max : Math.min(max - 1, from + script.tokens);
  while (at < last) {
    const count = Math.min(script.piece, last - at);
    const back = script.repeats ? Math.min(2, at) : 0;
    await say({ firstIndex: at - back, tokenIds: tokens(at - back, count + back) });
    at += count;
  }
  switch (script.fate) {
    case "finish":
      await say({ firstIndex: at, tokenIds: [], finish: FinishReason.FINISH_REASON_LENGTH });
      return end(null);
    case "break":
      return end(new Failure("UNAVAILABLE", "the connection broke"));
    case "refuse":
      return end(new Failure("INVALID", "no such token"));
    case "full":
      return end(new Failure("FULL", "busy", { retryAfterMs: 300 }));
    case "hand_back":
      await say({ firstIndex: at, tokenIds: [], finish: FinishReason.FINISH_REASON_ABORTED });
      return end(null);
    case "end":
      return end(null);
    case "skip":
      return say({ firstIndex: at + 1, tokenIds: tokens(at + 1, 1) });
    case "lie":
      return say(
        at === 0 ? { firstIndex: 1, tokenIds: [8] } : { firstIndex: at - 1, tokenIds: [7] },
      );
    case "silence":
      return undefined;
  }
}

export function requestOf(overrides: Partial<TokenRequest> & { maxTokens?: number }): TokenRequest {
  const { maxTokens = 8, ...given } = overrides;
  return {
    ...{ id: "r", namespace: "n", model: "m", promptIds: [1, 2], resumeIds: [], cacheSalt: "" },
    ...{ priority: "normal", session: null, mask: null, onWorked: null },
    sampling: {
      ...{ temperature: null, topK: null, topP: null, minP: null, repetitionPenalty: null },
      ...{ presencePenalty: null, frequencyPenalty: null, logitBias: [], stopIds: [] },
      ...{ ignoreEos: false, minTokens: 0, maxTokens, seed: 1, logprobs: null },
    },
    ...given,
  };
}
