// Names of things, as branded strings that only their parser makes.

import { Failure } from "./errors.ts";

declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

export type NamespaceId = Branded<"namespace">;
export type RunId = Branded<"run">;
/** A task's id inside its run. */
export type TaskId = Branded<"task">;
export type ClusterName = Branded<"cluster">;
/** `RUN/TASK`: a job is one task of one run. */
export type JobId = Branded<"job">;
/** Identity of one attempt everywhere outside the scheduler: `RUN-ORDINAL-ATTEMPT`. */
export type AttemptToken = Branded<"attempt">;
export type AgentId = Branded<"agent">;

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const TASK = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})$/;
const RUN = /^[a-z2-7]{16}$/;
const TOKEN = /^[a-z2-7]{16}-\d{1,7}-\d{1,4}$/;

function parse<T extends string>(pattern: RegExp, what: string, rule: string, text: string): T {
  if (!pattern.test(text)) {
    throw new Failure("INVALID", `${JSON.stringify(text)} is no ${what}: ${rule}`);
  }
  return text as T;
}

const NAME_RULE = "lower-case letters, digits and inner dashes, at most 63";

export function parseNamespaceId(text: string): NamespaceId {
  return parse(NAME, "namespace name", NAME_RULE, text);
}
export function parseClusterName(text: string): ClusterName {
  return parse(NAME, "cluster name", NAME_RULE, text);
}
export function parseTaskId(text: string): TaskId {
  return parse(TASK, "task id", "letters, digits, _ and inner dashes, at most 63", text);
}
export function parseRunId(text: string): RunId {
  return parse(RUN, "run id", "16 letters a-z and digits 2-7", text);
}
export function parseAttemptToken(text: string): AttemptToken {
  return parse(TOKEN, "attempt token", "RUN-ORDINAL-ATTEMPT", text);
}

export function jobIdOf(run: RunId, task: TaskId): JobId {
  return `${run}/${task}` as JobId;
}

export function parseJobId(text: string): { readonly run: RunId; readonly task: TaskId } {
  const at = text.indexOf("/");
  if (at < 0) throw new Failure("INVALID", `${JSON.stringify(text)} is no job id: RUN/TASK`);
  return { run: parseRunId(text.slice(0, at)), task: parseTaskId(text.slice(at + 1)) };
}

/** `ordinal` is the task's place in its run's order; `attempt` counts from 1. */
export function attemptTokenOf(run: RunId, ordinal: number, attempt: number): AttemptToken {
  return `${run}-${ordinal}-${attempt}` as AttemptToken;
}
