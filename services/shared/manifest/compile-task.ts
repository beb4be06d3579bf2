// One task of a manifest, from what the schema accepted to what the scheduler interprets. What is
// wrong goes to the scope's findings; the task returned is used only when there were none.

import type { TaskId } from "../base/ids.ts";
import type { EndCause, OutputSpec, Resources } from "../base/job.ts";
import { renderTemplate } from "../base/plan.ts";
import type { PlanFile, PlanTask, RetryPolicy, Template } from "../base/plan.ts";
import { codeArgument } from "./code-argument.ts";
import type { FileDigest } from "./compile-manifest.ts";
import type { Path } from "./manifest-errors.ts";
import { PATH_HINT, pathClash, pathProblem } from "./paths.ts";
import type { RawFile, RawOutput, RawResources, RawRetry, RawTask } from "./raw-manifest.ts";
import { suggestion } from "./suggest.ts";
import type { Needs, Scope } from "./templates.ts";
import { compileFileReference, compileTemplate } from "./templates.ts";
import { parseDurationMs, parseMemoryMib } from "./units.ts";

/** Linux's MAX_ARG_STRLEN, for one argument or one NAME=value. */
const ARGUMENT_BYTES_MAX = 128 * 1024 - 1;

const RETRY_ON: readonly EndCause[] = ["failed", "node_fail", "preempted"];
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_MAX_MS = 5 * 60_000;

export type TaskDraft = Omit<PlanTask, "ordinal" | "needs">;

export interface FileSources {
  readonly digests: { readonly [path: string]: FileDigest };
  /** Local files referred to, by path; filled while compiling. */
  readonly used: Map<string, string>;
}

export function compileTask(
  scope: Scope,
  needs: Needs,
  sources: FileSources,
  task: RawTask,
  path: Path,
  cluster: string | null,
): TaskDraft {
  const at = [...path, "with"];
  compileNeeds(scope, needs, task, path);
  const env = Object.entries(task.with.env ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => ({
      name,
      value: argument(scope, needs, [...at, "env", name], text, "text"),
    }));
  const { stdin } = task.with;
  return {
    id: task.id as TaskId,
    program: compileProgram(scope, needs, task, at),
    env,
    stdin:
      stdin === undefined ? null : compileTemplate(scope, needs, [...at, "stdin"], stdin, "text"),
    files: compileFiles(scope, needs, sources, task.with.files ?? {}, [...at, "files"]),
    outputs: compileOutputs(scope, task.outputs ?? {}, [...path, "outputs"]),
    resources: compileResources(scope, task.resources ?? {}, [...path, "resources"]),
    cluster: task.cluster ?? cluster,
    retry: compileRetry(scope, task.retry, [...path, "retry"]),
    timeoutMs: duration(scope, [...path, "timeout"], task.timeout) ?? null,
    priority: task.priority ?? 0,
  };
}

function compileNeeds(scope: Scope, needs: Needs, task: RawTask, path: Path): void {
  const seen = new Set<string>();
  for (const [index, id] of (task.needs ?? []).entries()) {
    const at = [...path, "needs", index];
    const place = scope.places.get(id);
    if (place === undefined) {
      const hint = suggestion(id, [...scope.places.keys()], "tasks");
      scope.findings.error(at, `there is no task ${JSON.stringify(id)}`, hint);
    } else if (seen.has(id)) {
      scope.findings.warn(at, `${id} is needed twice`, "keep one of them");
    } else {
      needs.set(place, at);
    }
    seen.add(id);
  }
}

function compileProgram(
  scope: Scope,
  needs: Needs,
  task: RawTask,
  path: Path,
): PlanTask["program"] {
  if (task.uses === "exec@1") {
    const { command } = task.with;
    const code = codeArgument(command);
    const argv = command.map((text, index) =>
      argument(scope, needs, [...path, "command", index], text, index === code ? "code" : "text"),
    );
    if (command[0] === "") {
      scope.findings.error(
        [...path, "command", 0],
        "the program's name is empty",
        "name a program",
      );
    }
    return { kind: "exec", argv };
  }
  const { text, interpreter } = task.with;
  if (text.includes("\0")) {
    scope.findings.error([...path, "text"], "a NUL in the script", "remove it");
  }
  return {
    kind: "script",
    text: compileTemplate(scope, needs, [...path, "text"], text, "code"),
    interpreter: compileInterpreter(scope, interpreter, text, [...path, "interpreter"]),
  };
}

function compileInterpreter(
  scope: Scope,
  given: string | readonly string[] | undefined,
  text: string,
  path: Path,
): readonly string[] {
  const argv =
    given === undefined
      ? (interpreterLine(text) ?? ["/bin/sh"])
      : typeof given === "string"
        ? [given]
        : given;
  for (const [index, word] of argv.entries()) {
    if (word.includes("\0") || word.includes("${{") || (index === 0 && word === "")) {
      const hint = 'write a list: ["python3", "-u"]';
      scope.findings.error(path, `${JSON.stringify(word)} cannot be in an interpreter`, hint);
    }
  }
  return argv;
}

/** The argv of a `#!` line as Linux reads it: the program and at most one argument. */
export function interpreterLine(script: string): readonly string[] | undefined {
  const line = /^#![ \t]*([^\s]+)(?:[ \t]+([^\r\n]*?))?[ \t]*\r?(?:\n|$)/.exec(script);
  if (line === null) return undefined;
  const [, program, rest] = line;
  return rest === undefined || rest === "" ? [program as string] : [program as string, rest];
}

/** A text that becomes one argument or variable: no NUL, and no longer than the kernel takes. */
function argument(
  scope: Scope,
  needs: Needs,
  path: Path,
  text: string,
  use: "text" | "code",
): Template {
  const template = compileTemplate(scope, needs, path, text, use);
  let bytes = 0;
  for (const part of template) {
    if (typeof part !== "string") continue;
    bytes += Buffer.byteLength(part);
    if (part.includes("\0")) {
      scope.findings.error(path, "a NUL in the text", "no program can be given one: use a file");
    }
  }
  if (bytes > ARGUMENT_BYTES_MAX) {
    const message = `${bytes} bytes, ${ARGUMENT_BYTES_MAX} are allowed in one argument or variable`;
    scope.findings.error(path, message, "give it as a file: with.files");
  }
  return template;
}

function compileFiles(
  scope: Scope,
  needs: Needs,
  sources: FileSources,
  files: { readonly [path: string]: RawFile },
  path: Path,
): PlanFile[] {
  const names = Object.keys(files).sort();
  const compiled: PlanFile[] = [];
  for (const name of names) {
    const at = [...path, name];
    const problem = pathProblem(name);
    if (problem !== undefined) scope.findings.error(at, problem, PATH_HINT, "key");
    const raw = files[name] as RawFile;
    const source = compileSource(scope, needs, sources, raw, at);
    const executable = typeof raw === "string" ? false : (raw.executable ?? false);
    if (source !== undefined) compiled.push({ path: name, source, executable });
  }
  const clash = pathClash(names);
  if (clash !== undefined) {
    const message = `${JSON.stringify(clash[0])} would be both a file and a directory`;
    scope.findings.error([...path, clash[1]], message, "rename one of them", "key");
  }
  return compiled;
}

function compileSource(
  scope: Scope,
  needs: Needs,
  sources: FileSources,
  raw: RawFile,
  path: Path,
): PlanFile["source"] | undefined {
  const hint = 'write {text: "…"}, {from: "local/file"} or "${{ tasks.TASK.outputs.NAME }}"';
  if (typeof raw === "string") {
    const reference = compileFileReference(scope, needs, path, raw);
    if (reference === "literal") {
      scope.findings.error(path, "a text here must refer to a file output", hint);
      return undefined;
    }
    return reference && { kind: "output", ...reference };
  }
  if (raw.text !== undefined && raw.from === undefined) {
    const text = compileTemplate(scope, needs, [...path, "text"], raw.text, "text");
    return { kind: "template", text };
  }
  if (raw.from === undefined || raw.text !== undefined) {
    scope.findings.error(path, "a file has exactly one of text and from", hint);
    return undefined;
  }
  const at = [...path, "from"];
  const reference = compileFileReference(scope, needs, at, raw.from);
  if (reference !== "literal") return reference && { kind: "output", ...reference };
  const local = renderTemplate(compileTemplate(scope, needs, at, raw.from, "text"), () => "");
  return localFile(scope, sources, local, at);
}

function localFile(
  scope: Scope,
  sources: FileSources,
  local: string,
  path: Path,
): PlanFile["source"] | undefined {
  const problem = pathProblem(local);
  if (problem !== undefined) {
    scope.findings.error(path, problem, "name a file beside the manifest or below it");
    return undefined;
  }
  const found = Object.hasOwn(sources.digests, local) ? sources.digests[local] : undefined;
  if (found === undefined) {
    const message = `there is no file ${JSON.stringify(local)}`;
    scope.findings.error(path, message, "it is looked for beside the manifest");
    return undefined;
  }
  if (!/^sha256:[0-9a-f]{64}$/.test(found.digest) || !Number.isSafeInteger(found.sizeBytes)) {
    const message = `the digest given for ${JSON.stringify(local)} is none`;
    scope.findings.error(path, message, "a digest is sha256: and 64 hexadecimal digits");
    return undefined;
  }
  sources.used.set(local, found.digest);
  return { kind: "artifact", digest: found.digest, sizeBytes: found.sizeBytes };
}

function compileOutputs(
  scope: Scope,
  outputs: { readonly [name: string]: RawOutput },
  path: Path,
): OutputSpec[] {
  return Object.keys(outputs)
    .sort()
    .map((name) => compileOutput(scope, name, outputs[name] as RawOutput, [...path, name]));
}

function compileOutput(scope: Scope, name: string, raw: RawOutput, path: Path): OutputSpec {
  if (raw.file !== undefined) {
    checkPath(scope, raw.file, [...path, "file"]);
    return { name, kind: "file", path: raw.file };
  }
  const { from = "stdout", pattern, json } = raw.value ?? {};
  const at = [...path, "value"];
  if (from !== "stdout") checkPath(scope, from, [...at, "from"]);
  if (pattern !== undefined && json !== undefined) {
    scope.findings.error(at, "a value has pattern or json, not both", "keep one of them");
  }
  const value = { name, kind: "value", from: from === "stdout" ? null : from } as const;
  if (json !== undefined) return { ...value, extract: { kind: "json", path: json } };
  if (pattern === undefined) return { ...value, extract: { kind: "whole" } };
  const problem = patternProblem(pattern);
  if (problem !== undefined) {
    const hint = 'write an ECMAScript regular expression: "energy = +([-0-9.]+)"';
    scope.findings.error([...at, "pattern"], problem, hint);
  }
  return { ...value, extract: { kind: "pattern", pattern } };
}

function patternProblem(pattern: string): string | undefined {
  try {
    return RegExp(pattern) && undefined;
  } catch (reason) {
    return (reason as Error).message;
  }
}

function checkPath(scope: Scope, text: string, path: Path): void {
  const problem = text.includes("${{") ? "references are not filled in here" : pathProblem(text);
  if (problem !== undefined) scope.findings.error(path, problem, PATH_HINT);
}

function compileResources(scope: Scope, raw: RawResources, path: Path): Resources {
  const { ranks } = raw;
  const cpus = raw.cpus ?? ranks ?? 1;
  if (ranks !== undefined && cpus % ranks !== 0) {
    const message = `${cpus} cpus cannot be shared evenly by ${ranks} ranks`;
    scope.findings.error([...path, "ranks"], message, "cpus is the sum over all ranks");
  }
  const walltimeMs = duration(scope, [...path, "walltime"], raw.walltime);
  return {
    cpus,
    ...(ranks === undefined ? {} : { ranks }),
    memoryMb: memory(scope, [...path, "memory"], raw.memory) ?? null,
    gpus: raw.gpus ?? 0,
    nodes: raw.nodes ?? null,
    walltimeS: walltimeMs === undefined ? null : Math.ceil(walltimeMs / 1000),
    partition: raw.partition ?? null,
    account: raw.account ?? null,
    qos: raw.qos ?? null,
    constraint: raw.constraint ?? null,
  };
}

function compileRetry(scope: Scope, raw: RawRetry | undefined, path: Path): RetryPolicy {
  const at = [...path, "backoff"];
  const firstMs = duration(scope, [...at, "first"], raw?.backoff?.first) ?? BACKOFF_FIRST_MS;
  const givenMaxMs = duration(scope, [...at, "max"], raw?.backoff?.max);
  if (givenMaxMs !== undefined && givenMaxMs < firstMs) {
    scope.findings.error([...at, "max"], "max is below first", `write at least ${firstMs}ms`);
  }
  return {
    attemptsMax: raw?.attempts ?? 1,
    firstMs,
    maxMs: givenMaxMs ?? Math.max(BACKOFF_MAX_MS, firstMs),
    on: ((raw?.on as readonly EndCause[] | undefined) ?? RETRY_ON).toSorted(),
  };
}

function duration(scope: Scope, path: Path, text: string | undefined): number | undefined {
  return quantity(scope, path, text, parseDurationMs);
}

function memory(scope: Scope, path: Path, text: string | undefined): number | undefined {
  return quantity(scope, path, text, parseMemoryMib);
}

function quantity(
  scope: Scope,
  path: Path,
  text: string | undefined,
  parse: typeof parseDurationMs,
): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parse(text);
  if ("value" in parsed) return parsed.value;
  scope.findings.error(path, parsed.problem, parsed.hint);
  return undefined;
}
