// `signalbox demo`: a whole mesh in a folder of its own, three steps on it, their results and
// receipts, one streamed answer whose worker is killed, and everything down again: also on Ctrl-C
// and on failure.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Argument, Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { EXIT_INTERRUPTED, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import type { ControlClient } from "../client/control-client.ts";
import {
  demoStep,
  saveReceipts,
  type DemoResult,
  type SavedReceipts,
} from "../demo/demo-result.ts";
import { printResults } from "../demo/print-results.ts";
import type { ServingResult } from "../demo/serving-demo.ts";
import { Stage } from "../demo/stage.ts";
import type { ClusterPlan } from "../mesh/mesh-record.ts";
import { packageRoot } from "../package-root.ts";
import { showRun, type ShownRun } from "../print/show-run.ts";
import type { Session } from "../session.ts";

interface DemoOptions {
  readonly install?: boolean;
  readonly keep?: boolean;
  readonly manifest?: string;
}

type Which = "ising" | "silicon" | "serve";

export function demoCommand(app: App): Command {
  return makeCommand(
    "demo",
    {
      summary: "see it work: a mesh, three steps, receipts, a stream that survives; then all down",
      details:
        "`demo` needs Node alone: the embedded log and this machine as the cluster. `demo silicon` is\n" +
        "the real thing: NATS, a private Slurm, and Quantum ESPRESSO; it names the Debian packages it\n" +
        "lacks and installs them only with --install. `demo serve` is the last part of `demo` alone: a\n" +
        "story from two workers with the bundled model, one of which is killed in the middle; without an\n" +
        "engine or a compiler to build it, it is skipped. Ends 0 when all steps succeeded, every receipt\n" +
        "verified and the story was the same. With --json the last line is {run, state, log, cluster,\n" +
        "steps, receiptsVerified, serving}, of `demo serve` {textEqual, gapMs, killedWorker, resumedOn,\n" +
        "tokens}.",
      examples: [
        "signalbox demo",
        "signalbox demo --json | tail -1 | jq .steps",
        "signalbox demo silicon --install",
        "signalbox demo serve",
        "signalbox demo --keep      # leave the mesh running, to look around",
      ],
    },
    "local",
  )
    .addArgument(
      new Argument("[which]", "ising, silicon or serve")
        .choices(["ising", "silicon", "serve"])
        .default("ising"),
    )
    .option("--install", "install Debian packages that are missing (silicon, as root)")
    .option("--keep", "leave the mesh running when done")
    .addOption(new Option("--manifest <file>", "run this workflow instead").hideHelp())
    .action((which: Which, options: DemoOptions, self: Command) =>
      perform(app, self, (session) => demo(session, which, options)),
    );
}

async function demo(session: Session, which: Which, options: DemoOptions): Promise<ExitCode> {
  const interrupted = new AbortController();
  const unlisten = session.terminal.onInterrupt(() => interrupted.abort());
  const folder =
    session.flags.home === undefined
      ? mkdtempSync(join(tmpdir(), "signalbox-demo-"))
      : session.home;
  const stage = new Stage(session, folder, options.keep === true);
  try {
    if (which === "serve") return await playServing(session, stage, interrupted.signal);
    return await play(session, stage, which, options, interrupted.signal);
  } catch (reason) {
    if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
    throw reason;
  } finally {
    await stage.takeDown();
    unlisten();
  }
}

async function play(
  session: Session,
  stage: Stage,
  which: Which,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const manifest = manifestOf(session, which, options);
  const client = await (which === "silicon"
    ? stage.bringUpSilicon(options.install === true)
    : stage.bringUp("embedded", localPlan()));
  signal.throwIfAborted();
  stage.say("");
  const runId = await submit(session, client, manifest);
  const shown = await showRun(session, client, runId, "progress");
  if (shown.interrupted) {
    session.printer.note(`stopped; taking everything down`);
    return EXIT_INTERRUPTED;
  }
  const receipts = await fetchReceipts(stage, client, shown);
  const result = await resultOf(client, which, shown, receipts);
  await printResults(session, stage, client, shown, receipts);
  const ran = result.state === "succeeded" && result.receiptsVerified;
  if (which === "silicon" || !ran) {
    session.printer.record(result);
    return ran ? 0 : 1;
  }
  const serving = await serveIfPossible(stage, session, signal);
  session.printer.record({ ...result, serving });
  return "skipped" in serving || serving.textEqual ? 0 : 1;
}

async function playServing(session: Session, stage: Stage, signal: AbortSignal): Promise<ExitCode> {
  const result = await serveIfPossible(stage, session, signal);
  session.printer.record(result);
  return "skipped" in result || result.textEqual ? 0 : 1;
}

async function serveIfPossible(
  stage: Stage,
  session: Session,
  signal: AbortSignal,
): Promise<ServingResult | { readonly skipped: string }> {
  const { provideEngine } = await import("../demo/provide-engine.ts");
  stage.say("");
  stage.say(session.printer.style.bold("A stream that survives its worker"));
  const lacking = await provideEngine((text) => stage.say(text));
  signal.throwIfAborted();
  if (lacking !== null) {
    stage.say(`skipped: ${lacking}`);
    return { skipped: lacking };
  }
  const { showServing } = await import("../demo/show-serving.ts");
  return showServing(session, stage, signal);
}

function manifestOf(session: Session, which: Which, options: DemoOptions): string {
  if (options.manifest !== undefined) return resolve(session.terminal.cwd, options.manifest);
  const folder = which === "silicon" ? "silicon" : "demo";
  return join(packageRoot(), "examples", folder, "workflow.yaml");
}

function localPlan(): ClusterPlan {
  return { name: "local", kind: "local", slots: 2, makeDefault: true, options: {}, settings: {} };
}

async function submit(session: Session, client: ControlClient, manifest: string): Promise<string> {
  const { checkManifest, readManifestSource, submitManifest } =
    await import("../client/submission.ts");
  const options = { params: {}, labels: { demo: "yes" }, cluster: null, key: null };
  const checked = await checkManifest(
    await readManifestSource(session.terminal, manifest),
    options,
  );
  return (await submitManifest(client, checked, options)).run.id;
}

/** Null, with the reason said, when they cannot be had. */
async function fetchReceipts(
  stage: Stage,
  client: ControlClient,
  shown: ShownRun,
): Promise<SavedReceipts | null> {
  const request = { namespace: client.context.namespace, id: shown.run.id };
  try {
    const answer = await client.again(() => client.runs.getReceipts(request));
    const bundle = answer.bundleJson ?? new Uint8Array();
    return await saveReceipts(bundle, join(stage.folder, "receipts"), shown.run, shown.jobs);
  } catch (reason) {
    stage.say(`no receipts: ${Failure.from(reason).message}`);
    return null;
  }
}

async function resultOf(
  client: ControlClient,
  which: Which,
  shown: ShownRun,
  receipts: SavedReceipts | null,
): Promise<DemoResult> {
  const who = await client.again(() => client.namespaces.whoAmI({}));
  const [first] = shown.jobs;
  return {
    run: shown.run.id,
    state: shown.run.state,
    log: who.log ?? "",
    cluster: first?.cluster ?? (which === "silicon" ? "slurm" : "local"),
    steps: shown.jobs.map(demoStep),
    receiptsVerified: receipts?.verified ?? false,
    receipts: receipts?.bundle ?? null,
  };
}
