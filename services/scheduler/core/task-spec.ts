// A task of the plan with every reference filled in: what its job will run.

import assert from "node:assert/strict";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptSpec, InputFile, OutputValue } from "#shared/base/job.ts";
import { type PlanTask, type Template, renderTemplate } from "#shared/base/plan.ts";
import type { RunState } from "./state.ts";

/** As JSON: an event with a spec in it must fit a record of the log. */
const SPEC_BYTES_MAX = 240 * 1024;

/**
 * Everything of an attempt's spec but its token and number. The tasks it needs have succeeded.
 * Failure INVALID when it is larger than SPEC_BYTES_MAX with what they brought.
 */
export function jobSpecOf(run: RunState, task: PlanTask): Omit<AttemptSpec, "token" | "attempt"> {
  let room = SPEC_BYTES_MAX;
  const render = (template: Template): string =>
    renderTemplate(template, (id, name) => {
      const output = outputOf(run, id, name);
      assert(output.kind === "value", `${id}.${name} is a file, not a value`);
      room -= output.value.length; // Before it is put together: a text may name a value often.
      if (room < 0) throw tooLarge(task);
      return output.value;
    });
  const { program } = task;
  const spec = {
    name: task.id,
    namespace: run.meta.namespace,
    run: run.meta.id,
    task: task.id,
    program:
      program.kind === "exec"
        ? { kind: "exec", argv: program.argv.map(render) }
        : { kind: "script", text: render(program.text), interpreter: program.interpreter },
    env: Object.fromEntries(task.env.map(({ name, value }) => [name, render(value)])),
    stdin: task.stdin === null ? null : render(task.stdin),
    files: task.files.map((file): InputFile => {
      const { path, source, executable } = file;
      if (source.kind === "template") {
        return { path, source: { kind: "text", text: render(source.text) }, executable };
      }
      if (source.kind === "artifact") return { path, source, executable };
      const output = outputOf(run, source.task, source.output);
      assert(output.kind === "file", `${source.task}.${source.output} is a value, not a file`);
      const { digest, sizeBytes } = output;
      const from = { task: source.task, output: source.output };
      return { path, source: { kind: "artifact", digest, sizeBytes, from }, executable };
    }),
    outputs: task.outputs,
    resources: task.resources,
    timeoutMs: task.timeoutMs,
    needsReceipts: task.needs.flatMap((need) => receiptDigestOf(run, need) ?? []),
    traceparent: run.meta.traceparent,
  } satisfies Omit<AttemptSpec, "token" | "attempt">;
  if (Buffer.byteLength(JSON.stringify(spec)) > SPEC_BYTES_MAX) throw tooLarge(task);
  return spec;
}

function tooLarge(task: PlanTask): Failure {
  return new Failure(
    "INVALID",
    `task ${task.id} has more than ${SPEC_BYTES_MAX} bytes with its values: pass large ones as files`,
  );
}

function outputOf(run: RunState, task: string, name: string): OutputValue {
  const progress = run.progress[run.ordinals.get(task) ?? -1];
  assert(progress?.kind === "ended" && progress.end === "succeeded", `${task} has no outputs yet`);
  const output = progress.outputs.find((each) => each.name === name);
  assert(output !== undefined, `task ${task} succeeded without its output ${name}`);
  return output;
}

function receiptDigestOf(run: RunState, task: string): string | null {
  const progress = run.progress[run.ordinals.get(task) ?? -1];
  assert(progress?.kind === "ended", `${task} has not ended`);
  return progress.receiptDigest;
}
