// Which file ran, and what was in it: a receipt names the executable by path and SHA-256.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { isAbsolute, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptSpec } from "#shared/base/job.ts";

export interface Executable {
  readonly path: string;
  readonly digest: string;
}

const CACHED_MAX = 1_000;
const CHUNK_BYTES = 1024 * 1024;

/**
 * Digests are kept per file as it is (path, inode, size, mtime): hashing happens once per version.
 */
export class ExecutableDigests {
  readonly #cache = new Map<string, Executable>();
  readonly #searchPath: string;

  /** `searchPath` is the PATH that jobs get when they bring none of their own. */
  constructor(searchPath: string) {
    this.#searchPath = searchPath;
  }

  /** `null` when it cannot be found or read. `work` is the job's working directory. */
  of(spec: AttemptSpec, work: string): Executable | null {
    const { program } = spec;
    const name = program.kind === "exec" ? program.argv[0] : program.interpreter[0];
    if (name === undefined) return null;
    try {
      const path = resolve(name, spec.env["PATH"] ?? this.#searchPath, work);
      return path === null ? null : this.#digest(path);
    } catch {
      return null; // Not readable by us, though it may be executable: the receipt says null.
    }
  }

  #digest(path: string): Executable {
    const stat = fs.statSync(path);
    // A device may have no end.
    if (!stat.isFile()) throw new Failure("INVALID", `${path} is not a file`);
    const key = `${path}\0${stat.ino}\0${stat.size}\0${stat.mtimeMs}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const executable = { path, digest: hashFile(path) };
    const oldest = this.#cache.keys().next().value;
    if (this.#cache.size >= CACHED_MAX && oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(key, executable);
    return executable;
  }
}

/** As execvp(3) looks for it. */
function resolve(name: string, searchPath: string, work: string): string | null {
  if (isAbsolute(name)) return name;
  if (name.includes("/")) return join(work, name);
  for (const folder of searchPath.split(":")) {
    const path = join(
      folder === "" ? work : isAbsolute(folder) ? folder : join(work, folder),
      name,
    );
    if (isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = fs.readSync(file, buffer); read > 0; read = fs.readSync(file, buffer)) {
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    fs.closeSync(file);
  }
  return `sha256:${hash.digest("hex")}`;
}
