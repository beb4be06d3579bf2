// An attempt's spec, from the bytes of a command to a domain value. Parsed and checked here, once:
// everything behind it may rely on the types, and on paths that stay inside the work directory.

import { Failure } from "#shared/base/errors.ts";
import { parseAttemptToken } from "#shared/base/ids.ts";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { AttemptSpec, InputFile, OutputSpec, Program, Resources } from "#shared/base/job.ts";

const SPEC_BYTES_MAX = 8 * 1024 * 1024;
const FILES_MAX = 10_000;
const OUTPUTS_MAX = 1_000;
const ARGV_MAX = 10_000;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

type Fields = { readonly [name: string]: unknown };

/** Throws Failure INVALID naming the first thing that is wrong. */
export function parseSpec(bytes: Uint8Array): AttemptSpec {
  if (bytes.length > SPEC_BYTES_MAX) throw wrong(`it has ${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch {
    throw wrong("it is not JSON");
  }
  return specOf(value);
}

/** The same for a value that is JSON already: a row of the journal, a job_info.json. */
export function specOf(value: unknown): AttemptSpec {
  const fields = fieldsOf(value, "spec");
  const name = text(fields, "name");
  if (!NAME.test(name)) throw wrong(`name ${JSON.stringify(name)} cannot stand in a queue`);
  return {
    token: parseAttemptToken(text(fields, "token")),
    name,
    namespace: text(fields, "namespace"),
    run: text(fields, "run"),
    task: text(fields, "task"),
    attempt: whole(fields, "attempt", 1),
    program: programOf(fields["program"]),
    env: envOf(fields["env"]),
    stdin: textOrNull(fields, "stdin"),
    files: listOf(fields["files"], "files", FILES_MAX).map(fileOf),
    outputs: listOf(fields["outputs"], "outputs", OUTPUTS_MAX).map(outputOf),
    resources: resourcesOf(fields["resources"]),
    timeoutMs: fields["timeoutMs"] == null ? null : whole(fields, "timeoutMs", 1),
    needsReceipts: listOf(fields["needsReceipts"], "needsReceipts", FILES_MAX).map(digestOf),
    traceparent: textOrNull(fields, "traceparent"),
  };
}

/** What stands for a spec that could not be read, so that its end can be reported. */
export function stubSpec(token: AttemptSpec["token"]): AttemptSpec {
  return {
    token,
    name: "unreadable",
    namespace: "",
    run: token.slice(0, token.indexOf("-")),
    task: "",
    attempt: 1,
    program: { kind: "exec", argv: ["false"] },
    env: {},
    stdin: null,
    files: [],
    outputs: [],
    resources: DEFAULT_RESOURCES,
    timeoutMs: null,
    needsReceipts: [],
    traceparent: null,
  };
}

function programOf(value: unknown): Program {
  const fields = fieldsOf(value, "program");
  if (fields["kind"] === "exec") {
    return { kind: "exec", argv: argvOf(fields["argv"], "argv") };
  }
  if (fields["kind"] === "script") {
    const interpreter = argvOf(fields["interpreter"], "interpreter");
    return { kind: "script", text: text(fields, "text"), interpreter };
  }
  throw wrong(`its program is ${JSON.stringify(fields["kind"])}`);
}

function argvOf(value: unknown, what: string): string[] {
  const argv = listOf(value, what, ARGV_MAX).map((item) => {
    if (typeof item !== "string" || item.includes("\0")) throw wrong(`${what} is no list of texts`);
    return item;
  });
  if (argv.length === 0 || argv[0] === "") throw wrong(`${what} names no program`);
  return argv;
}

function envOf(value: unknown): { readonly [name: string]: string } {
  const fields = fieldsOf(value, "env");
  const env: { [name: string]: string } = {};
  for (const [name, content] of Object.entries(fields)) {
    const plain = typeof content === "string" && !content.includes("\0");
    if (!plain || name === "" || /[=\0]/.test(name)) throw wrong(`its env has a bad ${name}`);
    env[name] = content;
  }
  return env;
}

function fileOf(value: unknown): InputFile {
  const fields = fieldsOf(value, "file");
  const path = pathOf(text(fields, "path"));
  const executable = fields["executable"] === true;
  const source = fieldsOf(fields["source"], `source of ${path}`);
  if (source["kind"] === "text") {
    return { path, executable, source: { kind: "text", text: text(source, "text") } };
  }
  if (source["kind"] !== "artifact")
    throw wrong(`the source of ${path} is neither text nor artifact`);
  const digest = digestOf(source["digest"]);
  const sizeBytes = whole(source, "sizeBytes", 0);
  if (source["from"] == null)
    return { path, executable, source: { kind: "artifact", digest, sizeBytes } };
  const from = fieldsOf(source["from"], `origin of ${path}`);
  const origin = { task: text(from, "task"), output: text(from, "output") };
  return { path, executable, source: { kind: "artifact", digest, sizeBytes, from: origin } };
}

function outputOf(value: unknown): OutputSpec {
  const fields = fieldsOf(value, "output");
  const name = text(fields, "name");
  if (fields["kind"] === "file") return { name, kind: "file", path: pathOf(text(fields, "path")) };
  if (fields["kind"] !== "value") throw wrong(`output ${name} is neither a file nor a value`);
  const from = textOrNull(fields, "from");
  if (from !== null) pathOf(from);
  return { name, kind: "value", from, extract: extractOf(fieldsOf(fields["extract"], name), name) };
}

function extractOf(fields: Fields, name: string): (OutputSpec & { kind: "value" })["extract"] {
  switch (fields["kind"]) {
    case "whole":
      return { kind: "whole" };
    case "json":
      return { kind: "json", path: text(fields, "path") };
    case "pattern": {
      const pattern = text(fields, "pattern");
      try {
        new RegExp(pattern, "gm");
      } catch (cause) {
        throw wrong(`the pattern of output ${name} is none: ${(cause as Error).message}`);
      }
      return { kind: "pattern", pattern };
    }
    default:
      throw wrong(`output ${name} is extracted by ${JSON.stringify(fields["kind"])}`);
  }
}

function resourcesOf(value: unknown): Resources {
  const fields = fieldsOf(value, "resources");
  const count = (name: string, least: number): number | null =>
    fields[name] == null ? null : whole(fields, name, least);
  const ranks = count("ranks", 1);
  return {
    cpus: whole(fields, "cpus", 1),
    ...(ranks === null ? {} : { ranks }),
    memoryMb: count("memoryMb", 1),
    gpus: count("gpus", 0) ?? 0,
    nodes: count("nodes", 1),
    walltimeS: count("walltimeS", 1),
    partition: textOrNull(fields, "partition"),
    account: textOrNull(fields, "account"),
    qos: textOrNull(fields, "qos"),
    constraint: textOrNull(fields, "constraint"),
  };
}

/** Relative, forward, and inside: no "..", no empty parts, nothing absolute. */
function pathOf(path: string): string {
  const parts = path.split("/");
  const inside = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!inside || path.includes("\0") || path.length > 4096) {
    throw wrong(`the path ${JSON.stringify(path)} leaves the work directory`);
  }
  return path;
}

function digestOf(value: unknown): string {
  if (typeof value !== "string" || !DIGEST.test(value)) throw wrong("a digest is malformed");
  return value;
}

function listOf(value: unknown, what: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(`its ${what} are no list`);
  if (value.length > max) throw wrong(`it has ${value.length} ${what}, at most ${max} are taken`);
  return value as readonly unknown[];
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(`its ${what} is no object`);
  }
  return value as Fields;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw wrong(`its ${name} is no text`);
  return value;
}

function textOrNull(fields: Fields, name: string): string | null {
  return fields[name] == null ? null : text(fields, name);
}

function whole(fields: Fields, name: string, least: number): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) {
    throw wrong(`its ${name} is no whole number of at least ${least}`);
  }
  return value;
}

function wrong(what: string): Failure {
  return new Failure("INVALID", `an attempt's spec is malformed: ${what}`);
}
