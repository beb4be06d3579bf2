// For tests: a model's folder without weights, and engines over servers that stand in for others.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import type { DialectName } from "./dialects.ts";
import type { HttpEngine } from "./http-engine.ts";
import { openHttpEngine, type HttpEngineOptions } from "./open-http-engine.ts";

export const SYSTEM = {
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  timers: {
    after(delayMs: number, callback: () => void) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  },
};

/** What the simulated engine behind the stand-in is, as a folder. */
export function modelFolder(more: object = {}): string {
  const directory = tempDirectory("http-model");
  onTestFinished(directory.remove);
  const config = {
    ...{ model_type: "llama", vocab_size: 32_000, max_position_embeddings: 8192 },
    ...{ eos_token_id: 2, bos_token_id: 1, ...more },
  };
  writeFileSync(join(directory.path, "config.json"), JSON.stringify(config));
  return directory.path;
}

export type Some = { [N in keyof HttpEngineOptions]?: HttpEngineOptions[N] | undefined };

export async function open(
  dialect: DialectName,
  url: string,
  some: Some = {},
): Promise<HttpEngine> {
  const given = Object.entries(some).filter(([, value]) => value !== undefined);
  const engine = await openHttpEngine({
    ...{ dialect, folder: modelFolder(), server: { kind: "url", url }, key: null, startMs: 5_000 },
    ...{ sequencesMax: null, waitingMax: null, contextMax: null, stallMs: null, ...SYSTEM },
    ...(Object.fromEntries(given) as Partial<HttpEngineOptions>),
  });
  onTestFinished(() => engine.unload());
  return engine;
}
