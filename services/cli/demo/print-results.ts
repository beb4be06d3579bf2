// What came out of the demo, for a person: the picture, the values, the receipts, what to try next.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ControlClient } from "../client/control-client.ts";
import { downloadOutputs } from "../client/download-outputs.ts";
import { printLastWords } from "../print/last-words.ts";
import { outputLines } from "../print/run-text.ts";
import type { ShownRun } from "../print/show-run.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";
import type { SavedReceipts } from "./demo-result.ts";
import type { Stage } from "./stage.ts";

/** A result of text up to this size is shown, not only named. */
const SHOWN_BYTES_MAX = 4096;

export async function printResults(
  session: Session,
  stage: Stage,
  client: ControlClient,
  shown: ShownRun,
  receipts: SavedReceipts | null,
): Promise<void> {
  const { printer, terminal } = session;
  const { style } = printer;
  const results = join(stage.folder, "results");
  const files = await downloadOutputs(client, shown.jobs, results, terminal.cwd);
  await printLastWords(session, client, shown.jobs);
  const last = shown.run.state === "succeeded" ? files.at(-1) : undefined;
  const picture =
    last !== undefined && last.sizeBytes <= SHOWN_BYTES_MAX ? textOf(last.target) : null;
  if (picture !== null)
    printer.lines([
      "",
      ...picture
        .trimEnd()
        .split("\n")
        .map((line) => `  ${cleaned(line)}`),
    ]);
  const outputs = outputLines(shown.jobs, style, printer.columns());
  if (outputs.length > 0)
    printer.lines(["", style.bold("Results"), ...outputs.map((line) => `  ${line}`)]);
  if (files.length > 0) printer.line(`  ${style.dim(`files in ${results}`)}`);
  if (receipts !== null) {
    printer.lines(["", style.bold("Receipts")]);
    for (const { of, path } of receipts.files) printer.line(`  ${of.padEnd(10)}  ${path}`);
    const verdict = receipts.verified
      ? `${style.green(style.signs.ok)} all verify, from ${receipts.bundle} alone`
      : `${style.red(style.signs.failed)} ${receipts.problems.map(printable).join("; ")}`;
    printer.line(`  ${verdict}`);
  }
  printer.lines(["", style.bold("Look further")]);
  for (const [command, what] of furtherCommands(stage, receipts)) {
    printer.line(`  ${terminal.invocation} ${command}  ${style.dim(what)}`.trimEnd());
  }
}

function furtherCommands(
  stage: Stage,
  receipts: SavedReceipts | null,
): readonly (readonly [string, string])[] {
  const verify = [`receipt verify ${receipts?.bundle ?? "FILE"}`, ""] as const;
  if (!stage.kept) {
    return [verify, ["demo --keep", "leave the mesh running"], ["up", "a mesh of your own"]];
  }
  return [
    verify,
    [`list --home ${stage.home}`, "what ran"],
    [`why RUN/STEP --home ${stage.home}`, "what its state rests on"],
    [`down --home ${stage.home}`, "end it"],
  ];
}

/** A picture's spaces and signs stay; control characters do not reach the terminal. */
function cleaned(line: string): string {
  return printable(line.replaceAll("\t", "    "));
}

/** Null for what is no UTF-8 text. */
function textOf(path: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch {
    return null;
  }
}
