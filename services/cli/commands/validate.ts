// `signalbox validate`: check manifests offline, with the code the scheduler trusts.

import type { Command } from "commander";
import { parseClusterName } from "#shared/base/ids.ts";
import type { ManifestError, ManifestResult } from "#shared/manifest/compile-manifest.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";
import { paramsOf, withParamOptions, type ParamFlags } from "./submit-options.ts";

const STAGES_SHOWN = 8;
const STAGE_IDS_SHOWN = 4;

/** As --json prints it, one per file. */
interface Verdict {
  readonly file: string;
  readonly valid: boolean;
  readonly workflow: string | null;
  readonly digest: string | null;
  readonly tasks: readonly {
    readonly id: string;
    readonly needs: readonly string[];
    readonly cluster: string | null;
  }[];
  readonly errors: readonly ManifestError[];
  readonly warnings: readonly ManifestError[];
}

export function validateCommand(app: App): Command {
  const command = makeCommand(
    "validate",
    {
      summary: "check manifests without sending anything",
      details:
        "Needs no scheduler. Ends 0 when all are valid and 2 when one is not.\n" +
        "With --json an array with one verdict per file.",
      examples: [
        "signalbox validate workflow.yaml",
        "signalbox validate -p steps=200 examples/*.yaml",
        "signalbox validate workflow.yaml --json | jq '.[0].errors'",
      ],
    },
    "local",
  ).argument("<file...>", "manifests, YAML or JSON; - for standard input");
  return withParamOptions(command).action((files: string[], flags: ParamFlags, self: Command) =>
    perform(app, self, (session) => validate(session, files, flags)),
  );
}

async function validate(
  session: Session,
  files: readonly string[],
  flags: ParamFlags,
): Promise<ExitCode> {
  const { printer, terminal } = session;
  const params = paramsOf(terminal, flags);
  const cluster = flags.cluster === undefined ? null : parseClusterName(flags.cluster);
  const { checkManifest, readManifestSource } = await import("../client/submission.ts");
  const verdicts: Verdict[] = [];
  for (const file of files) {
    const source = await readManifestSource(terminal, file);
    const { result } = await checkManifest(source, { params, cluster });
    const verdict = verdictOf(source.fileName, result);
    verdicts.push(verdict);
    printVerdict(session, verdict);
  }
  printer.document(verdicts);
  return verdicts.every((verdict) => verdict.valid) ? 0 : 2;
}

function verdictOf(file: string, result: ManifestResult): Verdict {
  if (result.plan === undefined) {
    const { errors } = result;
    const nothing = { workflow: null, digest: null, tasks: [], warnings: [] };
    return { file, valid: false, ...nothing, errors };
  }
  const { plan, warnings } = result;
  const tasks = plan.tasks.map(({ id, needs, cluster }) => ({ id, needs, cluster }));
  const { workflow, digest } = plan;
  return { file, valid: true, workflow, digest, tasks, errors: [], warnings };
}

function printVerdict(session: Session, verdict: Verdict): void {
  const { printer } = session;
  const { style } = printer;
  const print = (it: ManifestError, kind: string): void => {
    printer.line(`${it.file}:${it.line}:${it.column}: ${kind}: ${printable(it.message)}`);
    if (it.hint !== "") printer.line(`  ${style.cyan(style.signs.arrow)} ${printable(it.hint)}`);
  };
  for (const it of verdict.warnings) print(it, style.yellow("warning"));
  for (const it of verdict.errors) print(it, style.red("error"));
  if (!verdict.valid) return;
  const steps = verdict.tasks.length === 1 ? "1 step" : `${verdict.tasks.length} steps`;
  const stages = stagesOf(verdict.tasks);
  const more = stages.length > STAGES_SHOWN ? ["…"] : [];
  const shown = [...stages.slice(0, STAGES_SHOWN).map(stageText), ...more];
  const order = shown.join(` ${style.signs.arrow} `);
  const sign = style.green(style.signs.ok);
  printer.line(`${sign} ${verdict.file}: ${printable(verdict.workflow ?? "")}, ${steps}: ${order}`);
}

/** The first stages: ids that could run side by side once those of the stages before are done. */
function stagesOf(tasks: Verdict["tasks"]): string[][] {
  const done = new Set<string>();
  const stages: string[][] = [];
  let left = tasks;
  while (left.length > 0 && stages.length <= STAGES_SHOWN) {
    const ready = left.filter(({ needs }) => needs.every((id) => done.has(id)));
    for (const { id } of ready) done.add(id);
    stages.push(ready.map(({ id }) => id));
    left = left.filter(({ id }) => !done.has(id));
  }
  return stages;
}

function stageText(ids: readonly string[]): string {
  const more = ids.length - STAGE_IDS_SHOWN;
  return ids.slice(0, STAGE_IDS_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
