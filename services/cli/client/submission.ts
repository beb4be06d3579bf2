// From a manifest on disk to a run: checked here with the scheduler's own code, its files hashed
// and uploaded, then submitted under one key however often the call has to be repeated.
//
//   S1. Nothing is sent for a manifest that does not compile here.
//   S2. Every repeat of one submission carries the same idempotency key, so it makes one run.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { Failure } from "#shared/base/errors.ts";
import {
  compileManifest,
  type FileDigest,
  type ManifestError,
  type ManifestResult,
} from "#shared/manifest/compile-manifest.ts";
import { formatManifestError } from "#shared/manifest/manifest-errors.ts";
import { manifestFiles } from "#shared/manifest/manifest-files.ts";
import type { Terminal } from "../terminal.ts";
import type { ControlClient } from "./control-client.ts";
import { parseRun, type RunView } from "./run-view.ts";

export interface ManifestSource {
  readonly text: string;
  /** As shown in errors. */
  readonly fileName: string;
  /** Files in the manifest are relative to this folder. */
  readonly directory: string;
}

export interface SubmissionOptions {
  readonly params: { readonly [name: string]: unknown };
  readonly labels: { readonly [name: string]: string };
  /** The cluster of tasks that name none; `null` for the namespace's default. */
  readonly cluster: string | null;
  /** `null` makes one. */
  readonly key: string | null;
}

export interface Checked {
  readonly source: ManifestSource;
  readonly result: ManifestResult;
  readonly files: ReadonlyMap<string, FileDigest>;
}

/** Enough for a manifest that the compiler then refuses for its size, with its words. */
const MANIFEST_BYTES_READ_MAX = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const MISSING_ASKED_MAX = 1000;

/** `-` is standard input, whose files are relative to the current folder. */
export async function readManifestSource(
  terminal: Terminal,
  file: string,
): Promise<ManifestSource> {
  if (file === "-") {
    return { text: await textOf(terminal.stdin), fileName: "<stdin>", directory: terminal.cwd };
  }
  const path = resolve(terminal.cwd, file);
  try {
    if (statSync(path).size > MANIFEST_BYTES_READ_MAX) {
      throw new Failure("INVALID", `${file} is far too large for a manifest`);
    }
    return { text: readFileSync(path, "utf8"), fileName: file, directory: dirname(path) };
  } catch (reason) {
    if (reason instanceof Failure) throw reason;
    throw new Failure("INVALID", `cannot read ${file}: ${causeText(reason)}`, { cause: reason });
  }
}

/** Compiles offline. Files the manifest names are read from disk; missing ones become errors. */
export async function checkManifest(
  source: ManifestSource,
  options: Pick<SubmissionOptions, "params" | "cluster">,
): Promise<Checked> {
  const { text, fileName, directory } = source;
  const { params, cluster } = options;
  const listed = manifestFiles({ text, fileName, params });
  const files = new Map<string, FileDigest>();
  for (const path of listed.files ?? []) {
    const digest = await fileDigest(localPath(directory, path));
    if (digest !== null) files.set(path, digest);
  }
  const fileDigests = Object.fromEntries(files);
  const result = compileManifest({ text, fileName, params, fileDigests, cluster });
  return { source, result, files };
}

/** INVALID with every error at its place, unless it compiled. */
export function refuseErrors(checked: Checked): void {
  const { errors } = checked.result;
  if (errors === undefined) return;
  throw manifestFailure(checked.source.fileName, errors);
}

export function manifestFailure(fileName: string, errors: readonly ManifestError[]): Failure {
  const count = errors.length === 1 ? "an error" : `${errors.length} errors`;
  const list = errors.map(formatManifestError).join("\n");
  return new Failure("INVALID", `${fileName} has ${count}, nothing was submitted\n${list}`);
}

export async function submitManifest(
  client: ControlClient,
  checked: Checked,
  options: SubmissionOptions,
): Promise<{ readonly run: RunView; readonly existed: boolean }> {
  refuseErrors(checked); // S1
  await uploadFiles(client, checked);
  const idempotencyKey = options.key ?? `cli-${randomUUID()}`; // S2
  const paramsJson = Object.entries(options.params).map(
    ([name, value]) => [name, JSON.stringify(value)] as const,
  );
  const digests = [...checked.files].map(([path, file]) => [path, file.digest] as const);
  const request = {
    namespace: client.context.namespace,
    manifest: Buffer.from(checked.source.text),
    fileName: basename(checked.source.fileName),
    paramsJson: Object.fromEntries(paramsJson),
    idempotencyKey,
    fileDigests: Object.fromEntries(digests),
    cluster: options.cluster ?? "",
    labels: { ...options.labels },
  };
  const answer = await client.again(() => client.runs.submitRun(request), "patient");
  return { run: parseRun(answer.run ?? {}), existed: answer.existed ?? false };
}

async function uploadFiles(client: ControlClient, checked: Checked): Promise<void> {
  const { namespace } = client.context;
  const paths = new Map([...checked.files].map(([path, file]) => [file.digest, path]));
  const digests = [...paths.keys()];
  for (let from = 0; from < digests.length; from += MISSING_ASKED_MAX) {
    const asked = digests.slice(from, from + MISSING_ASKED_MAX);
    const answer = await client.again(() =>
      client.artifacts.findMissing({ namespace, digests: asked }),
    );
    for (const digest of answer.missing ?? []) {
      const path = paths.get(digest);
      if (path === undefined) continue;
      const local = localPath(checked.source.directory, path);
      await client.again(() => uploadFile(client, digest, local, path));
    }
  }
}

async function uploadFile(
  client: ControlClient,
  digest: string,
  local: string,
  shown: string,
): Promise<void> {
  const { namespace } = client.context;
  async function* pieces() {
    yield { namespace, digest };
    for await (const data of createReadStream(local, { highWaterMark: CHUNK_BYTES })) {
      yield { data: data as Buffer };
    }
  }
  try {
    await client.artifacts.putArtifact(pieces());
  } catch (reason) {
    const failure = Failure.from(reason);
    if (failure.code !== "INVALID") throw failure;
    throw new Failure("INVALID", `${shown} was refused: ${failure.message}`, {
      cause: failure,
      hint: failure.hint ?? "did the file change while it was uploaded? Submit again",
    });
  }
}

/** `null` when there is no such file: the compiler says so, with its place in the manifest. */
async function fileDigest(path: string): Promise<FileDigest | null> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
    }
  } catch (reason) {
    const code = (reason as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new Failure("INVALID", `cannot read ${path}: ${causeText(reason)}`, { cause: reason });
  }
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

function localPath(directory: string, path: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}

function causeText(reason: unknown): string {
  const code = (reason as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission denied";
  return reason instanceof Error ? reason.message : String(reason);
}
