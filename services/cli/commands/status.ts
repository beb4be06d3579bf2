// `signalbox status`: does the mesh run, and what is it doing?

import type { Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseCluster, type ClusterView } from "../client/cluster-view.ts";
import { parseRun, runStateNumber, type RunView } from "../client/run-view.ts";
import { readMeshRecord } from "../mesh/mesh-record.ts";
import { isAlive } from "../mesh/process-identity.ts";
import { printable } from "../print/text.ts";
import { durationText } from "../print/units.ts";
import type { Session } from "../session.ts";

/** As --json prints it. */
interface StatusView {
  readonly home: string;
  readonly services: readonly {
    readonly name: string;
    readonly pid: number;
    readonly alive: boolean;
    readonly logFile: string;
  }[];
  readonly server: string | null;
  readonly reachable: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly version: string | null;
  readonly log: string | null;
  readonly role: string | null;
  readonly namespace: string | null;
  readonly clusters: readonly ClusterView[];
  readonly running: readonly RunView[];
}

const RUNS_SHOWN_MAX = 20;
const ANSWER_MS_MAX = 5000;

export function statusCommand(app: App): Command {
  return makeCommand("status", {
    summary: "whether the mesh runs and what it is doing",
    details: "Ends 0 when the scheduler answers, 3 when it does not.",
    examples: ["signalbox status", "signalbox status --json | jq .reachable"],
  }).action((_options: object, self: Command) => perform(app, self, status));
}

async function status(session: Session): Promise<ExitCode> {
  const view = await statusOf(session);
  session.printer.document(view);
  printStatus(session, view);
  return view.reachable ? 0 : 3;
}

async function statusOf(session: Session): Promise<StatusView> {
  const services = readMeshRecord(session.home).services.map((service) => ({
    name: service.name,
    pid: service.pid,
    alive: isAlive(service),
    logFile: service.logFile,
  }));
  const nothing = {
    ...{ home: session.home, services, server: null, reachable: false, error: null },
    ...{ version: null, log: null, role: null, namespace: null, clusters: [], running: [] },
  };
  let server: string | null = null;
  try {
    const client = await session.client();
    const { namespace } = client.context;
    ({ server } = client.context);
    const options = { deadlineMs: ANSWER_MS_MAX };
    const who = await client.once(() => client.namespaces.whoAmI({}, options));
    const states = [runStateNumber("running"), runStateNumber("cancelling")];
    const page = { size: RUNS_SHOWN_MAX, token: "" };
    const [clusters, runs] = await Promise.all([
      client.once(() => client.clusters.listClusters({ namespace }, options)),
      client.once(() => client.runs.listRuns({ namespace, states, page }, options)),
    ]);
    return {
      ...nothing,
      server,
      reachable: true,
      version: who.version ?? null,
      log: who.log ?? null,
      role: who.token?.role ?? null,
      namespace,
      clusters: (clusters.clusters ?? []).map(parseCluster),
      running: (runs.runs ?? []).map(parseRun),
    };
  } catch (reason) {
    const { code, message } = Failure.from(reason);
    return { ...nothing, server, error: { code, message } };
  }
}

function printStatus(session: Session, view: StatusView): void {
  const { printer, terminal } = session;
  const { style } = printer;
  const { signs } = style;
  const line = (good: boolean, text: string): void =>
    printer.line(`${good ? style.green(signs.ok) : style.red(signs.failed)} ${text}`);
  for (const service of view.services) {
    const where = service.alive ? `pid ${service.pid}` : `not running, log ${service.logFile}`;
    line(service.alive, `${service.name.padEnd(12)} ${style.dim(where)}`);
  }
  if (view.reachable) {
    line(
      true,
      `scheduler ${view.version} at ${view.server}, ${view.log} log, you are ${view.role}`,
    );
  } else {
    line(false, printable(view.error?.message ?? "no scheduler is known here"));
    printer.note(`start a mesh here: ${terminal.invocation} up`);
  }
  for (const cluster of view.clusters) {
    const connected = cluster.agent === "connected";
    const load = `${cluster.placed}/${cluster.slots} placed, ${cluster.waiting} waiting`;
    const how =
      connected && cluster.state === "reachable" ? load : `${load}; ${printable(cluster.reason)}`;
    line(
      connected,
      `cluster ${cluster.name} (${cluster.kind}), agent ${cluster.agent.replace("_", " ")}, ${how}`,
    );
  }
  const nowMs = terminal.nowMs();
  for (const run of view.running) {
    const steps = `${run.jobs.succeeded}/${run.jobs.total} steps`;
    const forMs = durationText(nowMs - run.submittedAtMs);
    printer.line(
      `${style.cyan(signs.queued)} run ${run.id}  ${printable(run.workflow)}  ${steps}  ${forMs}`,
    );
  }
}
