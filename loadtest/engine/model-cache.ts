// Where the benchmark's models lie, and everything that is made from them for one peer or another.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { GGUF_FILE, writeModel } from "./model-files.ts";
import type { ModelShape } from "./model-shapes.ts";

const run = promisify(execFile);
const CONVERT_MS_MAX = 1_800_000;

/** The user's cache folder for this benchmark. */
export function defaultCache(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "signalbox", "bench-engine");
}

/** The Hugging Face folder of a model, written when it is not there yet. */
export function modelFolder(
  models: string,
  shape: ModelShape,
  say: (line: string) => void,
): string {
  const folder = join(models, shape.name);
  if (!existsSync(folder)) {
    say(`writing the ${shape.name} model to ${folder}`);
    mkdirSync(models, { recursive: true });
    writeModel(shape, folder);
  }
  return folder;
}

export function bf16Gguf(folder: string): string {
  return join(folder, GGUF_FILE);
}

/** The same model quantised by llama.cpp's own quantiser. */
export async function q8Gguf(folder: string, llamaDriver: string): Promise<string> {
  const made = (out: string): readonly string[] => [
    ...[llamaDriver, "--quantize", bf16Gguf(folder), out],
  ];
  return converted(join(folder, "q8_0.gguf"), made);
}

/** The same model exported by optimum-intel. */
export async function openvinoFolder(
  folder: string,
  weights: "bf16" | "int8",
  driver: readonly string[],
): Promise<string> {
  const made = (out: string): readonly string[] => [...driver, "--export", folder, out, weights];
  return converted(join(folder, `openvino-${weights}`), made);
}

/** `path`, made by the command for a temporary name beside it when it is not there yet. */
async function converted(
  path: string,
  command: (out: string) => readonly string[],
): Promise<string> {
  if (existsSync(path)) return path;
  const partial = `${path}.${process.pid}.new`;
  const [program = "", ...args] = command(partial);
  try {
    await run(program, args, { timeout: CONVERT_MS_MAX, maxBuffer: 1 << 26 });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    const end = String((error as { stderr?: unknown }).stderr ?? error).trim();
    throw new Error(`${path} could not be made: ${end.slice(-400)}`, { cause: error });
  }
  return path;
}
