// The last manifests that compiled, by everything their compilation depends on: a sweep or a
// service that submits the same workflow again and again pays for its check once.

import { createHash } from "node:crypto";
import type { signalbox } from "#proto/signalbox.js";
import type { FileDigest } from "#shared/manifest/compile-manifest.ts";
import type { Submission } from "./submission.ts";

const PLANS_MAX = 128;
/** Larger manifests are rarer and would make the cache large. */
const MANIFEST_BYTES_MAX = 64 * 1024;

export class PlanCache {
  /** In order of use, oldest first. */
  readonly #plans = new Map<string, Submission>();

  /** `null` for what is not kept. */
  keyOf(
    request: signalbox.control.v1.ISubmitRunRequest,
    files: { readonly [path: string]: FileDigest },
  ): string | null {
    const manifest = request.manifest ?? new Uint8Array();
    if (manifest.length > MANIFEST_BYTES_MAX) return null;
    const { fileName, paramsJson, cluster, labels } = request;
    const rest = JSON.stringify([fileName, paramsJson, cluster, labels, files]);
    return createHash("sha256").update(manifest).update("\0").update(rest).digest("base64");
  }

  get(key: string | null): Submission | null {
    if (key === null) return null;
    const found = this.#plans.get(key);
    if (found === undefined) return null;
    this.#plans.delete(key);
    this.#plans.set(key, found);
    return found;
  }

  put(key: string | null, submission: Submission): void {
    if (key === null) return;
    this.#plans.set(key, submission);
    if (this.#plans.size <= PLANS_MAX) return;
    for (const oldest of this.#plans.keys()) {
      this.#plans.delete(oldest);
      return;
    }
  }
}
