// The engine that the configuration asks for, with what is known of its model beside the engine.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import {
  ENGINE_DEFAULTS,
  loadEngine,
  openHttpEngine,
  SIMULATED_DEFAULTS,
  SimulatedEngine,
  type Engine,
  type HttpEngine,
  type LoadOptions,
} from "#native/index.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { readSecret, type WorkerConfig } from "#shared/config/load-config.ts";
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

interface LoadWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Ends loading: UNAVAILABLE. */
  readonly signal: AbortSignal;
}

/** Rejects with Failure: UNAVAILABLE where there is no addon or no server, with the way out. */
export async function loadModel(config: WorkerConfig, world: LoadWorld): Promise<LoadedModel> {
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
  if (config.server !== null) {
    const engine = await outside(config, world);
    const { parameters, execution } = engine.model;
    const { numerics, isa, build } = execution;
    const name = config.modelName ?? basename(folder ?? "");
    // Nobody outside sees its weights: servers agree whose model and kind and version do.
    const known = [numerics, isa, build, name, parameters, tokenizer.sha256];
    const weightsFingerprint = createHash("sha256").update(JSON.stringify(known)).digest("hex");
    const more = { name, backEnd: isa, weightsFingerprint };
    const sequences = { sequencesMax: engine.sequencesMax };
    return {
      engine,
      tokenizer,
      card: modelCard(engine.model, { ...facts, ...more, ...sequences }),
    };
  }
  try {
    // Refused by the engine itself, with the option's name.
    const options: LoadOptions = { ...config.engineOptions, folder: folder ?? "" };
    const engine = await loadEngine(options, {
      onProgress: (progress) => world.logger.debug(progress, "loading"),
      signal: world.signal,
    });
    const name = config.modelName ?? basename(options.folder);
    const weightsFingerprint = await fingerprintOf(options.folder);
    const backEnd = engine.model.execution.isa.startsWith("cuda") ? "cuda" : "cpu";
    const more = { name, backEnd, weightsFingerprint };
    return { engine, tokenizer, card: modelCard(engine.model, { ...facts, ...more }) };
  } catch (reason) {
    throw failureOfEngine(reason);
  }
}

/** Often enough to see that it goes on, seldom enough to read. */
const TELL_S = 10;

async function outside(
  config: WorkerConfig,
  { clock, timers, logger, signal }: LoadWorld,
): Promise<HttpEngine> {
  const { server, model, engineOptions } = config;
  assert(server !== null && model !== null);
  const { url, command, logFile } = server;
  let toldS = -TELL_S;
  try {
    return await openHttpEngine(
      {
        ...{ dialect: server.kind, folder: model, clock, timers, startMs: server.startS * 1000 },
        server:
          command === null
            ? { kind: "url", url: url ?? "" }
            : { kind: "command", argv: command, url, logFile },
        key: server.keyFile === null ? null : readSecret(server.keyFile),
        sequencesMax: engineOptions.sequencesMax ?? null,
        waitingMax: engineOptions.waitingMax ?? null,
        contextMax: engineOptions.contextMax ?? null,
        stallMs: engineOptions.stallMs ?? null,
      },
      {
        signal,
        onProgress: ({ phase, detail, seconds }) => {
          if (phase === "server" && seconds - toldS < TELL_S) return;
          toldS = seconds;
          logger.info({ phase, seconds: Math.round(seconds), detail }, "waiting for the server");
        },
      },
    );
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
