// `signalbox sbatch`: a user's Slurm script, unchanged, on any cluster here.

import { basename } from "node:path";
import type { Command } from "commander";
import { parseClusterName } from "#shared/base/ids.ts";
import type { ManifestResult } from "#shared/manifest/compile-manifest.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { jobsOfRun, parseRunName } from "../client/job-name.ts";
import { printLastWords } from "../print/last-words.ts";
import { showRun } from "../print/show-run.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";
import { exitOf, leftRunning } from "./watch.ts";

interface SbatchOptions {
  readonly wait?: boolean;
  readonly cluster?: string;
  readonly key?: string;
  readonly testOnly?: boolean;
}

export function sbatchCommand(app: App): Command {
  return makeCommand("sbatch", {
    summary: "submit a Slurm script as it stands",
    details:
      "The script's #SBATCH lines are understood, or refused by name with a way out; nothing is sent\n" +
      "then. Prints `Submitted batch job RUN/TASK`. Options go before FILE, what follows it are the\n" +
      "script's arguments. With --wait the command ends 0 when the job succeeded, 1 when it did not.\n" +
      "The job starts in an empty work directory of its own, not in this folder (SLURM_SUBMIT_DIR is\n" +
      "that too): name input files by absolute paths.",
    examples: [
      "signalbox sbatch job.sh",
      "signalbox sbatch --wait --cluster hpc job.sh input.in 300",
      "signalbox sbatch --test-only job.sh      # what would be submitted, offline",
      "job=$(signalbox sbatch job.sh --json | jq -r .job)",
    ],
  })
    .argument("<file>", "the script; - for standard input")
    .argument("[args...]", "its arguments")
    .option("--wait", "wait for its end")
    .option("--cluster <name>", "where it runs, if the script does not say")
    .option("--key <key>", "idempotency key: the same key and content give the same run")
    .option("--test-only", "check the script and print the workflow it comes to; send nothing")
    .passThroughOptions()
    .action((file: string, args: string[], options: SbatchOptions, self: Command) =>
      perform(app, self, (session) => sbatch(session, file, args, options)),
    );
}

async function sbatch(
  session: Session,
  file: string,
  args: readonly string[],
  options: SbatchOptions,
): Promise<ExitCode> {
  const { printer, terminal } = session;
  const { checkManifest, manifestFailure, readManifestSource, submitManifest } =
    await import("../client/submission.ts");
  const { sbatchManifest } = await import("../client/sbatch-manifest.ts");
  const { compileSbatch } = await import("#shared/manifest/sbatch-script.ts");
  const source = await readManifestSource(terminal, file);
  const cluster = options.cluster === undefined ? null : parseClusterName(options.cluster);
  const fileName = file === "-" ? "stdin" : basename(file);
  const compiled: ManifestResult = compileSbatch({ text: source.text, fileName, args, cluster });
  if (compiled.errors !== undefined) throw manifestFailure(file, compiled.errors);
  for (const it of compiled.warnings) {
    printer.warn(`${file}:${it.line}: ${printable(it.message)}: ${printable(it.hint)}`);
  }
  const manifest = sbatchManifest(compiled.plan);
  if (options.testOnly === true) {
    printer.document(manifest);
    printer.line(JSON.stringify(manifest, null, 2));
    return 0;
  }
  const text = JSON.stringify(manifest);
  const submission = { params: {}, labels: {}, cluster: null, key: options.key ?? null };
  const named = { text, fileName: `${fileName}.json`, directory: source.directory };
  const checked = await checkManifest(named, submission);
  const client = await session.client();
  const { run } = await submitManifest(client, checked, submission);
  const job = `${run.id}/${compiled.plan.tasks[0]?.id ?? ""}`;
  if (options.wait !== true) {
    printer.document({ job, run });
    printer.line(`Submitted batch job ${job}`);
    noteWorkDirectory(session, source.text);
    return 0;
  }
  printer.line(`Submitted batch job ${job}`);
  noteWorkDirectory(session, source.text);
  const shown = await showRun(session, client, run.id, "progress");
  if (shown.interrupted) return leftRunning(session, run.id);
  const [ended] = await jobsOfRun(client, parseRunName(run.id));
  printer.document({ job, run: shown.run, jobs: ended === undefined ? [] : [ended] });
  await printLastWords(session, client, shown.jobs);
  return exitOf(shown.run);
}

/** What `sbatch` does otherwise, said unless the script goes to a folder by itself. */
function noteWorkDirectory(session: Session, script: string): void {
  if (/^\s*cd\s+["']?[/~]/mu.test(script)) return;
  session.printer.note("it starts in a work directory of its own: files by absolute paths");
}
