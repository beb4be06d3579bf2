// One answer from its token streams: as events, or whole.

import { Failure } from "#shared/base/errors.ts";
import { OUTPUT_TOKENS_GUESS } from "../requests/request-checks.ts";
import type { ServedModel, TokenChunk, TokenRequest } from "../token-source.ts";
import type { ApiCall } from "./api-call.ts";
import { answerJson } from "./api-call.ts";
import { apiErrorOf } from "./api-error.ts";
import { usageOf, type AnswerShapes, type Ending, type Usage } from "./answer-shapes.ts";
import { ChoiceStreams, type ChoiceChunk } from "./choice-streams.ts";
import type { ChoiceDelta, ChoiceText } from "./choice-text.ts";
import { EventStream } from "./event-stream.ts";
import type { GenerationFields } from "./generation-fields.ts";
import type { AnswerIdentity } from "./resume.ts";

export interface GenerationAnswer {
  readonly identity: AnswerIdentity;
  readonly model: ServedModel;
  readonly fields: GenerationFields;
  readonly requests: readonly TokenRequest[];
  /** One per request. */
  readonly choices: readonly ChoiceText[];
  readonly shapes: AnswerShapes;
  /** Of every prompt once, however many choices it has. */
  readonly promptTokens: number;
  /** What the whole object or the first event carries besides. */
  readonly extra: object;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Events have ids, and begin after these; null: nobody asked for that. */
  readonly hadPositions: readonly number[] | null;
}

export async function answerGeneration(call: ApiCall, answer: GenerationAnswer): Promise<void> {
  call.desk.charge(answer.promptTokens + outputTokensExpected(answer));
  call.desk.outcome.promptTokens = answer.promptTokens;
  const streams = new ChoiceStreams(call.services.source, answer.requests, call.desk.signal);
  try {
    if (answer.fields.stream === null) await answerWhole(call, answer, streams);
    else await answerEvents(call, answer, streams);
  } finally {
    streams.close();
    call.desk.outcome.completionTokens = completionTokens(answer);
    call.desk.outcome.finish = answer.choices[0]?.finish ?? null;
  }
}

async function answerWhole(
  call: ApiCall,
  answer: GenerationAnswer,
  streams: ChoiceStreams,
): Promise<void> {
  const cached = new CachedTokens(answer);
  const parts: ChoiceDelta[][] = answer.choices.map(() => []);
  for (let next = await streams.next(); next !== null; next = await streams.next()) {
    onChunk(call, answer, streams, cached, next);
    const delta = answer.choices[next.choice]?.take({ tokenIds: true });
    if (delta != null) parts[next.choice]?.push(delta);
  }
  const choices = answer.choices.map((choice, index) =>
    answer.shapes.whole(index, together(parts[index] ?? []), endingOf(choice)),
  );
  const whole = {
    ...envelope(answer, answer.shapes.wholeObject, choices),
    usage: usage(answer, cached),
    ...answer.extra,
  };
  answerJson(call.response, 200, whole, answer.headers);
}

async function answerEvents(
  call: ApiCall,
  answer: GenerationAnswer,
  streams: ChoiceStreams,
): Promise<void> {
  const { includeUsage = false, continuousUsage = false } = answer.fields.stream ?? {};
  const cached = new CachedTokens(answer);
  const events = new EventStream(call.response, call.services.timers, answer.headers);
  // What every event begins with is written once: a token's event is little else.
  const head = JSON.stringify(envelope(answer, answer.shapes.chunkObject, [])).slice(
    0,
    -"]}".length,
  );
  const tailOf = (more: object): string => {
    const known = continuousUsage ? usage(answer, cached) : null;
    const used = includeUsage || continuousUsage ? { usage: known } : {};
    const rest = JSON.stringify({ ...used, ...more }).slice("{".length);
    return `${rest === "}" ? "" : ","}${rest}`;
  };
  const usualTail = continuousUsage ? null : tailOf({});
  const send: Send = (choice, more = null) => {
    const tail = more === null && usualTail !== null ? usualTail : tailOf(more ?? {});
    const choices = choice === null ? "" : JSON.stringify(choice);
    return events.event(`${head}${choices}]${tail}`, eventId(answer));
  };
  let opened = false;
  try {
    for (;;) {
      const next = streams.take() ?? (await streams.next());
      if (next === null) break;
      if (!opened) await open(answer, send);
      opened = true;
      const choice = onChunk(call, answer, streams, cached, next);
      const delta = choice.take({ tokenIds: answer.fields.returnTokenIds });
      const behind = delta === null ? null : send(answer.shapes.delta(next.choice, delta));
      if (behind !== null) await behind;
      if (choice.finish !== null) {
        await send(answer.shapes.ending(next.choice, endingOf(choice)));
      }
    }
    if (includeUsage) await send(null, { usage: usage(answer, cached) });
    await events.done();
  } catch (reason) {
    if (!events.started) {
      events.abandon();
      throw reason;
    }
    const error = apiErrorOf(reason);
    call.desk.outcome.status = error.status;
    if (error.status >= 500) call.desk.log.warn({ err: reason }, "a stream broke");
    events.fail(error);
  }
}

/** Null: the client can take more; otherwise to be waited for. */
type Send = (choice: object | null, more?: object | null) => Promise<void> | null;

/** A client that comes back has had the openings, unless it has had nothing at all. */
async function open(answer: GenerationAnswer, send: Send): Promise<void> {
  let more: object | null = answer.extra;
  for (const index of answer.choices.keys()) {
    if ((answer.hadPositions?.[index] ?? -1) >= 0) continue;
    const opening = answer.shapes.opening(index);
    if (opening !== null) await send(opening, more);
    more = null;
  }
}

function onChunk(
  call: ApiCall,
  answer: GenerationAnswer,
  streams: ChoiceStreams,
  cached: CachedTokens,
  next: ChoiceChunk,
): ChoiceText {
  const choice = answer.choices[next.choice];
  if (choice === undefined) throw new Failure("INTERNAL", "a chunk of no choice");
  if (next.chunk.tokenIds.length > 0) call.desk.onTokens();
  choice.onChunk(next.chunk);
  cached.onChunk(next.choice, next.chunk);
  call.desk.outcome.cachedTokens = cached.total;
  if (choice.finish !== null) streams.end(next.choice);
  return choice;
}

/** Prompt tokens read from the cache: of each prompt's first choice, as prompts count once. */
class CachedTokens {
  readonly #perPrompt: number;
  total = 0;

  constructor(answer: GenerationAnswer) {
    this.#perPrompt = answer.fields.choices;
  }

  onChunk(choice: number, chunk: TokenChunk): void {
    if (chunk.cachedTokens !== null && choice % this.#perPrompt === 0) {
      this.total += chunk.cachedTokens;
    }
  }
}

function outputTokensExpected(answer: GenerationAnswer): number {
  const expected = ({ sampling }: TokenRequest): number =>
    sampling.maxTokens ?? OUTPUT_TOKENS_GUESS;
  return answer.requests.reduce((sum, request) => sum + expected(request), 0);
}

function completionTokens(answer: GenerationAnswer): number {
  return answer.choices.reduce((sum, choice) => sum + choice.tokenCount, 0);
}

function usage(answer: GenerationAnswer, cached: CachedTokens): Usage {
  return usageOf(answer.promptTokens, completionTokens(answer), cached.total);
}

function envelope(answer: GenerationAnswer, object: string, choices: readonly object[]): object {
  const { id, created } = answer.identity;
  return { id, object, created, model: answer.model.name, choices };
}

function eventId(answer: GenerationAnswer): string | null {
  if (answer.hadPositions === null) return null;
  // While a reconnect works through what was had, a choice's place is where the client left it.
  const had = answer.hadPositions;
  const [only] = answer.choices;
  if (answer.choices.length === 1 && only !== undefined) {
    return String(Math.max(only.position, had[0] ?? -1));
  }
  return answer.choices
    .map((choice, index) => Math.max(choice.position, had[index] ?? -1))
    .join(",");
}

function endingOf(choice: ChoiceText): Ending {
  if (choice.finish === null) throw new Failure("INTERNAL", "a choice has not ended");
  return { finish: choice.finish, stopReason: choice.stopReason };
}

function together(parts: readonly ChoiceDelta[]): ChoiceDelta {
  const logprobs = parts.some((part) => part.logprobs !== null);
  return {
    text: parts.map((part) => part.text).join(""),
    calls: parts.flatMap((part) => part.calls),
    tokenIds: parts.flatMap((part) => part.tokenIds),
    logprobs: logprobs ? parts.flatMap((part) => part.logprobs ?? []) : null,
  };
}
