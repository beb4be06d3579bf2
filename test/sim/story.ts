// What users want in one world: runs of small graphs of tasks, and what each attempt's program will
// do when it runs. All of it follows from the seed.

import { fnv1a } from "#shared/base/hash.ts";
import type { TaskId } from "#shared/base/ids.ts";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import type { Random } from "#shared/base/prng.ts";
import type { SeenRun } from "./observed.ts";

export interface StoryRun {
  readonly id: string;
  readonly tasks: readonly PlanTask[];
  readonly seen: SeenRun;
  readonly submitAtMs: number;
  /** When somebody cancels all of it, or one task; null for never. */
  readonly cancel: { readonly atMs: number; readonly task: string | null } | null;
  /** Whether somebody asks for another try when it has failed. */
  readonly retry: boolean;
}

export interface Behaviour {
  readonly durationMs: number;
  readonly exitCode: number;
}

export const NAMESPACE = "lab";
export const CLUSTER = "alpha";
/** A cluster nobody added. */
const NO_CLUSTER = "moon";
/** In some worlds tasks are so large that one commit takes several records. */
const BULKY_CHANCE = 0.06;
const BULK_BYTES = 90_000;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

export class Story {
  readonly runs: readonly StoryRun[];
  readonly #seed: number;
  readonly #exits: number;
  readonly #durationMsMax: number;

  constructor(seed: number, random: Random) {
    this.#seed = seed;
    this.#exits = random.next() < 0.3 ? 0 : random.next() * 0.4;
    this.#durationMsMax = random.next() < 0.5 ? 5_000 : 120_000;
    const runs = 1 + randomInt(random, 3);
    const bulk = random.next() < BULKY_CHANCE ? "x".repeat(BULK_BYTES) : null;
    this.runs = Array.from({ length: runs }, (_, n) => storyRun(n, bulk, random));
  }

  /** What the program of one attempt does; the same each time it is asked. */
  behaviourOf(token: string): Behaviour {
    const random = seededRandom(this.#seed ^ fnv1a(token));
    const exitCode = random.next() < this.#exits ? 1 + randomInt(random, 5) : 0;
    return { durationMs: 1 + randomInt(random, this.#durationMsMax), exitCode };
  }
}

/** What a task says when it has succeeded, whichever attempt it was. */
export function outputOf(run: string, task: string): string {
  return `${task}-of-${run.slice(0, 4)}`;
}

function storyRun(n: number, bulk: string | null, random: Random): StoryRun {
  const id = Array.from({ length: 16 }, () => ALPHABET[randomInt(random, 32)]).join("");
  const width = 1 + randomInt(random, 6);
  const tasks = Array.from({ length: width }, (_, ordinal) => planTask(ordinal, bulk, random));
  const submitAtMs = n === 0 ? 0 : randomInt(random, 60_000);
  const cancels = random.next() < 0.25;
  const one = random.next() < 0.5 ? null : `t${randomInt(random, width)}`;
  const cancel = cancels ? { atMs: submitAtMs + randomInt(random, 90_000), task: one } : null;
  const seen = {
    id,
    tasks: tasks.map((task) => ({
      id: task.id,
      ordinal: task.ordinal,
      needs: task.needs,
      argv: ["work", task.id, ...task.needs.map((need) => outputOf(id, need))],
      timeoutMs: task.timeoutMs,
      placeable: task.cluster !== NO_CLUSTER,
    })),
  };
  return { id, tasks, seen, submitAtMs, cancel, retry: random.next() < 0.3 };
}

function planTask(ordinal: number, bulk: string | null, random: Random): PlanTask {
  const id = `t${ordinal}` as TaskId;
  const needs: TaskId[] = [];
  for (let before = 0; before < ordinal; before++) {
    if (needs.length < 3 && random.next() < 0.35) needs.push(`t${before}` as TaskId);
  }
  return {
    id,
    ordinal,
    needs,
    program: {
      kind: "exec",
      argv: [["work"], [id], ...needs.map((task) => [{ task, output: "word" }])],
    },
    env: bulk === null ? [] : [{ name: "BULK", value: [bulk] }],
    stdin: null,
    files: [],
    outputs: [{ name: "word", kind: "value", from: null, extract: { kind: "whole" } }],
    resources: DEFAULT_RESOURCES,
    cluster: random.next() < 0.02 ? NO_CLUSTER : CLUSTER,
    retry: {
      attemptsMax: 1 + randomInt(random, 3),
      firstMs: 100,
      maxMs: 20_000,
      on:
        random.next() < 0.5
          ? ["failed", "node_fail"]
          : ["failed", "node_fail", "timeout", "unknown_outcome"],
    },
    timeoutMs: random.next() < 0.2 ? 1_000 + randomInt(random, 60_000) : null,
    priority: randomInt(random, 3) - 1,
  };
}
