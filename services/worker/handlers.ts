// signalbox.inference.v1.WorkerService over one engine.

import { endianness } from "node:os";
import type { WorkerService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import type { Engine } from "#native/index.ts";
import type { Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { BidiStream } from "#shared/mesh/bidi-stream.ts";
import type { ServerCall, ServiceHandlers } from "#shared/mesh/grpc-server.ts";
import { generateBatched } from "./batched-call.ts";
import { failureOfEngine } from "./engine-failure.ts";
import { watchKvEvents } from "./kv-watch.ts";
import type { OpenSession, Sessions } from "./sessions.ts";
import { tokenizerParts, type TokenizerFiles } from "./tokenizer-files.ts";

type MaskedRequest = signalbox.inference.v1.IGenerateMaskedRequest;
type MaskedResponse = signalbox.inference.v1.IGenerateMaskedResponse;
type Mask = signalbox.inference.v1.ITokenMask;

export interface HandlerParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly model: signalbox.inference.v1.IModel;
  readonly tokenizer: TokenizerFiles;
  readonly timers: Timers;
  readonly loadNow: () => signalbox.inference.v1.IProgress;
}

export function workerHandlers(parts: HandlerParts): ServiceHandlers<typeof WorkerService> {
  const { engine, sessions, timers } = parts;
  return {
    generate: (request, call) => {
      const session = sessions.open(request, false, call.peer);
      abandonWith(call, session);
      return session.responses();
    },
    generateMasked: (stream, call) => generateMasked(sessions, stream, call),
    generateBatched: (stream, call) => generateBatched(sessions, stream, call.peer),
    abort: (request) => Promise.resolve({ aborted: sessions.abort(request.ids ?? []) }),
    getModel: () => Promise.resolve({ model: parts.model }),
    getTokenizer: () => tokenizerParts(parts.tokenizer),
    getLoad: () => Promise.resolve({ progress: parts.loadNow() }),
    watchKvEvents: (request, call) =>
      watchKvEvents(engine, request.fromSequence ?? 0, timers, call.signal),
  };
}

function abandonWith({ signal }: ServerCall, session: OpenSession): void {
  if (signal.aborted) session.abandon();
  else signal.addEventListener("abort", () => session.abandon(), { once: true });
}

/**
 * What is not read yet stays with the transport: it is bounded by what the request may still
 * produce, for every token waits for a mask of its own.
 */
function generateMasked(
  sessions: Sessions,
  stream: BidiStream<MaskedRequest, MaskedResponse>,
  call: ServerCall,
): void {
  let session: OpenSession | null = null;
  const onMessage = (message: MaskedRequest): void => {
    if (session === null) {
      if (!message.request) throw new Failure("INVALID", "the first message must be the request");
      session = sessions.open(message.request, true, call.peer);
      void deliver(session, stream);
    } else if (message.mask) {
      session.generation.allowTokens(message.mask.index ?? 0, wordsOf(message.mask));
    } else {
      throw new Failure("INVALID", "every message after the first must be a mask");
    }
  };
  stream.listen({
    onMessage: (message) => {
      try {
        onMessage(message);
      } catch (reason) {
        session?.abandon();
        stream.end(failureOfEngine(reason));
      }
    },
    onEnd: () => session?.abandon(),
  });
}

async function deliver(
  session: OpenSession,
  stream: BidiStream<MaskedRequest, MaskedResponse>,
): Promise<void> {
  try {
    for await (const response of session.responses()) stream.write({ response });
    stream.end();
  } catch (reason) {
    stream.end(Failure.from(reason));
  }
}

/** A copy: the bytes of the wire need not begin at a multiple of four. */
function wordsOf(mask: Mask): Uint32Array {
  const bytes = mask.words ?? new Uint8Array();
  if (bytes.length % 4 !== 0) {
    throw new Failure("INVALID", `a mask of ${bytes.length} bytes: no multiple of four`);
  }
  const words = Buffer.from(bytes);
  if (endianness() === "BE") words.swap32();
  return new Uint32Array(words.buffer.slice(words.byteOffset, words.byteOffset + words.length));
}
