// What a model's folder says without weights: config.json and generation_config.json, as
// transformers writes them. A server of somebody else's has the weights; ids, ends and defaults
// come from here.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { ModelShape, SamplingDefaults } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import { member, numberAt, positive, textAt } from "./json.ts";

export interface FolderFacts {
  readonly family: string;
  readonly shape: ModelShape;
  readonly eosIds: readonly number[];
  readonly bosId: number | null;
  readonly defaults: SamplingDefaults;
}

/** Throws EngineFailure naming the file and the field. */
export function readModelFolder(folder: string): FolderFacts {
  const file = join(folder, "config.json");
  const outer = readJson(file);
  if (outer === null) {
    const wayOut =
      "give the model's folder with config.json and its tokenizer; weights are not needed";
    throw new EngineFailure("io", `${file} is not there: ${wayOut}`);
  }
  // Models for several media keep what concerns text one level below.
  const config = member(outer, "text_config") ?? outer;
  const generation = readJson(join(folder, "generation_config.json"));
  const vocab = positive(numberAt(config, "vocab_size"));
  if (vocab === null) throw new EngineFailure("invalid_model", `${file} has no vocab_size`);
  const count = (name: string): number => positive(numberAt(config, name)) ?? 0;
  const token = (name: string): unknown =>
    member(generation, name) ?? member(config, name) ?? member(outer, name);
  const heads = count("num_attention_heads");
  return {
    family: textAt(config, "model_type") ?? textAt(outer, "model_type") ?? "unknown",
    shape: {
      ...{ layers: count("num_hidden_layers"), hidden: count("hidden_size") },
      ...{ intermediate: count("intermediate_size"), heads, vocab },
      kvHeads: positive(numberAt(config, "num_key_value_heads")) ?? heads,
      headDim: positive(numberAt(config, "head_dim")) ?? headDimOf(count("hidden_size"), heads),
      contextMax: count("max_position_embeddings"),
      tiedEmbeddings: member(config, "tie_word_embeddings") === true,
    },
    eosIds: idsOf(token("eos_token_id"), vocab, file),
    bosId: idsOf(token("bos_token_id"), vocab, file)[0] ?? null,
    defaults: {
      temperature: numberAt(generation, "temperature"),
      topK: positive(numberAt(generation, "top_k")),
      topP: numberAt(generation, "top_p"),
      minP: numberAt(generation, "min_p"),
      repetitionPenalty: numberAt(generation, "repetition_penalty"),
    },
  };
}

function headDimOf(hidden: number, heads: number): number {
  return heads === 0 ? 0 : Math.floor(hidden / heads);
}

/** One id or a list of them; null or nothing: none. */
function idsOf(value: unknown, vocab: number, file: string): number[] {
  if (value === null || value === undefined) return [];
  const ids = Array.isArray(value) ? (value as unknown[]) : [value];
  for (const id of ids) {
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocab) continue;
    throw new EngineFailure("invalid_model", `${file}: ${String(id)} is no token of ${vocab}`);
  }
  return [...new Set(ids as number[])];
}

/** Null where there is no such file. */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new EngineFailure("io", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new EngineFailure("invalid_model", `${file}: ${(cause as Error).message}`, { cause });
  }
}
