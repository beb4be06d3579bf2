// `signalbox logs`: a job's output, as it is written with -f. The job's stdout goes to stdout, its
// stderr to stderr, byte for byte.

import type { Command } from "commander";
import { Option } from "commander";
import { Failure } from "#shared/base/errors.ts";
import type { JobId } from "#shared/base/ids.ts";
import { EXIT_INTERRUPTED, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import type { ControlClient } from "../client/control-client.ts";
import { resolveJob } from "../client/job-name.ts";
import { parseWhole } from "../parse-options.ts";
import type { Session } from "../session.ts";

interface LogsOptions {
  readonly follow?: boolean;
  readonly stream?: "stdout" | "stderr";
  readonly attempt?: number;
}

export function logsCommand(app: App): Command {
  return makeCommand("logs", {
    summary: "show a job's output, live with -f",
    details:
      "With --json one object per piece: {stream, text}, or {stream, base64} for bytes that are no text.",
    examples: [
      "signalbox logs k3w5zq2mb7aycd4f/scf",
      "signalbox logs -f k3w5zq2mb7aycd4f/scf",
      "signalbox logs k3w5zq2mb7aycd4f/scf --stream stderr --attempt 1",
    ],
  })
    .argument("<job>", "RUN/TASK, or RUN if it has one task")
    .option("-f, --follow", "go on until the attempt has ended")
    .addOption(new Option("--stream <name>", "only this one").choices(["stdout", "stderr"]))
    .addOption(
      new Option("--attempt <number>", "this attempt (default: the latest)").argParser(
        parseWhole(1, 10_000),
      ),
    )
    .action((id: string, options: LogsOptions, self: Command) =>
      perform(app, self, (session) => logs(session, id, options)),
    );
}

/** How long a scheduler may be away from a reader that follows. */
const AWAY_MS_MAX = 2 * 60_000;
const RETRY_MS = 500;

async function logs(session: Session, id: string, options: LogsOptions): Promise<ExitCode> {
  const client = await session.client();
  const job = await resolveJob(client, id);
  const stop = new AbortController();
  const unlisten = session.terminal.onInterrupt(() => stop.abort());
  try {
    await client.once(() => readLogs(session, job, options, stop.signal));
  } catch (reason) {
    if (!stop.signal.aborted) throw reason;
  } finally {
    unlisten();
  }
  return stop.signal.aborted ? EXIT_INTERRUPTED : 0;
}

/** A broken connection is made again when following: what was printed already is skipped. */
async function readLogs(
  session: Session,
  job: JobId,
  options: LogsOptions,
  signal: AbortSignal,
): Promise<void> {
  const client = await session.client();
  const { namespace } = client.context;
  const printed = new Map<string, number>();
  // Pinned for a second connection: by then a newer attempt may be the latest.
  const first = options.follow === true ? await attemptOf(client, job) : 0;
  let attempt = options.attempt ?? 0;
  let awaySinceMs: number | null = null;
  for (;;) {
    const request = {
      namespace,
      id: job,
      stream: options.stream ?? "",
      follow: options.follow === true,
      attempt,
    };
    const skip = new Map(printed);
    try {
      for await (const piece of client.jobs.readLogs(request, { signal })) {
        awaySinceMs = null;
        const stream = piece.stream ?? "stdout";
        const bytes = piece.data ?? new Uint8Array();
        const skipped = Math.min(skip.get(stream) ?? 0, bytes.length);
        skip.set(stream, (skip.get(stream) ?? 0) - skipped);
        if (bytes.length === skipped) continue;
        printed.set(stream, (printed.get(stream) ?? 0) + bytes.length - skipped);
        await write(session, stream, bytes.subarray(skipped));
      }
      return;
    } catch (reason) {
      const failure = Failure.from(reason);
      awaySinceMs ??= performance.now();
      const tooLong = performance.now() - awaySinceMs > AWAY_MS_MAX;
      const begun = printed.size > 0; // A first contact that fails is an answer.
      if (options.follow !== true || failure.retry === "never" || !begun || tooLong) throw failure;
      attempt = options.attempt ?? Math.max(1, first);
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

async function attemptOf(client: ControlClient, job: JobId): Promise<number> {
  const { namespace } = client.context;
  const answer = await client.again(() => client.jobs.getJob({ namespace, id: job }));
  return answer.job?.attempt ?? 0;
}

async function write(session: Session, stream: string, bytes: Uint8Array): Promise<void> {
  const { printer, terminal } = session;
  if (printer.json) return printer.record({ stream, ...pieceJson(bytes) });
  const target = stream === "stderr" ? terminal.stderr : terminal.stdout;
  if (!target.write(bytes)) await new Promise((resume) => target.once("drain", resume));
}

function pieceJson(bytes: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}
