// `signalbox submit`: hand over a workflow and come back at once.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import type { RunView } from "../client/run-view.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";
import { submissionOptions, withSubmitOptions, type SubmitFlags } from "./submit-options.ts";

export function submitCommand(app: App): Command {
  const command = makeCommand("submit", {
    summary: "submit a workflow and come back at once",
    details:
      "The manifest is checked here first; nothing is sent when it has errors. Files it names are\n" +
      "uploaded by content. When this command ends 0, the run survives anything.",
    examples: [
      "signalbox submit workflow.yaml",
      "signalbox submit workflow.yaml -p steps=200 --cluster hpc --label project=si",
      "signalbox submit workflow.yaml --key nightly-2026-11-21   # safe to repeat",
      "generate | signalbox submit - --json | jq -r .run.id",
    ],
  }).argument("<file>", "manifest, YAML or JSON; - for standard input");
  return withSubmitOptions(command).action((file: string, flags: SubmitFlags, self: Command) =>
    perform(app, self, (session) => submit(session, file, flags)),
  );
}

async function submit(session: Session, file: string, flags: SubmitFlags): Promise<ExitCode> {
  const { printer, terminal } = session;
  const submitted = await submitFile(session, file, flags);
  printer.document(submitted);
  printer.line(submitted.run.id);
  if (submitted.existed) printer.note("an earlier submission with this key made it");
  printer.note(`watch it: ${terminal.invocation} watch ${submitted.run.id}`);
  return 0;
}

/** Checks, uploads and submits; warnings of the manifest are printed. */
export async function submitFile(
  session: Session,
  file: string,
  flags: SubmitFlags,
): Promise<{ readonly run: RunView; readonly existed: boolean }> {
  const options = submissionOptions(session.terminal, flags);
  const { checkManifest, readManifestSource, refuseErrors, submitManifest } =
    await import("../client/submission.ts");
  const checked = await checkManifest(await readManifestSource(session.terminal, file), options);
  refuseErrors(checked);
  for (const it of checked.result.plan === undefined ? [] : checked.result.warnings) {
    session.printer.warn(`${it.file}:${it.line}:${it.column}: ${printable(it.message)}`);
  }
  return submitManifest(await session.client(), checked, options);
}
