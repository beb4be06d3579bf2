// The masks of one answer: one source for each of its choices, closed with the answer.
//
// State: the sources that have been opened.

import { Failure } from "#shared/base/errors.ts";
import type { GrammarMasks, TriedGrammar } from "../text/grammar-pool.ts";
import type { TextPool } from "../text/text-pool.ts";
import type { ModelText } from "../text/model-text.ts";
import type { MaskSource, ServedModel } from "../token-source.ts";
import { badField } from "./api-error.ts";
import type { OutputFormat } from "./output-format.ts";

/** Servers of others take none: a request that waited for a worker that does would wait in vain. */
const MASKLESS = "no worker of this model takes token masks; one with the native engine does";

export class OutputMasks {
  readonly #textPool: TextPool;
  readonly #grammar: TriedGrammar | null;
  readonly #opened: GrammarMasks[] = [];

  private constructor(textPool: TextPool, grammar: TriedGrammar | null) {
    this.#textPool = textPool;
    this.#grammar = grammar;
  }

  /** Throws ApiError when the model cannot be held to the format. */
  static async of(
    textPool: TextPool,
    model: ServedModel,
    text: ModelText | null,
    format: OutputFormat | null,
  ): Promise<OutputMasks> {
    if (format === null) return new OutputMasks(textPool, null);
    const { tokenizer, vocab, eosIds, masks } = model;
    if (!masks) throw badField(format.param, MASKLESS);
    if (tokenizer === null || text === null) {
      throw badField(format.param, "the model has no tokenizer");
    }
    if (!text.fitsGrammars) {
      throw badField(format.param, "not supported with the tokenizer of this model");
    }
    const { grammars } = textPool;
    try {
      const tried = await grammars.try({ tokenizer, vocab, eosIds }, format.grammar);
      return new OutputMasks(textPool, tried);
    } catch (reason) {
      const failure = Failure.from(reason);
      if (failure.code === "INVALID") throw badField(format.param, failure.message);
      throw reason;
    }
  }

  /** Null: everything may be drawn. */
  next(): MaskSource | null {
    if (this.#grammar === null) return null;
    const opened = this.#textPool.grammars.open(this.#grammar);
    this.#opened.push(opened);
    return opened;
  }

  close(): void {
    for (const opened of this.#opened.splice(0)) opened.close();
  }
}
