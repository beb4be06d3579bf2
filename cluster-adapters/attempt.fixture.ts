// Attempts for tests: a spec with sane defaults, and its job directory made as an agent makes it.

import { randomBytes } from "node:crypto";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { AttemptSpec } from "#shared/base/job.ts";
import { parseAttemptToken } from "#shared/base/ids.ts";
import type { Dialect, JobFiles } from "./adapter.ts";
import { supervisorScript } from "./supervisor.ts";
import type { Transport } from "./transport.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** A run id nobody else has. */
function freshRun(): string {
  return Array.from(randomBytes(16), (byte) => LETTERS[byte % 32]).join("");
}

export function attemptSpec(changed: Partial<AttemptSpec> = {}): AttemptSpec {
  const run = freshRun();
  return {
    token: parseAttemptToken(`${run}-0-1`),
    name: "relax",
    namespace: "default",
    run,
    task: "relax",
    attempt: 1,
    program: { kind: "exec", argv: ["true"] },
    env: {},
    stdin: null,
    files: [],
    outputs: [],
    resources: DEFAULT_RESOURCES,
    timeoutMs: null,
    needsReceipts: [],
    traceparent: null,
    ...changed,
  };
}

/** Prepared beside and published by one fenced rename. */
export async function publishJob(
  transport: Transport,
  root: string,
  spec: AttemptSpec,
  dialect: Pick<Dialect, "directives" | "heartbeatS"> = { directives: () => [], heartbeatS: 0 },
): Promise<JobFiles> {
  const files: JobFiles = {
    directory: `${root}/jobs/${spec.token}`,
    queueName: `${spec.name}-${spec.token}`,
  };
  const beside = `${root}/tmp/${spec.token}`;
  await transport.makeDirectory(`${beside}/work`);
  await transport.makeDirectory(`${root}/jobs`);
  const script = supervisorScript(spec, files, {
    directives: dialect.directives(spec, files),
    heartbeatS: dialect.heartbeatS,
  });
  await transport.writeFile(`${beside}/job.sh`, script, 0o755);
  if (spec.stdin !== null) await transport.writeFile(`${beside}/stdin`, spec.stdin);
  if (spec.program.kind === "script") {
    await transport.writeFile(`${beside}/script`, spec.program.text, 0o755);
  }
  await transport.renameNew(beside, files.directory);
  return files;
}
