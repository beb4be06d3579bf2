// A submission, checked: the manifest compiles, and its namespace has every file it refers to.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import type { Plan } from "#shared/base/plan.ts";
import { compileManifest } from "#shared/manifest/compile-manifest.ts";
import type { FileDigest } from "#shared/manifest/compile-manifest.ts";
import { formatManifestError } from "#shared/manifest/manifest-errors.ts";
import type { ManifestError } from "#shared/manifest/manifest-errors.ts";
import type { OwnedArtifacts } from "./owned-artifacts.ts";
import type { PlanCache } from "./plan-cache.ts";

export interface Submission {
  readonly plan: Plan;
  readonly labels: { readonly [name: string]: string };
}

const LABELS_MAX = 64;
const LABEL_CHARACTERS_MAX = 200;

/** INVALID with every error and its position; NOT_FOUND for a file nobody uploaded. */
export async function compileSubmission(
  artifacts: OwnedArtifacts,
  namespace: NamespaceId,
  plans: PlanCache,
  request: signalbox.control.v1.ISubmitRunRequest,
): Promise<Submission> {
  const fileName = request.fileName || "manifest.yaml";
  const fileDigests = await sizesOf(artifacts, namespace, request.fileDigests ?? {});
  const key = plans.keyOf(request, fileDigests);
  const known = plans.get(key);
  if (known !== null) return known;
  const compiled = compileManifest({
    text: textOf(request.manifest ?? new Uint8Array(), fileName),
    fileName,
    params: paramsOf(request.paramsJson ?? {}),
    fileDigests,
    cluster: request.cluster || null,
  });
  if (compiled.errors !== undefined) throw refuseManifest(fileName, compiled.errors);
  const labels = labelsOf({ ...compiled.labels, ...request.labels });
  const submission = { plan: compiled.plan, labels };
  plans.put(key, submission);
  return submission;
}

/** One Failure that says all of them, with their positions. */
export function refuseManifest(fileName: string, errors: readonly ManifestError[]): Failure {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  return new Failure(
    "INVALID",
    `${fileName} has ${count}:\n${errors.map(formatManifestError).join("\n")}`,
    {
      hint: `signalbox validate ${fileName} checks it without a scheduler`,
    },
  );
}

export function textOf(bytes: Uint8Array, fileName: string): string {
  if (bytes.length === 0) throw new Failure("INVALID", "the submission has no manifest");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Failure("INVALID", `${fileName}:1:1: the manifest is not UTF-8`);
  }
}

function paramsOf(given: { readonly [name: string]: string }): { [name: string]: unknown } {
  const params: { [name: string]: unknown } = {};
  for (const [name, text] of Object.entries(given)) {
    try {
      params[name] = JSON.parse(text);
    } catch {
      throw new Failure("INVALID", `param ${name}: ${text.slice(0, 80)} is not JSON`);
    }
  }
  return params;
}

async function sizesOf(
  artifacts: OwnedArtifacts,
  namespace: NamespaceId,
  given: { readonly [path: string]: string },
): Promise<{ [path: string]: FileDigest }> {
  const sized: { [path: string]: FileDigest } = {};
  for (const [path, digest] of Object.entries(given)) {
    const sizeBytes = await artifacts.sizeOf(namespace, digest);
    if (sizeBytes === null) {
      throw new Failure("NOT_FOUND", `file ${path}: artifact ${digest} was not uploaded`, {
        hint: "Upload it first: ArtifactsService.PutArtifact; signalbox submit does.",
      });
    }
    sized[path] = { digest, sizeBytes };
  }
  return sized;
}

function labelsOf(labels: { readonly [name: string]: string }): { [name: string]: string } {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) throw new Failure("INVALID", `more than ${LABELS_MAX} labels`);
  for (const [name, value] of entries) {
    if (name.length > LABEL_CHARACTERS_MAX || value.length > LABEL_CHARACTERS_MAX) {
      throw new Failure(
        "INVALID",
        `label ${name.slice(0, 40)} is longer than ${LABEL_CHARACTERS_MAX} characters`,
      );
    }
  }
  return Object.fromEntries(entries);
}
