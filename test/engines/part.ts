// One program of somebody else's that is tried against ours: what it is called, how it is had, what
// is run; and what came of it.

export const GROUPS = ["clients", "load", "servers"] as const;
export type Group = (typeof GROUPS)[number];

export interface Part {
  readonly name: string;
  readonly group: Group;
  /** Got when it is not here only if it is asked for by its own name. */
  readonly isAskedFor: boolean;
  /** What is needed, got unless it is here. Throws NotHad. */
  readonly provide: (mayGet: boolean) => Promise<Provided>;
}

export interface Provided {
  /** Of the other side's program. */
  readonly version: string;
  /** Null when all went well; else what did not. */
  readonly run: () => Promise<string | null>;
}

/** It is not here and was not got: why, and what to do. */
export class NotHad extends Error {}

export type Outcome =
  | { readonly kind: "passed"; readonly version: string }
  | { readonly kind: "failed"; readonly version: string; readonly reason: string }
  | { readonly kind: "skipped"; readonly reason: string };

export interface Result {
  readonly part: Part;
  readonly seconds: number;
  readonly outcome: Outcome;
}

/** Without names all; a group's name stands for its parts. Throws for a name that is neither. */
export function choose(parts: readonly Part[], names: readonly string[]): Part[] {
  const known = new Set([...GROUPS, ...parts.map(({ name }) => name)]);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: no such part or group`);
  if (names.length === 0) return [...parts];
  return parts.filter(({ name, group }) => names.includes(name) || names.includes(group));
}

/** Gets it, runs it, and never throws: whatever goes wrong is its outcome. */
export async function tryPart(part: Part, names: readonly string[]): Promise<Outcome> {
  let version = "";
  try {
    const provided = await part.provide(!part.isAskedFor || names.includes(part.name));
    version = provided.version;
    const reason = await provided.run();
    return reason === null ? { kind: "passed", version } : { kind: "failed", version, reason };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof NotHad) return { kind: "skipped", reason: message };
    return { kind: "failed", version, reason: message };
  }
}

/** 1: something failed; 3: nothing did, but what was asked for by name was not tried; else 0. */
export function exitCodeOf(results: readonly Result[], names: readonly string[]): number {
  if (results.some(({ outcome }) => outcome.kind === "failed")) return 1;
  const isMissed = ({ part, outcome }: Result): boolean =>
    outcome.kind === "skipped" && names.includes(part.name);
  return results.some(isMissed) || results.every(({ outcome }) => outcome.kind === "skipped")
    ? 3
    : 0;
}

/** A line each, and the counts. */
export function summaryOf(results: readonly Result[]): string {
  const lines = results.map(({ part, seconds, outcome }) => {
    const said = outcome.kind === "skipped" ? "" : `  ${outcome.version}`;
    const why = outcome.kind === "passed" ? [] : [`\n         ${inShort(outcome.reason)}`];
    const time = `${String(seconds).padStart(5)} s`;
    return [`${outcome.kind.padEnd(8)} ${part.name.padEnd(13)}${time}${said}`, ...why].join("");
  });
  const count = (kind: Outcome["kind"]): number =>
    results.filter(({ outcome }) => outcome.kind === kind).length;
  const counts = `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
  return [...lines, counts].join("\n");
}

/** What it is about, and the last that was said. */
function inShort(reason: string): string {
  const lines = reason.split("\n");
  return [...new Set([lines[0], lines.at(-1)])].map((line) => line?.trim()).join(" … ");
}
