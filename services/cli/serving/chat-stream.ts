// One streamed chat, as any client of the OpenAI API reads it.

import { Failure } from "#shared/base/errors.ts";

export interface ChatRequest {
  /** Ending in /v1. */
  readonly url: string;
  readonly model: string;
  readonly body: object;
  /** As the router's log calls it. */
  readonly requestId?: string;
  /** Rejects with its reason when it aborts. */
  readonly signal?: AbortSignal;
}

export interface ChatOutcome {
  readonly text: string;
  readonly tokens: number;
  readonly finish: string | null;
  /** When each event with text came, by performance.now(). */
  readonly arrivedAt: readonly number[];
  /** What stood in the `id:` lines of events with text: the index of the last token of each. */
  readonly eventIds: readonly number[];
}

interface Event {
  readonly error?: { readonly message?: string };
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
}

/** Told of every piece, with the tokens so far. Throws UNAVAILABLE for a stream that breaks off. */
export async function chatOnce(
  request: ChatRequest,
  onText: (tokens: number, text: string) => void,
): Promise<ChatOutcome> {
  const { requestId, signal } = request;
  const response = await fetch(`${request.url}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-signalbox-resume": "new", // With events numbered, as for a client that would come back.
      ...(requestId === undefined ? {} : { "x-request-id": requestId }),
    },
    ...(signal === undefined ? {} : { signal }),
    body: JSON.stringify({
      ...{ model: request.model, stream: true },
      stream_options: { include_usage: true, continuous_usage_stats: true },
      ...request.body,
    }),
  });
  if (!response.ok || response.body === null) {
    throw new Failure("UNAVAILABLE", `HTTP ${response.status}: ${await response.text()}`);
  }
  const arrivedAt: number[] = [];
  const eventIds: number[] = [];
  let text = "";
  let tokens = 0;
  let finish: string | null = null;
  let eventId = -1;
  let done = false;
  for await (const line of linesOf(response.body)) {
    if (line.startsWith("id: ")) eventId = Number(line.slice("id: ".length));
    if (!line.startsWith("data: ")) continue;
    const payload = line.slice("data: ".length);
    if (payload === "[DONE]") {
      done = true;
      break;
    }
    const event = JSON.parse(payload) as Event;
    if (event.error !== undefined) {
      throw new Failure("UNAVAILABLE", event.error.message ?? "the stream failed");
    }
    tokens = event.usage?.completion_tokens ?? tokens;
    finish = event.choices?.[0]?.finish_reason ?? finish;
    const piece = event.choices?.[0]?.delta?.content ?? "";
    if (piece === "") continue;
    arrivedAt.push(performance.now());
    eventIds.push(eventId);
    text += piece;
    onText(tokens, piece);
  }
  if (!done) throw new Failure("UNAVAILABLE", "the stream broke off");
  return { text, tokens, finish, arrivedAt, eventIds };
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const bytes of body) {
    held += decoder.decode(bytes, { stream: true });
    const lines = held.split("\n");
    held = lines.pop() ?? "";
    yield* lines;
  }
}
