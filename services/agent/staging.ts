// Files into an attempt's work directory before it starts, results out of it when it has ended.
//
//   T1. An input artifact is what its digest says: it comes from the content-addressed store, which
//       checks every body it takes in.
//   T2. Outputs are sealed (hashed, in the store, synced) before the end is reported; pushing them
//       to the scheduler comes after and is the core's to retry.
//   T3. A declared output that is not there makes an attempt that otherwise succeeded fail, and the
//       message names it. An attempt that failed anyway brings what it has.
//   T4. An output is a plain file in the attempt's own directory. A link that leads out of it is
//       refused: the agent may read what the job must not. A pipe or device is never waited for.

import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptSpec, OutputSpec, OutputValue } from "#shared/base/job.ts";
import type { ArtifactStore } from "#shared/state/artifact-store.ts";
import type { PatternMatcher } from "./pattern-matcher.ts";

/** A value travels in every report and event: what is larger is a file. */
export const VALUE_BYTES_MAX = 64 * 1024;
/** What a value is looked for in. */
const SOURCE_BYTES_MAX = 16 * 1024 * 1024;
const ABSENT_CODES = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);
/** Below this a copy costs no more than a link and cannot be written through. */
const COPY_BYTES_MAX = 64 * 1024 * 1024;

/** Gets an artifact that the agent's store lacks. Throws Failure when it cannot be had. */
export type FetchArtifact = (digest: string) => Promise<void>;

export function hasArtifacts(spec: AttemptSpec): boolean {
  return spec.files.some((file) => file.source.kind === "artifact");
}

/** Puts every artifact into `work`. */
export async function stageArtifacts(
  spec: AttemptSpec,
  work: string,
  store: ArtifactStore,
  fetch: FetchArtifact,
): Promise<void> {
  for (const { path, source, executable } of spec.files) {
    if (source.kind !== "artifact") continue;
    if ((await store.sizeOf(source.digest)) === null) await fetch(source.digest);
    const target = join(work, path);
    if (path.includes("/")) fs.mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    // A link shares the store's bytes: never for root, whom a read-only mode does not stop.
    const mayLink = !executable && source.sizeBytes > COPY_BYTES_MAX && process.getuid?.() !== 0;
    if (mayLink) await store.linkTo(source.digest, target);
    else await store.copyTo(source.digest, target, executable ? 0o700 : 0o600);
  }
}

export interface Collected {
  readonly outputs: readonly OutputValue[];
  /** Sentences about outputs that are missing or too large, in the order they were declared. */
  readonly problems: readonly string[];
}

/** Resolves at once, without a promise, when there is no file to seal. */
export function collectOutputs(
  spec: AttemptSpec,
  directory: string,
  store: ArtifactStore,
  matcher: PatternMatcher,
): Collected | Promise<Collected> {
  if (spec.outputs.every((output) => output.kind === "value")) {
    const outputs: OutputValue[] = [];
    const problems: string[] = [];
    for (const output of spec.outputs) collectValue(output, directory, matcher, outputs, problems);
    return { outputs, problems };
  }
  return collectAll(spec, directory, store, matcher);
}

async function collectAll(
  spec: AttemptSpec,
  directory: string,
  store: ArtifactStore,
  matcher: PatternMatcher,
): Promise<Collected> {
  const outputs: OutputValue[] = [];
  const problems: string[] = [];
  for (const output of spec.outputs) {
    if (output.kind === "value") {
      collectValue(output, directory, matcher, outputs, problems);
      continue;
    }
    let file: number;
    try {
      file = openInside(directory, join("work", output.path), output.path);
    } catch (reason) {
      if (!(reason instanceof Failure)) throw reason;
      problems.push(`output ${output.name}: ${reason.message}`);
      continue;
    }
    try {
      const { digest, sizeBytes } = await store.putFile(`/proc/self/fd/${file}`);
      outputs.push({ name: output.name, kind: "file", path: output.path, digest, sizeBytes });
    } finally {
      fs.closeSync(file);
    }
  }
  return { outputs, problems };
}

/** A descriptor to read from. INVALID, with a sentence about `name`, when T4 does not hold. */
function openInside(directory: string, path: string, name: string): number {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  let file: number;
  try {
    const stat = fs.statSync(join(directory, path)); // Opening a device may do something.
    if (!stat.isFile()) throw new Failure("INVALID", `${name} is not a file`);
    file = fs.openSync(join(directory, path), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  } catch (reason) {
    if (!ABSENT_CODES.has((reason as NodeJS.ErrnoException).code ?? "")) throw reason;
    throw new Failure("INVALID", `the file ${name} was not written`);
  }
  try {
    // Asked of what is open: by its name it may be another file by now.
    if (!fs.fstatSync(file).isFile()) throw new Failure("INVALID", `${name} is not a file`);
    const real = fs.readlinkSync(`/proc/self/fd/${file}`);
    const own = join(
      fs.realpathSync(dirname(directory)),
      basename(directory),
      path.split("/", 1)[0] ?? "",
    );
    if (real === own || real.startsWith(`${own}/`)) return file;
    throw new Failure("INVALID", `${name} is a link to a file outside the work directory`);
  } catch (reason) {
    fs.closeSync(file);
    throw reason;
  }
}

function collectValue(
  output: OutputSpec,
  directory: string,
  matcher: PatternMatcher,
  outputs: OutputValue[],
  problems: string[],
): void {
  if (output.kind !== "value") return;
  try {
    outputs.push({ name: output.name, kind: "value", value: valueOf(output, directory, matcher) });
  } catch (reason) {
    if (!(reason instanceof Failure) || reason.code !== "INVALID") throw reason;
    problems.push(`output ${output.name}: ${reason.message}`);
  }
}

function valueOf(
  output: OutputSpec & { kind: "value" },
  directory: string,
  matcher: PatternMatcher,
): string {
  const where = output.from === null ? "standard output" : output.from;
  const path = output.from === null ? "stdout" : join("work", output.from);
  const file = openInside(directory, path, where);
  let value: string;
  try {
    const { size } = fs.fstatSync(file);
    if (size > SOURCE_BYTES_MAX)
      throw new Failure("INVALID", `${where} has ${size} bytes, a value is looked for in 16 MiB`);
    value = extract(output.extract, fs.readFileSync(file, "utf8"), where, matcher);
  } finally {
    fs.closeSync(file);
  }
  if (Buffer.byteLength(value) > VALUE_BYTES_MAX) {
    throw new Failure("INVALID", `the value is over 64 KiB: declare it as a file`);
  }
  return value;
}

function extract(
  how: (OutputSpec & { kind: "value" })["extract"],
  text: string,
  where: string,
  matcher: PatternMatcher,
): string {
  switch (how.kind) {
    case "whole":
      return text.replace(/\r?\n$/, "");
    case "pattern": {
      const value = matcher.lastMatch(how.pattern, text);
      if (value === null)
        throw new Failure("INVALID", `nothing in ${where} matches ${how.pattern}`);
      return value;
    }
    case "json":
      return jsonAt(how.path, text, where);
  }
}

/** Text as it is, everything else as compact JSON. */
function jsonAt(path: string, text: string, where: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure("INVALID", `${where} is not JSON`);
  }
  for (const part of path === "" ? [] : path.split(".")) {
    const inside = typeof value === "object" && value !== null && Object.hasOwn(value, part);
    if (!inside) throw new Failure("INVALID", `${where} has nothing at ${path}`);
    value = (value as { readonly [name: string]: unknown })[part];
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
