// The worker's live requests: lets them in by the core's word, gives them to the engine and turns
// its chunks into responses.
//
//   L1. Every session that was let in is reported ended to the core once, however it ended.
//   L2. Tokens that were drawn before a session is handed back are delivered before it is told so.
//   L3. A consumer that is slow holds up itself alone: the engine merges what is not read.

import type { signalbox } from "#proto/signalbox.js";
import type { Chunk, Engine, Generation } from "#native/index.ts";
import { Failure } from "#shared/base/errors.ts";
import * as core from "./core/sessions.ts";
import { encodeChunk } from "./encode-response.ts";
import { failureOfEngine } from "./engine-failure.ts";
import { parseRequest, type ParsedRequest } from "./parse-request.ts";

type Wire = signalbox.inference.v1.IGenerateRequest;
type Response = signalbox.inference.v1.IGenerateResponse;

/** Told of each request once: how it ended, as metrics call it. */
export type Outcome = "stop" | "length" | "aborted" | "fenced" | "handed_back" | "failed";

export interface SessionWatch {
  readonly onOutcome: (outcome: Outcome | "refused") => void;
  /** Of a request that was let in; null: nobody follows it. */
  readonly onAdmitted: (request: ParsedRequest, peer: string) => SessionTrace | null;
  /** The caller at `peer` may take this dispatch of its own as included in the figures. */
  readonly onDispatch: (peer: string, dispatch: number) => void;
}

/** Told of one request how it gets on. */
export interface SessionTrace {
  onTokens(count: number): void;
  /** Once. */
  onEnded(outcome: Outcome): void;
}

/** Long enough for another worker to be there, or this one to be started again. */
const DRAINING_RETRY_MS = 1_000;

export interface OpenSession {
  readonly generation: Generation;
  /** Read once. Throws Failure where the request ends without a finish reason. */
  responses(): AsyncGenerator<Response, void, void>;
  /** The caller has gone. After the end: nothing. */
  abandon(): void;
}

interface Admitted {
  readonly serial: number;
  readonly fence: number;
  readonly generation: Generation;
  readonly trace: SessionTrace | null;
}

interface Live extends OpenSession {
  end(why: Failure, outcome: Outcome): void;
}

export class Sessions {
  readonly core = core.createSessionCore();
  readonly #engine: Engine;
  readonly #watch: SessionWatch;
  readonly #live = new Map<number, Live>();
  #onIdle: () => void = () => {};

  constructor(engine: Engine, watch: SessionWatch) {
    this.#engine = engine;
    this.#watch = watch;
  }

  /** Throws Failure; then the request does not exist here. */
  open(wire: Wire, masked: boolean, peer: string): OpenSession {
    try {
      const parsed = parseRequest(wire, this.#engine.model, masked);
      return this.#admit(parsed, peer);
    } catch (reason) {
      this.#watch.onOutcome("refused");
      throw failureOfEngine(reason);
    } finally {
      if (wire.dispatch) this.#watch.onDispatch(peer, wire.dispatch);
    }
  }

  /** How many of `ids` were live. They end with the finish reason `aborted`. */
  abort(ids: readonly string[]): number {
    const live = [...new Set(ids)].flatMap((id) => this.core.live.get(id) ?? []);
    for (const { serial } of live) this.#live.get(serial)?.generation.abort();
    return live.length;
  }

  /** From now on nobody is let in. Resolves when the last has ended; hands back at `deadlineMs`. */
  drain(deadlineMs: number): Promise<void> {
    core.onDrain(this.core, deadlineMs);
    return this.idle();
  }

  idle(): Promise<void> {
    if (this.core.live.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#onIdle;
      this.#onIdle = () => {
        before();
        resolve();
      };
    });
  }

  onTime(nowMs: number): void {
    for (const serial of core.onTime(this.core, nowMs)) {
      const failure = new Failure("UNAVAILABLE", "handed back: the worker stops");
      this.#live.get(serial)?.end(failure, "handed_back");
    }
  }

  #admit(parsed: ParsedRequest, peer: string): OpenSession {
    const { id, fence, request } = parsed;
    const promptTokens = request.prompt.length + (request.resume?.length ?? 0);
    const admission = core.onArrive(this.core, { id, fence, promptTokens });
    if (admission.kind === "closed") {
      throw new Failure("UNAVAILABLE", admission.reason, { retryAfterMs: DRAINING_RETRY_MS });
    }
    if (admission.kind === "fenced") {
      const why = `request ${id} is live here with fence ${admission.liveFence}, not below ${fence}`;
      throw new Failure("CONFLICT", why);
    }
    const { serial, replaces } = admission;
    if (replaces !== null) {
      const failure = new Failure("FENCED", `request ${id} was taken over by fence ${fence}`);
      this.#live.get(replaces)?.end(failure, "fenced");
    }
    try {
      const generation = this.#engine.generate(request);
      const trace = this.#watch.onAdmitted(parsed, peer);
      const live = this.#track({ serial, fence, generation, trace });
      this.#live.set(serial, live);
      return live;
    } catch (reason) {
      this.#forget(serial);
      throw reason;
    }
  }

  #track({ serial, fence, generation, trace }: Admitted): Live {
    let told: { readonly why: Failure; readonly outcome: Outcome } | null = null;
    let started = false;
    let over = false;
    const finish = (outcome: Outcome): void => {
      if (over) return;
      over = true;
      this.#forget(serial);
      this.#watch.onOutcome(outcome);
      trace?.onEnded(outcome);
    };
    const chunkOf = (chunk: Chunk): Response | null => {
      if (chunk.tokenIds.length > 0) core.onFirstToken(this.core, serial);
      trace?.onTokens(chunk.tokenIds.length);
      if (told === null || chunk.finish !== "aborted") return encodeChunk(chunk, fence);
      return chunk.tokenIds.length === 0 ? null : encodeChunk({ ...chunk, finish: null }, fence);
    };
    async function* responses(): AsyncGenerator<Response, void, void> {
      started = true;
      let outcome: Outcome = "aborted"; // What it is when the caller leaves the loop.
      try {
        for await (const chunk of generation) {
          const response = chunkOf(chunk);
          if (chunk.finish !== null) outcome = chunk.finish;
          if (response !== null) yield response;
        }
        if (told !== null && outcome === "aborted") throw told.why;
      } catch (reason) {
        outcome = "failed";
        throw failureOfEngine(reason);
      } finally {
        finish(
          told !== null && outcome !== "stop" && outcome !== "length" ? told.outcome : outcome,
        );
      }
    }
    return {
      generation,
      responses,
      abandon: () => {
        generation.abort();
        if (!started) finish("aborted"); // Nobody will come to its end.
      },
      end: (why, outcome) => {
        told ??= { why, outcome };
        generation.abort();
      },
    };
  }

  #forget(serial: number): void {
    this.#live.delete(serial);
    core.onEnded(this.core, serial);
    if (this.core.live.size > 0) return;
    const onIdle = this.#onIdle;
    this.#onIdle = () => {};
    onIdle();
  }
}
