// Real servers of others, where the environment names their programs: how each is started with the
// bundled model. `npm run engines` names them, and says how to get them.

import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { writeLanternGguf } from "./lantern-gguf.fixture.ts";

export const LANTERN = join(import.meta.dirname, "..", "models", "lantern");
/** Of a request, and the most of them at once. */
export const CONTEXT = 1024;
export const SEQUENCES = 4;

export interface RealServer {
  /** The environment's variable that holds the program's path; vLLM's is a Python that has it. */
  readonly variable: "LLAMA_SERVER" | "VLLM_PYTHON";
  /**
   * The command line, with `{port}` where its port goes, for one thread and no network; `folder` is
   * for what it needs beside the model.
   */
  argv(program: string, folder: string): string[];
  /** How long it may take until its health is good. */
  readonly startMs: number;
}

export const REAL: { readonly [name in "llama-server" | "vllm"]: RealServer } = {
  "llama-server": {
    variable: "LLAMA_SERVER",
    argv: (program, folder) => [
      ...[program, "-m", ggufIn(folder), "--host", "127.0.0.1", "--port", "{port}"],
      ...["--parallel", String(SEQUENCES), "-c", String(SEQUENCES * CONTEXT), "--metrics"],
      ...["-t", "1", "--no-warmup"],
    ],
    startMs: 60_000,
  },
  vllm: {
    variable: "VLLM_PYTHON",
    argv: (program, folder) => [
      ...["env", "VLLM_CPU_KVCACHE_SPACE=1", "VLLM_CPU_OMP_THREADS_BIND=nobind"],
      ...["OMP_NUM_THREADS=1", "HF_HUB_OFFLINE=1", "VLLM_NO_USAGE_STATS=1"],
      "VLLM_SERVER_DEV_MODE=1", // It then can be told to forget its prefix cache.
      "TORCH_COMPILE_DISABLE=1", // The first log-probabilities would wait a minute for a compiler.
      // As `vllm serve`, whose program the package of its CPU build lacks a name for.
      ...[program, "-m", "vllm.entrypoints.openai.api_server", "--model", modelIn(folder)],
      ...["--host", "127.0.0.1", "--port", "{port}"],
      ...["--enable-prompt-tokens-details", "--enforce-eager"],
      ...["--dtype", "float32"], // Its logits in bf16 have ties, at which no two runs need agree.
      ...["--max-model-len", String(CONTEXT), "--max-num-seqs", String(SEQUENCES)],
      ...["--block-size", "32"],
    ],
    startMs: 600_000, // On processors that others use, too; else a minute.
  },
};

export type RealName = keyof typeof REAL;

/** Null where the environment does not name it. */
export function programOf(name: RealName): string | null {
  return process.env[REAL[name].variable] || null;
}

/** Beside the model's own files lies what checks them, and vLLM would take that for weights. */
function modelIn(folder: string): string {
  const files = ["config.json", "generation_config.json", "model.safetensors"];
  for (const file of [...files, "tokenizer.json", "tokenizer_config.json"]) {
    symlinkSync(join(LANTERN, file), join(folder, file));
  }
  return folder;
}

export function ggufIn(folder: string): string {
  const file = join(folder, "lantern.gguf");
  writeLanternGguf(LANTERN, file);
  return file;
}
