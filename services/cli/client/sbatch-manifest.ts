// The manifest that says the same as a Slurm script: what `sbatch` submits, so that the scheduler
// needs to understand manifests alone. compileManifest() of it gives the task that compileSbatch()
// made, member for member; a test holds that.

import assert from "node:assert/strict";
import { DEFAULT_RESOURCES, type Resources } from "#shared/base/job.ts";
import type { Plan, PlanTask, Template } from "#shared/base/plan.ts";

export function sbatchManifest(plan: Plan): object {
  const [task] = plan.tasks;
  assert(task !== undefined && plan.tasks.length === 1, "a script is one task");
  // A workflow's name begins with a letter or digit, a task's id may begin with `_`.
  const name = plan.workflow.replace(/^[_-]+/u, "") || "job";
  return {
    apiVersion: "signalbox/v1",
    kind: "Workflow",
    metadata: { name },
    tasks: [taskOf(task)],
  };
}

function taskOf(task: PlanTask): object {
  const env = Object.fromEntries(task.env.map(({ name, value }) => [name, literal(value)]));
  const files = Object.fromEntries(
    task.files.map(({ path, source, executable }) => {
      assert(source.kind === "template", "a script brings no other files");
      return [path, { text: literal(source.text), executable }];
    }),
  );
  const { program } = task;
  const shared = {
    ...(task.env.length === 0 ? {} : { env }),
    ...(task.files.length === 0 ? {} : { files }),
  };
  const resources = resourcesOf(task.resources);
  return {
    id: task.id,
    ...(program.kind === "script"
      ? {
          uses: "script@1",
          // Its #! line says the interpreter again.
          with: { text: literal(program.text), ...shared },
        }
      : { uses: "exec@1", with: { command: program.argv.map(literal), ...shared } }),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...(task.cluster === null ? {} : { cluster: task.cluster }),
    ...(task.retry.attemptsMax === 1
      ? {}
      : {
          retry: {
            attempts: task.retry.attemptsMax,
            backoff: { first: `${task.retry.firstMs}ms`, max: `${task.retry.maxMs}ms` },
            on: task.retry.on,
          },
        }),
  };
}

function resourcesOf(resources: Resources): { [member: string]: unknown } {
  const { memoryMb, walltimeS, ...rest } = resources;
  const said: { [member: string]: unknown } = {};
  for (const [name, value] of Object.entries(rest)) {
    const usual = DEFAULT_RESOURCES[name as keyof typeof rest];
    if (value !== null && value !== usual) said[name] = value;
  }
  if (memoryMb !== null) said["memory"] = `${memoryMb}MB`;
  if (walltimeS !== null) said["walltime"] = `${walltimeS}s`;
  return said;
}

/** The one text of a template without references, with what would read as one escaped. */
function literal(template: Template): string {
  return template
    .map((part) => {
      assert(typeof part === "string", "a script refers to no other task");
      return escaped(part);
    })
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll("${{", () => "$${{"); // In a plain replacement `$$` would mean one `$`.
}
