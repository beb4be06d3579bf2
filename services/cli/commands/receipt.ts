// `signalbox receipt`: fetch a run's receipts, and verify them with nothing of the mesh at hand.

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import type { Verdict } from "#shared/receipt/verify-bundle.ts";
import { collect, makeCommand, makeGroup, perform, type App, type ExitCode } from "../command.ts";
import { parseRunName } from "../client/job-name.ts";
import { factLines } from "../print/run-text.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";

interface GetOptions {
  readonly out?: string;
}

interface VerifyOptions {
  readonly trust?: readonly string[];
}

export function receiptCommand(app: App): Command {
  return makeGroup(
    "receipt",
    {
      summary: "fetch and verify a run's signed receipts",
      details:
        "Every finished step has a receipt signed by the agent that ran it, every run one over them,\nsigned by the scheduler. A bundle holds them all and verifies offline.",
      examples: [
        "signalbox receipt get k3w5zq2mb7aycd4f --out run.receipts.json",
        "signalbox receipt verify run.receipts.json",
      ],
    },
    [getCommand(app), verifyCommand(app)],
  );
}

function getCommand(app: App): Command {
  return makeCommand("get", {
    summary: "fetch a run's receipts as one bundle",
    examples: [
      "signalbox receipt get k3w5zq2mb7aycd4f --out run.receipts.json",
      "signalbox receipt get k3w5zq2mb7aycd4f > run.receipts.json",
    ],
  })
    .argument("<run>", "RUN")
    .option("-o, --out <file>", "write the bundle there instead of to stdout")
    .action((id: string, options: GetOptions, self: Command) =>
      perform(app, self, (session) => get(session, id, options)),
    );
}

async function get(session: Session, id: string, options: GetOptions): Promise<ExitCode> {
  const run = parseRunName(id);
  const { printer, terminal } = session;
  const client = await session.client();
  const request = { namespace: client.context.namespace, id: run };
  const answer = await client.again(() => client.runs.getReceipts(request));
  const bytes = answer.bundleJson ?? new Uint8Array();
  if (options.out !== undefined) {
    writeFileSync(resolve(terminal.cwd, options.out), bytes);
    printer.document({ run, file: options.out });
    printer.line(options.out);
    printer.note(`check it anywhere: ${terminal.invocation} receipt verify ${options.out}`);
    return 0;
  }
  // Exactly its bytes: the bundle has one canonical form, and an end of line would be a change.
  terminal.stdout.write(bytes);
  if (terminal.stdoutIsTty) terminal.stdout.write("\n");
  return 0;
}

function verifyCommand(app: App): Command {
  return makeCommand(
    "verify",
    {
      summary: "verify a bundle of receipts from the file alone, offline",
      details:
        "Ends 0 when every signature, digest and link in it holds, 1 when one does not.\n" +
        "Whose key the scheduler's is, a bundle cannot say: compare the fingerprint that is printed,\n" +
        "or give the one you trust with --trust.",
      examples: [
        "signalbox receipt verify run.receipts.json",
        "signalbox receipt verify run.receipts.json --trust sha256:4f2a…",
        "signalbox receipt verify run.receipts.json --trust scheduler.pem --json | jq .ok",
      ],
    },
    "local",
  )
    .argument("<bundle>", "file from `signalbox receipt get`")
    .option(
      "--trust <key>",
      "fingerprint sha256:HEX or PEM file of a scheduler; may be repeated",
      collect,
    )
    .action((file: string, options: VerifyOptions, self: Command) =>
      perform(app, self, (session) => verify(session, file, options)),
    );
}

async function verify(session: Session, file: string, options: VerifyOptions): Promise<ExitCode> {
  const { terminal } = session;
  const { verifyBundle } = await import("#shared/receipt/verify-bundle.ts");
  const bytes = readFile(resolve(terminal.cwd, file), file);
  const trusted = await trustedKeys(terminal.cwd, options.trust ?? []);
  const verdict = verifyBundle(bytes, trusted.length === 0 ? {} : { trustedKeys: trusted });
  session.printer.document(verdict);
  printVerdict(session, file, verdict);
  return verdict.ok ? 0 : 1;
}

async function trustedKeys(cwd: string, keys: readonly string[]) {
  const { fingerprint, importPublicPem } = await import("#shared/receipt/keys.ts");
  return keys.map((key) => {
    if (/^sha256:[0-9a-f]{64}$/u.test(key)) return key as `sha256:${string}`;
    return fingerprint(
      importPublicPem(readFile(resolve(cwd, key), key).toString()),
    ) as `sha256:${string}`;
  });
}

function readFile(path: string, shown: string): Buffer {
  try {
    return readFileSync(path);
  } catch (reason) {
    throw new Failure("INVALID", `cannot read ${shown}: ${(reason as Error).message}`, {
      cause: reason,
    });
  }
}

function printVerdict(session: Session, file: string, verdict: Verdict): void {
  const { printer } = session;
  const { style } = printer;
  const { signs } = style;
  for (const { step } of verdict.steps) {
    const made = step.outputs.map((output) => output.name).join(", ");
    const outputs = made === "" ? "" : `: ${printable(made)}`;
    printer.line(
      `${style.green(signs.ok)} ${step.task} on ${step.cluster}, by ${step.signer.id}${outputs}`,
    );
  }
  for (const problem of verdict.problems) {
    printer.line(`${style.red(signs.failed)} ${printable(problem)}`);
  }
  const { run } = verdict;
  const facts: (readonly [string, string])[] = [];
  if (run !== null) facts.push(["run", `${run.run}, ${printable(run.workflow)}, ${run.state}`]);
  if (verdict.schedulerKey !== null) {
    facts.push(["scheduler", `${verdict.schedulerKey}${verdict.trusted ? " (trusted)" : ""}`]);
  }
  if (facts.length > 0) printer.lines(factLines(facts, style));
  if (verdict.ok) printer.line(`${style.green(signs.ok)} ${file} holds`);
  else printer.line(`${style.red(signs.failed)} ${file} does not hold`);
}
