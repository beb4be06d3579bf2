// One choice of one answer: tokens in, deltas out. Text, stop strings, tool calls and
// log-probabilities come from here, for streams and whole answers alike.
//
// State: what the tokens so far have become and nobody has taken yet.
//
//   C1. After the same tokens the same has been given, however chunks split them: a reconnect feeds
//       the tokens a client has had, gives nothing for them and goes on where the text was.
//   C2. Nothing is read after a stop string; the tokens up to it count, those after it do not.

import type { ModelText } from "../text/model-text.ts";
import { StopStrings } from "../text/stop-strings.ts";
import type { Detokeniser } from "../text/detokeniser.ts";
import type { ChunkLogprobs, TokenChunk } from "../token-source.ts";
import type { ToolCall, ToolCallReader } from "./tool-calls.ts";

export type FinishReason = "stop" | "length" | "tool_calls";

export interface TokenLogprob {
  readonly tokenId: number;
  readonly logprob: number;
  readonly alternatives: ChunkLogprobs["alternatives"];
  /** Where in the choice's text the token begins. */
  readonly textOffset: number;
}

export interface ChoiceDelta {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly TokenLogprob[] | null;
}

export interface ChoiceOptions {
  /** Null: a model without a tokenizer; only ids come out. */
  readonly text: ModelText | null;
  readonly stops: readonly string[];
  readonly includeStop: boolean;
  readonly skipSpecial: boolean;
  /** Stop strings are not looked for in the text of so many tokens. */
  readonly minTokens: number;
  /** Tokens that end the output; they are no text. */
  readonly endIds: ReadonlySet<number>;
  readonly tools: ToolCallReader | null;
  readonly logprobs: boolean;
  /** Events up to this one were had: see `position`. -1: none were. */
  readonly hadPosition: number;
}

export class ChoiceText {
  readonly #options: ChoiceOptions;
  readonly #detokeniser: Detokeniser | null;
  readonly #stops: StopStrings;
  #text = "";
  #calls: ToolCall[] = [];
  #tokenIds: number[] = [];
  #logprobs: TokenLogprob[] = [];
  #seenChars = 0;
  #called = false;
  #tokens = 0;
  #finish: FinishReason | null = null;
  #stopReason: string | number | null = null;

  constructor(options: ChoiceOptions) {
    this.#options = options;
    this.#detokeniser = options.text?.detokeniser(options.skipSpecial) ?? null;
    this.#stops = new StopStrings(options.stops, options.includeStop);
  }

  /** Tokens drawn, those of a stop string included. */
  get tokenCount(): number {
    return this.#tokens;
  }

  /** Null until the choice has ended. */
  get finish(): FinishReason | null {
    return this.#finish;
  }

  /** The stop string or stop token that ended it, as vLLM says it. */
  get stopReason(): string | number | null {
    return this.#stopReason;
  }

  /** Index of the last token that what is given now stands for; one more when it has ended. */
  get position(): number {
    return this.#finish === null ? this.#tokens - 1 : this.#tokens;
  }

  /** After `finish` nothing may come. */
  onChunk(chunk: TokenChunk): void {
    for (const [at, id] of chunk.tokenIds.entries()) {
      const last = chunk.finish === "stop" && at === chunk.tokenIds.length - 1;
      this.#onToken(id, chunk.logprobs?.[at] ?? null, last && this.#options.endIds.has(id));
      if (this.#finish !== null) return;
    }
    if (chunk.finish !== null) this.#end(chunk.finish);
  }

  /** What came since the last call; null: nothing that a client could see. */
  take(wanted: { readonly tokenIds: boolean }): ChoiceDelta | null {
    if (this.position < this.#options.hadPosition) return null; // All of it was had.
    const tokens = this.#options.logprobs || wanted.tokenIds ? this.#tokenIds.length : 0;
    if (this.#text === "" && this.#calls.length === 0 && tokens === 0) return null;
    const delta = {
      text: this.#text,
      calls: this.#calls,
      tokenIds: this.#tokenIds,
      logprobs: this.#options.logprobs ? this.#logprobs : null,
    };
    this.#forget();
    return delta;
  }

  #onToken(id: number, logprobs: ChunkLogprobs | null, ends: boolean): void {
    this.#tokens += 1;
    this.#tokenIds.push(id);
    if (this.#options.logprobs && logprobs !== null) {
      this.#logprobs.push({ ...logprobs, tokenId: id, textOffset: this.#seenChars });
    }
    if (ends) this.#stopReason = id;
    else this.#onText(this.#detokeniser?.push(id) ?? "");
    if (this.#tokens - 1 === this.#options.hadPosition) this.#forget();
  }

  #onText(text: string): void {
    if (text === "") return;
    this.#seenChars += text.length;
    if (this.#tokens <= this.#options.minTokens) {
      this.#give(text);
      return;
    }
    const step = this.#stops.push(text);
    this.#give(step.text);
    if (step.stopped === null) return;
    this.#stopReason = step.stopped;
    this.#ended("stop");
  }

  #end(finish: "stop" | "length"): void {
    const step = this.#stops.push(this.#detokeniser?.finish() ?? "");
    this.#give(step.text);
    if (step.stopped === null) this.#give(this.#stops.finish());
    this.#ended(finish);
  }

  #ended(finish: "stop" | "length"): void {
    const rest = this.#options.tools?.finish();
    if (rest !== undefined) this.#took(rest.text, rest.calls);
    this.#finish = this.#called && finish === "stop" ? "tool_calls" : finish;
    if (this.position <= this.#options.hadPosition) this.#forget();
  }

  #give(text: string): void {
    const step = this.#options.tools?.push(text) ?? { text, calls: [] };
    this.#took(step.text, step.calls);
  }

  #took(text: string, calls: readonly ToolCall[]): void {
    this.#text += text;
    this.#calls.push(...calls);
    if (calls.length > 0) this.#called = true;
  }

  #forget(): void {
    this.#text = "";
    this.#calls = [];
    this.#tokenIds = [];
    this.#logprobs = [];
  }
}
