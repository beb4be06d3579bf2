// A workflow after compilation: tasks in their one deterministic order, with params filled in and
// references to other tasks kept as parts to be resolved when those have ended. The scheduler
// interprets this; nobody replays user code.

import type { TaskId } from "./ids.ts";
import type { EndCause, OutputSpec, Resources } from "./job.ts";

/** A text with holes: `["E = ", { task: "scf", output: "energy" }]`. */
export type Template = readonly TemplatePart[];
export type TemplatePart = string | { readonly task: TaskId; readonly output: string };

export interface PlanFile {
  readonly path: string;
  readonly source:
    | { readonly kind: "template"; readonly text: Template }
    | { readonly kind: "artifact"; readonly digest: string; readonly sizeBytes: number }
    /** A file output of an earlier task. */
    | { readonly kind: "output"; readonly task: TaskId; readonly output: string };
  readonly executable: boolean;
}

export interface RetryPolicy {
  /** Attempts in all, 1 for no retry. */
  readonly attemptsMax: number;
  readonly firstMs: number;
  readonly maxMs: number;
  readonly on: readonly EndCause[];
}

export interface PlanTask {
  readonly id: TaskId;
  /** Place in the run's order: Kahn's algorithm, ties by (depth, place in the manifest). */
  readonly ordinal: number;
  /** Explicit `needs` and every task referred to, each once, by ordinal. */
  readonly needs: readonly TaskId[];
  readonly program:
    | { readonly kind: "exec"; readonly argv: readonly Template[] }
    | { readonly kind: "script"; readonly text: Template; readonly interpreter: readonly string[] };
  readonly env: readonly { readonly name: string; readonly value: Template }[];
  readonly stdin: Template | null;
  readonly files: readonly PlanFile[];
  readonly outputs: readonly OutputSpec[];
  readonly resources: Resources;
  /** `null` lets the scheduler choose (the namespace's default cluster). */
  readonly cluster: string | null;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | null;
  readonly priority: number;
}

export interface Plan {
  readonly irVersion: 1;
  /** The workflow's name from `metadata.name`. */
  readonly workflow: string;
  /** `sha256:HEX` of the canonical manifest with its params. */
  readonly digest: string;
  readonly params: { readonly [name: string]: string | number | boolean };
  readonly tasks: readonly PlanTask[];
}

/** The text with every hole filled; `valueOf` answers for each reference. */
export function renderTemplate(
  template: Template,
  valueOf: (task: TaskId, output: string) => string,
): string {
  let text = "";
  for (const part of template) {
    text += typeof part === "string" ? part : valueOf(part.task, part.output);
  }
  return text;
}
