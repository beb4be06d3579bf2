// The artifact store as the namespaces see it. The bytes lie there once for all of them; who may
// have them is an empty file per namespace and artifact, at OWNERS/NAMESPACE/ab/cdef….
//
// Invariants:
//   W1. A put that was answered left its mark on disk: the mark's file, its folder and the folders
//       above are synced.
//   W2. A mark is made only for a whole body that came with that put: to know a digest is not
//       enough.
//   W3. What a namespace has no mark of looks exactly like what is not there.

import assert from "node:assert/strict";
import { mkdir, open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import type { Artifact, ArtifactStore } from "#shared/state/artifact-store.ts";

const ROOM_CODES = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

export class OwnedArtifacts {
  readonly #store: ArtifactStore;
  readonly #owners: string;
  /** Folders of marks whose own names are on disk; not more than there are on disk. */
  readonly #syncedFolders = new Set<string>();

  /** `owners`: the directory of the marks, made when the first is. */
  constructor(store: ArtifactStore, owners: string) {
    this.#store = store;
    this.#owners = owners;
  }

  /** Throws Failure INVALID for anything but `sha256:HEX`. */
  hexOf(digest: string): string {
    this.#store.pathOf(digest);
    return digest.slice("sha256:".length);
  }

  /** `null` when it is not here for this namespace. INVALID for what is no digest. */
  async sizeOf(namespace: NamespaceId, digest: string): Promise<number | null> {
    return (await this.#isOwned(namespace, digest)) ? await this.#store.sizeOf(digest) : null;
  }

  /** See ArtifactStore.put. When it resolves, the namespace has it, also after a power cut. */
  async put(
    namespace: NamespaceId,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    expectedDigest: string | null = null,
  ): Promise<Artifact> {
    const artifact = await this.#store.put(chunks, expectedDigest);
    try {
      await this.#mark(namespace, artifact.digest);
    } catch (reason) {
      throw this.#asFull(reason);
    }
    return artifact;
  }

  /** Its bytes; ends with CORRUPT when they do not hash to the name. NOT_FOUND, INVALID. */
  async *read(namespace: NamespaceId, digest: string): AsyncGenerator<Buffer, void, void> {
    if (!(await this.#isOwned(namespace, digest)))
      throw new Failure("NOT_FOUND", `artifact ${digest} is not here`);
    yield* this.#store.read(digest, { verify: true });
  }

  async #isOwned(namespace: NamespaceId, digest: string): Promise<boolean> {
    try {
      await stat(this.#markOf(namespace, digest));
      return true;
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw reason;
    }
  }

  /** Synced also when the mark is there: whoever made it may not have come that far. */
  async #mark(namespace: NamespaceId, digest: string): Promise<void> {
    const path = this.#markOf(namespace, digest);
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(path, "a", 0o600);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(folder);
    if (this.#syncedFolders.has(folder)) return;
    for (let above = folder; above !== this.#owners;) {
      above = dirname(above);
      await syncFolder(above);
    }
    await syncFolder(dirname(this.#owners));
    this.#syncedFolders.add(folder);
  }

  #markOf(namespace: NamespaceId, digest: string): string {
    assert(/^[a-z0-9-]+$/.test(namespace)); // A NamespaceId is checked where it is made.
    const hex = this.hexOf(digest);
    return join(this.#owners, namespace, hex.slice(0, 2), hex.slice(2));
  }

  #asFull(reason: unknown): unknown {
    if (!ROOM_CODES.has((reason as NodeJS.ErrnoException | null)?.code ?? "")) return reason;
    return new Failure("FULL", `no room for an artifact's mark in ${this.#owners}`, {
      cause: reason,
      hint: "Free some space on that disk, then upload it again.",
    });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
