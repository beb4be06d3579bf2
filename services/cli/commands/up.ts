// `signalbox up`: a whole mesh on this machine, in the background.

import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import type { ClusterPlan } from "../mesh/mesh-record.ts";
import type { Mesh, MeshPlan, MeshStep } from "../mesh/mesh-up.ts";
import { meshLayout } from "../mesh/mesh-layout.ts";
import { bundledModel, packageRoot } from "../package-root.ts";
import { curlLines } from "../serving/curl-lines.ts";
import { parseWhole } from "../parse-options.ts";
import type { Session } from "../session.ts";

interface UpOptions {
  readonly mesh?: boolean;
  readonly slurmConf?: string;
  readonly slots: number;
  readonly model?: string | false;
}

export function upCommand(app: App): Command {
  return makeCommand(
    "up",
    {
      summary: "start a mesh on this machine, in the background",
      details:
        "Starts the scheduler, an agent with the cluster `local`, and a router and a worker that serve\n" +
        "the bundled model; without a built engine the last two are left out. Everything lives in one\n" +
        "folder (--home) and survives `down`. Run again it says what runs and starts what is missing.\n" +
        "With --mesh the log is a private NATS JetStream server instead of a file; router and worker use\n" +
        "it too.",
      examples: [
        "signalbox up",
        "signalbox up --slots 8                     # run eight jobs at once",
        "signalbox up --mesh                        # the log on NATS JetStream",
        "signalbox up --model ~/models/Qwen3-0.6B",
        "signalbox up --slurm-conf /etc/slurm/slurm.conf   # and the Slurm of this machine",
        "signalbox up --home /tmp/trial && signalbox down --home /tmp/trial",
      ],
    },
    "local",
  )
    .option("--mesh", "keep the log in a private nats-server")
    .option("--slurm-conf <file>", "also run jobs on this Slurm, as cluster `slurm`")
    .addOption(
      new Option("--slots <count>", "jobs at once on the cluster `local` (0: as suits the kind)")
        .default(0)
        .argParser(parseWhole(0, 100_000)),
    )
    .option("--model <folder>", "serve this model instead of the bundled one")
    .option("--no-model", "serve none")
    .action((options: UpOptions, self: Command) =>
      perform(app, self, (session) => up(session, options)),
    );
}

async function up(session: Session, options: UpOptions): Promise<ExitCode> {
  const { printer, terminal, home } = session;
  const { meshUp } = await import("../mesh/mesh-up.ts");
  const { model, why } = await modelOf(session, options);
  const plan: MeshPlan = {
    home,
    log: options.mesh === true ? "jetstream" : null,
    clusters: clusterPlans(session, options),
    model,
    env: terminal.env,
    onStep: (step) => printer.line(stepLine(session, step)),
  };
  const mesh = await meshUp(plan);
  printer.document(meshJson(home, mesh));
  if (why !== null) printer.note(`no model is served: ${why}`);
  if (mesh.started.length === 0) printer.line("it was running already");
  const local = mesh.clusters.find((cluster) => cluster.kind === "local");
  if (options.slots !== 0 && local !== undefined && local.slots !== options.slots) {
    printer.warn(
      `the cluster local has ${local.slots} slots from its first start; --slots changes nothing now`,
    );
  }
  printTries(session, mesh);
  return 0;
}

/** A model that was asked for must be served; the bundled one is served where it can be. */
async function modelOf(
  session: Session,
  options: UpOptions,
): Promise<{ readonly model: string | null; readonly why: string | null }> {
  if (options.model === false) return { model: null, why: null };
  const { engineHere } = await import("#native/index.ts");
  const here = engineHere();
  if (typeof options.model === "string") {
    if (here.why !== null) throw new Failure("UNAVAILABLE", here.why, { hint: here.wayOut });
    return { model: resolve(session.terminal.cwd, options.model), why: null };
  }
  if (here.why !== null) return { model: null, why: `${here.why}; ${here.wayOut}` };
  return { model: bundledModel(), why: null };
}

function clusterPlans(session: Session, options: UpOptions): readonly ClusterPlan[] {
  const local: ClusterPlan = {
    name: "local",
    kind: "local",
    slots: options.slots,
    makeDefault: false,
    options: {},
    settings: {},
  };
  if (options.slurmConf === undefined) return [local];
  const conf = resolve(session.terminal.cwd, options.slurmConf);
  if (!existsSync(conf)) throw new Failure("INVALID", `there is no file ${conf}`);
  const slurm = { ...local, name: "slurm", kind: "slurm", slots: 0, options: { slurm_conf: conf } };
  return [local, slurm as ClusterPlan];
}

function stepLine(session: Session, step: MeshStep): string {
  const { style } = session.printer;
  const sign = style.green(style.signs.ok);
  return `${sign} ${step.name.padEnd(9)}  ${step.detail}${step.started ? "" : style.dim(", was running")}`;
}

function meshJson(home: string, mesh: Mesh) {
  return {
    home,
    log: mesh.record.log,
    grpc: mesh.client.grpc,
    http: mesh.client.http,
    namespace: mesh.client.namespace,
    tokenFile: meshLayout(home).adminTokenFile,
    started: mesh.started,
    services: mesh.record.services.map(({ name, pid, logFile }) => ({ name, pid, logFile })),
    clusters: mesh.clusters,
    serving: mesh.serving,
  };
}

function printTries(session: Session, mesh: Mesh): void {
  const { printer, terminal, home, flags } = session;
  const { style } = printer;
  const me = terminal.invocation;
  const at =
    flags.home === undefined ? "" : ` --home ${shellWord(relative(terminal.cwd, home) || ".")}`;
  const example = join(packageRoot(), "examples", "demo", "workflow.yaml");
  const file = shellWord(relative(terminal.cwd, example));
  const token = shellWord(meshLayout(home).adminTokenFile);
  const tries: (readonly [string, string])[] = [
    [`${me} run${at} ${file}`, "run three steps and see them go"],
    [`${me} list${at}`, "what ran"],
    [`${me} logs -f${at} RUN/STEP`, "a step's output, live"],
    [`${me} down${at}`, "end it; what it knows stays in its folder"],
  ];
  const width = Math.max(...tries.map(([command]) => command.length));
  printer.line();
  printer.line("Try:");
  for (const [command, what] of tries) {
    printer.line(`  ${style.bold(command.padEnd(width))}  ${style.dim(what)}`);
  }
  if (mesh.serving !== null) printer.lines(curlLines(mesh.serving.url, mesh.serving.name));
  printer.line(
    `  curl -H "Authorization: Bearer $(cat ${token})" http://${mesh.client.http}/v1/runs`,
  );
}

/** Quoted for a shell if it needs to be: these lines are there to be copied. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
