// Files named by what they contain: `sha256:HEX`, at ROOT/sha256/ab/cdef… What is there never
// changes.
//
//   A1. A file appears under its name only whole, with the right digest, on disk, and read-only: it
//       is written beside, hashed on the way, synced, sealed and renamed; then the folder is
//       synced.
//   A2. Whatever goes wrong before the rename leaves nothing but a file in ROOT/tmp, which a later
//       open removes.
//   A3. Two writers of the same content do not disturb each other: the rename is idempotent.
//
// A shared file system will do: nothing here needs locks or memory maps.

import { createHash, randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import type { Stats } from "node:fs";
import { chmod, copyFile, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";

export interface ArtifactStoreOptions {
  readonly root: string;
  /** Largest artifact taken; 64 GiB when not given. */
  readonly artifactBytesMax?: number;
}

export interface Artifact {
  /** `sha256:HEX`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const ARTIFACT_BYTES_MAX = 64 * 1024 ** 3;
/** A put that has not moved for this long is nobody's any more. */
const ABANDONED_MS = 24 * 3600 * 1000;
const CHUNK_BYTES = 1024 * 1024;
const ROOM_CODES = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

export class ArtifactStore {
  readonly root: string;
  readonly #bytesMax: number;

  constructor(options: ArtifactStoreOptions) {
    this.root = options.root;
    this.#bytesMax = options.artifactBytesMax ?? ARTIFACT_BYTES_MAX;
  }

  /** Makes the folders, and removes what abandoned puts left behind. */
  async open(nowMs: number = Date.now()): Promise<void> {
    await mkdir(join(this.root, "sha256"), { recursive: true });
    await mkdir(join(this.root, "tmp"), { recursive: true });
    for (const name of await readdir(join(this.root, "tmp"))) {
      const path = join(this.root, "tmp", name);
      const seen = await statOf(path);
      if (seen !== null && nowMs - seen.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }

  /** Where the artifact lies or would lie. Throws Failure INVALID for anything but `sha256:HEX`. */
  pathOf(digest: string): string {
    const hex = DIGEST.exec(digest)?.[1];
    if (hex === undefined) {
      throw new Failure(
        "INVALID",
        `${JSON.stringify(digest)} is no digest: sha256: and 64 hex digits`,
      );
    }
    return join(this.root, "sha256", hex.slice(0, 2), hex.slice(2));
  }

  /** `null` when it is not here. */
  async sizeOf(digest: string): Promise<number | null> {
    return (await statOf(this.pathOf(digest)))?.size ?? null;
  }

  /**
   * Takes in a body. With `expectedDigest`, one that hashes to anything else is refused with
   * INVALID. FULL when the disk is; then nothing was kept.
   */
  async put(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    expectedDigest: string | null = null,
  ): Promise<Artifact> {
    if (expectedDigest !== null) this.pathOf(expectedDigest);
    const temporary = join(this.root, "tmp", randomUUID());
    try {
      const artifact = await this.#write(temporary, chunks);
      if (expectedDigest !== null && artifact.digest !== expectedDigest) {
        throw new Failure("INVALID", `the content is ${artifact.digest}, not ${expectedDigest}`);
      }
      await this.#publish(temporary, artifact.digest);
      return artifact;
    } catch (reason) {
      await rm(temporary, { force: true });
      throw asFull(reason, this.root);
    }
  }

  putFile(path: string): Promise<Artifact> {
    return this.put(createReadStream(path, { highWaterMark: CHUNK_BYTES }));
  }

  /**
   * Its bytes in chunks. With `verify`, ends with Failure CORRUPT when they do not hash to the
   * name. NOT_FOUND when it is not here.
   */
  async *read(digest: string, options: { readonly verify?: boolean } = {}): AsyncGenerator<Buffer> {
    const path = this.pathOf(digest);
    if ((await statOf(path)) === null) throw notFound(digest);
    const hash = options.verify === true ? createHash("sha256") : null;
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      hash?.update(chunk as Buffer);
      yield chunk as Buffer;
    }
    if (hash !== null && `sha256:${hash.digest("hex")}` !== digest) throw damaged(digest);
  }

  /** Throws Failure NOT_FOUND or CORRUPT. */
  async verify(digest: string): Promise<void> {
    for await (const chunk of this.read(digest, { verify: true })) void chunk;
  }

  /**
   * Makes `path` the same file, read-only, without copying where the file system allows it. A copy
   * when `executable`, for a link shares its mode with the store.
   */
  async linkTo(
    digest: string,
    path: string,
    options: { readonly executable?: boolean } = {},
  ): Promise<void> {
    if (options.executable === true) return this.copyTo(digest, path, 0o555);
    try {
      await link(this.pathOf(digest), path);
    } catch (reason) {
      if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP"].includes(codeOf(reason)))
        throw asMissing(reason, digest);
      await this.copyTo(digest, path, 0o444);
    }
  }

  /** A file of its own with these mode bits; a clone where the file system can. */
  async copyTo(digest: string, path: string, mode = 0o644): Promise<void> {
    try {
      await copyFile(
        this.pathOf(digest),
        path,
        constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL,
      );
      await chmod(path, mode);
    } catch (reason) {
      throw asFull(asMissing(reason, digest), this.root);
    }
  }

  async #write(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<Artifact> {
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const file = await open(path, "wx", 0o600);
    try {
      for await (const chunk of chunks) {
        sizeBytes += chunk.length;
        if (sizeBytes > this.#bytesMax) {
          throw new Failure(
            "INVALID",
            `an artifact may have ${this.#bytesMax} bytes, this has more`,
          );
        }
        hash.update(chunk);
        await writeAll(file, chunk);
      }
      await file.chmod(0o444);
      await file.sync();
    } finally {
      await file.close();
    }
    return { digest: `sha256:${hash.digest("hex")}`, sizeBytes };
  }

  async #publish(temporary: string, digest: string): Promise<void> {
    const path = this.pathOf(digest);
    if ((await statOf(path)) !== null) return rm(temporary, { force: true });
    const folder = dirname(path);
    const made = await mkdir(folder, { recursive: true });
    await rename(temporary, path);
    await syncFolder(folder);
    if (made !== undefined) await syncFolder(dirname(folder));
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (reason) {
    if (codeOf(reason) === "ENOENT") return null;
    throw reason;
  }
}

function codeOf(reason: unknown): string {
  return (reason as NodeJS.ErrnoException | null)?.code ?? "";
}

function asMissing(reason: unknown, digest: string): unknown {
  const missing =
    codeOf(reason) === "ENOENT" && (reason as { path?: string }).path?.includes(digest.slice(9));
  return missing === true ? notFound(digest, reason) : reason;
}

function asFull(reason: unknown, root: string): unknown {
  if (!ROOM_CODES.has(codeOf(reason))) return reason;
  return new Failure("FULL", `no room for an artifact in ${root}`, {
    cause: reason,
    hint: "Free some space on that disk.",
  });
}

function notFound(digest: string, cause?: unknown): Failure {
  return new Failure("NOT_FOUND", `artifact ${digest} is not here`, { cause });
}

function damaged(digest: string): Failure {
  return new Failure("CORRUPT", `artifact ${digest} does not hash to its name`, {
    hint: "Remove that file and upload or produce it again.",
  });
}
