// A user's Slurm script, unchanged, as a plan of one task. Its #SBATCH lines say what it asks for;
// the script itself runs by its own #! line, and to every other cluster those lines are comments.

import { digestOf } from "./compile-manifest.ts";
import type { ManifestError, ManifestResult } from "./compile-manifest.ts";
import { interpreterLine } from "./compile-task.ts";
import type { TaskId } from "../base/ids.ts";
import type { Plan, PlanTask } from "../base/plan.ts";
import { pathProblem } from "./paths.ts";
import { parseSbatchDirectives } from "./sbatch-directives.ts";
import type { SbatchProblem } from "./sbatch-directives.ts";
import { REQUEUE_ATTEMPTS, sbatchRequest } from "./sbatch-resources.ts";
import { MANIFEST_BYTES_MAX } from "./source.ts";

export interface SbatchInput {
  readonly text: string;
  /** The script's name: shown in errors, and the job's name where it gives none. */
  readonly fileName: string;
  /** The script's arguments. */
  readonly args?: readonly string[];
  /** The cluster, where the script names none. */
  readonly cluster?: string | null;
}

export function compileSbatch(input: SbatchInput): ManifestResult {
  const { text, fileName, args = [] } = input;
  const lastName = fileName.slice(fileName.lastIndexOf("/") + 1);
  const baseName = pathProblem(lastName) === undefined ? lastName : "script";
  const interpreter = interpreterLine(text);
  const refused = scriptProblem(text, interpreter, args);
  if (refused !== undefined) return { errors: [located(fileName, refused)] };

  const directives = parseSbatchDirectives(text);
  const request = sbatchRequest(directives.options);
  const problems = [...directives.problems, ...request.problems];
  if (problems.length > 0)
    return { errors: inOrder(problems).map((one) => located(fileName, one)) };

  const jobName = request.jobName ?? baseName;
  const name = taskName(jobName);
  const staged = `./${baseName}`;
  const task: PlanTask = {
    id: name as TaskId,
    ordinal: 0,
    needs: [],
    // An interpreter is given the script's path and nothing after it, so arguments need a command.
    program:
      args.length === 0
        ? { kind: "script", text: [text], interpreter: interpreter as readonly string[] }
        : { kind: "exec", argv: [...(interpreter ?? []), staged, ...args].map((word) => [word]) },
    env: request.env.map(({ name: variable, value }) => ({ name: variable, value: [value] })),
    stdin: null,
    files:
      args.length === 0
        ? []
        : [{ path: baseName, source: { kind: "template", text: [text] }, executable: true }],
    outputs: [],
    resources: request.resources,
    cluster: request.cluster ?? input.cluster ?? null,
    retry: {
      attemptsMax: request.retryOn === null ? 1 : REQUEUE_ATTEMPTS,
      firstMs: 1000,
      maxMs: 300_000,
      on: request.retryOn ?? [],
    },
    timeoutMs: null,
    priority: 0,
  };
  const plan: Plan = {
    irVersion: 1,
    workflow: name,
    digest: digestOf({ sbatch: text, args, name, cluster: task.cluster }),
    params: {},
    tasks: [task],
  };
  const warnings = inOrder([...directives.ignored, ...request.warnings]);
  return { plan, labels: {}, warnings: warnings.map((one) => located(fileName, one)) };
}

/** Slurm takes any text for a job's name; a task's id is what every queue takes. */
function taskName(jobName: string): string {
  const name = jobName.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return name.slice(0, 63) || "job";
}

/** What sbatch itself would refuse, or no argv could carry. */
function scriptProblem(
  text: string,
  interpreter: readonly string[] | undefined,
  args: readonly string[],
): SbatchProblem | undefined {
  const at = (line: number, message: string, hint: string) => ({ line, column: 1, message, hint });
  if (Buffer.byteLength(text) > MANIFEST_BYTES_MAX) {
    return at(
      1,
      `the script is larger than ${MANIFEST_BYTES_MAX} bytes`,
      "give large input as files",
    );
  }
  if (interpreter === undefined) {
    return at(1, "this does not look like a batch script", "begin with a line like #!/bin/sh");
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    return at(text.slice(0, nul).split("\n").length, "a NUL in the script", "remove it");
  }
  const crlf = text.indexOf("\r\n");
  if (crlf >= 0) {
    const line = text.slice(0, crlf).split("\n").length;
    return at(line, "the script has DOS line ends", "convert it: sed -i 's/\\r$//' FILE");
  }
  if (args.some((word) => word.includes("\0"))) {
    return at(1, "a NUL in an argument", "remove it");
  }
  return undefined;
}

function inOrder(problems: readonly SbatchProblem[]): SbatchProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function located(file: string, problem: SbatchProblem): ManifestError {
  const { line, column, message, hint } = problem;
  return { file, line, column, path: "", message, hint };
}
