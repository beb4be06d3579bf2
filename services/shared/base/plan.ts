// A workflow after compilation: tasks in their one deterministic order, with params filled in and
// references to other tasks kept as parts to be resolved when those have ended. The scheduler
// interprets this; nobody replays user code.

import { Failure } from "./errors.ts";
import type { TaskId } from "./ids.ts";
import type { EndCause, OutputSpec, Resources } from "./job.ts";

/** A text with holes: `["E = ", { task: "scf", output: "energy" }]`. */
export type Template = readonly TemplatePart[];
export type TemplatePart =
  | string
  | {
      readonly task: TaskId;
      readonly output: string;
      /** Set inside a script's text or a shell's -c argument: the value becomes code. */
      readonly plain?: true;
    };

/** What may be put into code: nothing a shell or a language would read as more than a word. */
export const PLAIN_VALUE = /^[A-Za-z0-9_.,:+@%/=-]*$/;

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

/**
 * The text with every hole filled; `valueOf` answers for each reference. Failure INVALID when a
 * value that is no plain word would become code: the task ends as refused, with that message.
 */
export function renderTemplate(
  template: Template,
  valueOf: (task: TaskId, output: string) => string,
): string {
  let text = "";
  for (const part of template) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const value = valueOf(part.task, part.output);
    if (part.plain === true && !PLAIN_VALUE.test(value)) {
      throw new Failure(
        "INVALID",
        `output ${part.output} of ${part.task} would become code: ${JSON.stringify(value.slice(0, 80))}`,
        { hint: "give it to the step by env and use the variable in the script" },
      );
    }
    text += value;
  }
  return text;
}
