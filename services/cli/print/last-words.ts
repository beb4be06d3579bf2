// What failed steps said last, shown where a run's failure is shown: the line one would look for
// first.

import type { ControlClient } from "../client/control-client.ts";
import type { JobView } from "../client/run-view.ts";
import type { Session } from "../session.ts";
import { printable } from "./text.ts";

const JOBS_MAX = 3;
const LINES_MAX = 8;
/** Of a longer output the end is not fetched: `signalbox logs` shows it. */
const BYTES_READ_MAX = 4 * 1024 * 1024;
const DEADLINE_MS = 5000;

/** Best effort: a log that cannot be read is no failure of the command. */
export async function printLastWords(
  session: Session,
  client: ControlClient,
  jobs: readonly JobView[],
): Promise<void> {
  const { printer } = session;
  if (printer.json) return;
  const failed = jobs.filter((job) => job.state === "failed" && job.startedAtMs !== null);
  for (const job of failed.slice(0, JOBS_MAX)) {
    const said =
      (await lastLines(client, job, "stderr")) ?? (await lastLines(client, job, "stdout"));
    if (said === null) continue;
    printer.line();
    printer.line(`${printer.style.red(job.task)} ended with:`);
    for (const line of said) printer.line(`  ${printer.style.dim("|")} ${printable(line)}`);
  }
}

/** Null when there is nothing. */
async function lastLines(
  client: ControlClient,
  job: JobView,
  stream: "stdout" | "stderr",
): Promise<readonly string[] | null> {
  const { namespace } = client.context;
  const request = { namespace, id: job.id, stream, follow: false, attempt: job.attempt };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of client.jobs.readLogs(request, { deadlineMs: DEADLINE_MS })) {
      const chunk = piece.data ?? new Uint8Array();
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > BYTES_READ_MAX) return null;
    }
  } catch {
    return null;
  }
  const text = Buffer.concat(chunks).toString("utf8").trimEnd();
  return text === "" ? null : text.split("\n").slice(-LINES_MAX);
}
