// The engine that the configuration asks for, with what is known of its model beside the engine.

import { basename } from "node:path";
import {
  ENGINE_DEFAULTS,
  loadEngine,
  SIMULATED_DEFAULTS,
  SimulatedEngine,
  type Engine,
  type LoadOptions,
} from "#native/index.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import type { WorkerConfig } from "#shared/config/load-config.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { failureOfEngine } from "./engine-failure.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { modelCard } from "./model-card.ts";
import { NO_TOKENIZER, readTokenizer, type TokenizerFiles } from "./tokenizer-files.ts";
import { readVersion } from "#shared/config/version.ts";

export interface LoadedModel {
  readonly engine: Engine;
  readonly card: ReturnType<typeof modelCard>;
  readonly tokenizer: TokenizerFiles;
}

/** Rejects with Failure: UNAVAILABLE where there is no addon, with the way out. */
export async function loadModel(
  config: WorkerConfig,
  world: { readonly clock: Clock; readonly timers: Timers; readonly logger: Logger },
): Promise<LoadedModel> {
  const build = readVersion();
  const { model: folder } = config;
  const tokenizer = folder === null ? NO_TOKENIZER : readTokenizer(folder);
  const sequencesMax = config.engineOptions.sequencesMax ?? ENGINE_DEFAULTS.sequencesMax;
  const facts = { build, sequencesMax, tokenizerSha256: tokenizer.sha256 };
  if (config.engine === "simulated") {
    const engine = simulated(config, world);
    const name = config.modelName ?? (folder === null ? "simulated" : basename(folder));
    const weightsFingerprint = engine.model.folder;
    const more = { name, backEnd: "simulated", weightsFingerprint };
    return { engine, tokenizer, card: modelCard(engine.model, { ...facts, ...more }) };
  }
  try {
    // Refused by the engine itself, with the option's name.
    const options: LoadOptions = { ...config.engineOptions, folder: folder ?? "" };
    const engine = await loadEngine(options, {
      onProgress: (progress) => world.logger.debug(progress, "loading"),
    });
    const name = config.modelName ?? basename(options.folder);
    const weightsFingerprint = await fingerprintOf(options.folder);
    const more = { name, backEnd: "cpu", weightsFingerprint };
    return { engine, tokenizer, card: modelCard(engine.model, { ...facts, ...more }) };
  } catch (reason) {
    throw failureOfEngine(reason);
  }
}

function simulated(
  { engineOptions }: WorkerConfig,
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): SimulatedEngine {
  const { contextMax, stepTokens, sequencesMax, waitingMax } = engineOptions;
  const given = { stepTokens, sequencesMax, waitingMax, contextMax: contextMax ?? undefined };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return new SimulatedEngine({
    ...SIMULATED_DEFAULTS,
    ...{ clock, timers },
    ...(Object.fromEntries(present) as Partial<typeof SIMULATED_DEFAULTS>),
  });
}
