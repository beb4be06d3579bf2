// The model's manifest over restarts: says which files are not as they were when they were served
// last, and has the new ones' contents hashed.

import type { FileRow, ModelRow } from "#shared/base/worker-state.ts";
import { WORKER_TABLES } from "#shared/base/worker-state.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { changesBetween, hashFile, readManifest, type Manifest } from "./manifest.ts";
import type { FoundState } from "./state-thread.ts";
import type { StateWriter } from "./state-writer.ts";

export class KeptManifest {
  readonly #model: ModelRow;
  /** Null: this directory has served nothing from this folder. */
  readonly #before: ModelRow | null;
  readonly #known: Manifest;
  readonly #writer: Pick<StateWriter, "keep">;
  readonly #logger: Logger;
  #files: Manifest = new Map();

  constructor(
    model: ModelRow,
    found: Pick<FoundState, "model" | "files">,
    writer: Pick<StateWriter, "keep">,
    logger: Logger,
  ) {
    this.#model = model;
    this.#before = found.model?.folder === model.folder ? found.model : null;
    this.#known = found.files;
    this.#writer = writer;
    this.#logger = logger;
  }

  /** Names the files that are not as they were, and keeps how they are. Never rejects. */
  async compare(): Promise<void> {
    const { folder } = this.#model;
    const known: Manifest = this.#before === null ? new Map() : this.#known;
    try {
      this.#files = await readManifest(folder, known);
    } catch (cause) {
      const reason = Failure.from(cause).message;
      return this.#logger.warn({ folder, reason }, "the model's files cannot be compared");
    }
    this.#sayChanges(known);
    for (const name of this.#known.keys()) {
      if (!this.#files.has(name)) this.#writer.keep(WORKER_TABLES.files, name, null);
    }
    for (const [name, row] of this.#files) this.#writer.keep(WORKER_TABLES.files, name, row);
    this.#writer.keep(WORKER_TABLES.about, "model", this.#model);
  }

  #sayChanges(known: Manifest): void {
    const { folder, fingerprint } = this.#model;
    const before = this.#before;
    if (before === null) return;
    for (const { file, change, was, is } of changesBetween(known, this.#files)) {
      this.#logger.warn({ file, change, was, is }, `${file}: ${change} since it was last served`);
    }
    if (before.fingerprint === fingerprint) return;
    const from = { was: before.fingerprint, is: fingerprint };
    this.#logger.warn({ folder, ...from }, "the model is not the one last served from there");
    // Contents may change under the same size and time: no hash is believed then.
    const all = [...this.#files].map(([name, row]) => [name, { ...row, sha256: null }] as const);
    this.#files = new Map(all);
  }

  /** Those that have no hash yet. Never rejects; ends early where `goOn` says so. */
  async hashFiles(goOn: () => Promise<boolean>): Promise<void> {
    let files = 0;
    let bytes = 0;
    for (const [name, row] of this.#files) {
      if (row.sha256 !== null) continue;
      if (!(await goOn())) return;
      if (!(await this.#hash(name, row, goOn))) continue;
      files += 1;
      bytes += row.bytes;
    }
    if (files > 0) this.#logger.info({ files, bytes }, "the model's files are hashed");
  }

  async #hash(name: string, row: FileRow, goOn: () => Promise<boolean>): Promise<boolean> {
    let sha256: string | null = null;
    try {
      sha256 = await hashFile(this.#model.folder, name, row, goOn);
    } catch (cause) {
      const reason = Failure.from(cause).message;
      this.#logger.warn({ file: name, reason }, `${name} cannot be read any more`);
      return false;
    }
    if (sha256 === null) {
      if (await goOn()) this.#logger.warn({ file: name }, `${name} changes while it is served`);
      return false;
    }
    const was = this.#before === null ? null : (this.#known.get(name)?.sha256 ?? null);
    if (was !== null) {
      const text =
        was === sha256 ? "has the same content as before" : "has other content than before";
      this.#logger.info({ file: name, was, is: sha256 }, `${name} ${text}`);
    }
    this.#writer.keep(WORKER_TABLES.files, name, { ...row, sha256 });
    return true;
  }
}
