// What the parts of `npm run engines` share: the cache of what was got, logs, and the model that
// clients talk to.

import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { provideEngine } from "../../services/cli/demo/provide-engine.ts";
import { bundledModel } from "../../services/cli/package-root.ts";
import { ModelServing } from "../../services/cli/serving/model-serving.ts";
import { cacheFolder } from "../../tools/cuda-toolchain.ts";
import { NotHad } from "./part.ts";
import { runChild, tailOf } from "./run-child.ts";

const SHOWN_LINES = 40;

export class Desk {
  readonly cache = cacheFolder();
  /** Of this run: logs, and what the served model keeps. */
  readonly folder = mkdtempSync(join(tmpdir(), "signalbox-engines-"));
  readonly #say: (line: string) => void;
  readonly #signal: AbortSignal;
  #serving: Promise<ModelServing> | null = null;
  #engine: Promise<void> | null = null;

  constructor(say: (line: string) => void, signal: AbortSignal) {
    this.#say = say;
    this.#signal = signal;
    mkdirSync(this.cache, { recursive: true });
  }

  /** Null when `argv` ended well; else why not, with the end of what it wrote. */
  async run(
    label: string,
    argv: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly msMax: number; readonly cwd?: string },
  ): Promise<string | null> {
    const logFile = join(this.folder, `${label.replaceAll(/[^\w.-]+/gu, "-")}.log`);
    const why = await runChild(argv, {
      ...{ ...options, logFile, signal: this.#signal },
      onWait: (seconds, line) => this.#say(`  ${label}: ${seconds} s  ${line.slice(0, 90)}`),
    });
    if (why === null) return null;
    const end = tailOf(logFile, SHOWN_LINES).replaceAll(/^/gmu, "    ");
    return `${label} ${why}; its log, ${logFile}, ends\n${end}`;
  }

  /** What is not here, got by `argv`, with so much to write. NotHad when there is no room. */
  async get(
    what: string,
    argv: readonly string[],
    options: {
      readonly megabytes: number;
      readonly msMax: number;
      readonly env?: NodeJS.ProcessEnv;
      readonly hint: string;
    },
  ): Promise<void> {
    const { bavail, bsize } = statfsSync(this.cache);
    const free = Math.floor((bavail * bsize) / 1e6);
    if (free < options.megabytes) {
      const has = `${what} takes ${options.megabytes} MB, and ${this.cache} has ${free}`;
      throw new NotHad(`${has}: make room, or let SIGNALBOX_CACHE name a larger disk`);
    }
    this.#say(`  getting ${what} (${options.megabytes} MB, kept in ${this.cache})`);
    const failed = await this.run(`getting ${what}`, argv, options);
    if (failed !== null) throw new NotHad(`${options.hint}\n${failed}`);
  }

  /** The bundled model behind a router with two workers, until end(). */
  serving(): Promise<ModelServing> {
    this.#serving ??= this.#serve();
    return this.#serving;
  }

  /** A clone's engine is built the first time; throws with the way out where it cannot be. */
  engine(): Promise<void> {
    this.#engine ??= provideEngine((text) => this.#say(`  ${text}`)).then((why) => {
      if (why !== null) throw new Error(`our own engine is not here: ${why}`);
    });
    return this.#engine;
  }

  async #serve(): Promise<ModelServing> {
    await this.engine();
    return ModelServing.start({
      ...{ model: bundledModel(), name: "lantern", workers: 2, http: "127.0.0.1:0" },
      ...{ folder: this.folder, env: process.env, route: null },
      worker: { listen: "127.0.0.1:0" },
      router: { grpc: "127.0.0.1:0" },
      onStep: ({ name, detail }) => this.#say(`  ${name}  ${detail}`),
    });
  }

  /** The logs stay where something failed. */
  async end(isWell: boolean): Promise<void> {
    const serving = await this.#serving?.catch(() => null);
    await serving?.stop();
    if (isWell) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** On PATH; null: it is not. */
export function onPath(program: string): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isProgram) ?? null;
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
