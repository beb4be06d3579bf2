// A manifest, as written, to the plan the scheduler interprets; or to everything wrong with it,
// each with its line, column and advice. Pure: it reads no file and no clock, so the command line
// checks offline with the same code that the scheduler trusts.
//
//   M1. The plan and its digest are functions of the manifest's content, its params and its files:
//       comments, the order of keys and YAML against JSON change neither.
//   M2. The order of tasks is topological, and by (depth, place in the manifest) among the free.
//   M3. Nothing is returned half done: a plan, or errors.

import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Plan, PlanTask } from "../base/plan.ts";
import type { FileSources } from "./compile-task.ts";
import { compileTask } from "./compile-task.ts";
import type { ManifestError, Path } from "./manifest-errors.ts";
import { Findings, locateFindings } from "./manifest-errors.ts";
import { resolveParams } from "./params.ts";
import type { RawManifest } from "./raw-manifest.ts";
import { checkSchema } from "./schema-check.ts";
import { CLUSTER_PATTERN } from "./schema.ts";
import type { Source } from "./source.ts";
import { parseSource } from "./source.ts";
import { orderOf } from "./task-order.ts";
import type { Needs, Scope } from "./templates.ts";

export type { ManifestError } from "./manifest-errors.ts";

export interface FileDigest {
  /** `sha256:HEX`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface ManifestInput {
  /** YAML or JSON, at most MANIFEST_BYTES_MAX bytes. */
  readonly text: string;
  /** The name to show in errors. */
  readonly fileName: string;
  /** Values of params: JSON values, or texts that say one. */
  readonly params?: { readonly [name: string]: unknown };
  /**
   * The local files the manifest refers to (manifestFiles lists them), by path as written. A file
   * that is not here is missing.
   */
  readonly fileDigests?: { readonly [path: string]: FileDigest };
  /** The cluster of tasks that name none. */
  readonly cluster?: string | null;
}

export type ManifestResult =
  | {
      readonly plan: Plan;
      readonly labels: { readonly [name: string]: string };
      readonly warnings: readonly ManifestError[];
      readonly errors?: never;
    }
  | { readonly errors: readonly ManifestError[]; readonly plan?: never };

export function compileManifest(input: ManifestInput): ManifestResult {
  const read = readManifest(input);
  if ("errors" in read) return read;
  const { manifest, source, scope } = read;
  const { findings } = scope;
  const cluster = input.cluster ?? null;
  if (cluster !== null && !new RegExp(CLUSTER_PATTERN).test(cluster)) {
    const hint = "lower-case letters, digits and inner dashes, at most 63";
    findings.error([], `${JSON.stringify(cluster)} is no cluster's name`, hint);
  }
  const sources: FileSources = { digests: input.fileDigests ?? {}, used: new Map() };
  const needs: Needs[] = manifest.tasks.map(() => new Map());
  const drafts = manifest.tasks.map((task, place) =>
    compileTask(scope, needs[place] as Needs, sources, task, ["tasks", place], cluster),
  );
  const order = orderTasks(manifest, needs, findings);
  if (findings.errors.length > 0) return { errors: located(findings.errors, input, source) };

  const ordinals = new Map(order.map((place, ordinal) => [place, ordinal]));
  const tasks = order.map((place, ordinal): PlanTask => {
    const before = [...(needs[place] as Needs).keys()].sort(
      (a, b) => (ordinals.get(a) as number) - (ordinals.get(b) as number),
    );
    const draft = drafts[place] as (typeof drafts)[number];
    const ids = before.map((need) => (drafts[need] as typeof draft).id);
    return { ...draft, ordinal, needs: ids };
  });
  warnOfUnusedParams(scope);
  const { params } = scope;
  const plan: Plan = {
    irVersion: 1,
    workflow: manifest.metadata.name,
    digest: digestOf({ manifest, params, files: Object.fromEntries(sources.used), cluster }),
    params,
    tasks,
  };
  const warnings = located(findings.warnings, input, source);
  return { plan, labels: manifest.metadata.labels ?? {}, warnings };
}

interface ReadManifest {
  readonly manifest: RawManifest;
  readonly source: Source;
  readonly scope: Scope;
}

/** The manifest parsed, accepted by the schema, with its params resolved and its ids unique. */
export function readManifest(
  input: Pick<ManifestInput, "text" | "fileName" | "params">,
): ReadManifest | { readonly errors: readonly ManifestError[] } {
  const parsed = parseSource(input.text, input.fileName);
  if ("errors" in parsed) return parsed;
  const { source } = parsed;
  const findings = new Findings();
  if (!checkSchema(source.value, findings)) {
    return { errors: located(findings.errors, input, source) };
  }
  const manifest = source.value as RawManifest;
  const params = resolveParams(manifest.params ?? {}, input.params ?? {}, findings);
  const places = new Map<string, number>();
  for (const [place, { id }] of manifest.tasks.entries()) {
    const first = places.get(id);
    if (first === undefined) places.set(id, place);
    else {
      const { line } = source.locate(["tasks", first, "id"], "value");
      const hint = `ids are unique in a manifest: the first one is at line ${line}`;
      findings.error(["tasks", place, "id"], `there are two tasks ${JSON.stringify(id)}`, hint);
    }
  }
  const scope = {
    manifest,
    params,
    paramsUsed: new Set<string>(),
    places,
    findings,
    characters: 0,
  };
  return { manifest, source, scope };
}

function orderTasks(
  manifest: RawManifest,
  needs: readonly Needs[],
  findings: Findings,
): readonly number[] {
  const result = orderOf(needs.map((edges) => [...edges.keys()]));
  if (result.kind === "order") return result.order;
  const [first, second = first] = result.cycle as readonly [number, ...number[]];
  const names = [...result.cycle, first].map((place) => manifest.tasks[place]?.id ?? "?");
  const at: Path = needs[first]?.get(second) ?? ["tasks", first];
  const shown = names.length > 12 ? [...names.slice(0, 10), "…", names.at(-1)] : names;
  const message = `tasks wait for each other: ${shown.join(" → ")}`;
  const hint =
    first === second
      ? `${names[0]} cannot need itself: refer to another task`
      : `read → as "needs": remove one of these needs or references`;
  findings.error(at, message, hint);
  return [];
}

function warnOfUnusedParams(scope: Scope): void {
  for (const name of Object.keys(scope.manifest.params ?? {})) {
    if (scope.paramsUsed.has(name)) continue;
    const hint = `refer to it as \${{ params.${name} }}, or remove it`;
    scope.findings.warn(
      ["params", name],
      `param ${JSON.stringify(name)} is never used`,
      hint,
      "key",
    );
  }
}

function located(
  findings: Findings["errors"],
  input: Pick<ManifestInput, "fileName">,
  source: Source,
): ManifestError[] {
  return locateFindings(findings, input.fileName, source.locate);
}

/** `sha256:HEX` of the canonical JSON. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash("sha256").update(canonicalJson(value)).digest("hex")}`;
}
