// `signalbox cluster`: register clusters and see how they are.

import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { parseClusterName } from "#shared/base/ids.ts";
import { makeGroup, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseCluster, type ClusterView } from "../client/cluster-view.ts";
import { writeFileAtomic } from "../mesh/mesh-record.ts";
import { parseWhole } from "../parse-options.ts";
import { factLines } from "../print/run-text.ts";
import { tableLines } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { whenText } from "../print/units.ts";
import type { Session } from "../session.ts";

interface AddOptions {
  readonly kind: string;
  readonly slots: number;
  readonly default?: boolean;
  readonly enrolmentFile?: string;
}

export function clusterCommand(app: App): Command {
  return makeGroup(
    "cluster",
    {
      summary: "register clusters and see how they are",
      examples: [
        "signalbox cluster add hpc --kind slurm",
        "signalbox cluster list",
        "signalbox cluster show hpc",
      ],
    },
    [addCommand(app), listCommand(app), showCommand(app)],
  );
}

function addCommand(app: App): Command {
  return makeCommand("add", {
    summary: "register a cluster; prints the one-time token its agent enrols with",
    examples: [
      "signalbox cluster add hpc --kind slurm",
      "signalbox cluster add hpc --kind slurm --slots 200 --default --enrolment-file hpc.token",
    ],
  })
    .argument("<name>", "lower-case letters, digits and inner dashes")
    .addOption(
      new Option("--kind <kind>", "what runs jobs there")
        .choices(["slurm", "local"])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--slots <count>", "jobs given to it at once (0: what suits its kind)")
        .default(0)
        .argParser(parseWhole(0, 1_000_000)),
    )
    .option("--default", "make it the cluster of steps that name none")
    .option("--enrolment-file <file>", "write the token there (mode 0600) instead of printing it")
    .action((name: string, options: AddOptions, self: Command) =>
      perform(app, self, (session) => add(session, name, options)),
    );
}

async function add(session: Session, name: string, options: AddOptions): Promise<ExitCode> {
  const client = await session.client();
  const { printer, terminal } = session;
  const answer = await client.once(() =>
    client.clusters.addCluster({
      namespace: client.context.namespace,
      name: parseClusterName(name),
      kind: options.kind,
      slots: options.slots,
      makeDefault: options.default === true,
    }),
  );
  const cluster = parseCluster(answer.cluster ?? {});
  const token = answer.enrolmentToken ?? "";
  const file = options.enrolmentFile;
  if (file !== undefined) writeFileAtomic(resolve(terminal.cwd, file), `${token}\n`);
  const where = file === undefined ? { enrolmentToken: token } : { enrolmentFile: file };
  printer.document({ cluster, ...where });
  printer.line(`cluster ${cluster.name} (${cluster.kind}) is registered`);
  if (file === undefined) printer.line(`enrolment token, good once, for one hour: ${token}`);
  else printer.line(`enrolment token, good once, for one hour: in ${file}`);
  printer.note("on its login node, with the token in a file:");
  printer.note(
    `  signalbox agent --scheduler ${client.context.server} --kind ${cluster.kind} ` +
      `--token-file ${file ?? "FILE"} --root DIR`,
  );
  return 0;
}

function listCommand(app: App): Command {
  return makeCommand("list", {
    summary: "list clusters",
    examples: ["signalbox cluster list", "signalbox cluster list --json | jq -r '.[].name'"],
  }).action((_options: object, self: Command) => perform(app, self, list));
}

async function list(session: Session): Promise<ExitCode> {
  const client = await session.client();
  const { namespace } = client.context;
  const answer = await client.again(() => client.clusters.listClusters({ namespace }));
  const clusters = (answer.clusters ?? []).map(parseCluster);
  const { printer } = session;
  printer.document(clusters);
  if (clusters.length === 0) {
    printer.note("no cluster is registered: signalbox cluster add NAME --kind slurm");
    return 0;
  }
  const paint = (text: string, cluster: ClusterView): string =>
    cluster.agent === "connected" ? printer.style.green(text) : printer.style.yellow(text);
  printer.lines(
    tableLines<ClusterView>(
      [
        { title: "CLUSTER", cell: (it) => it.name + (it.defaultCluster ? " *" : "") },
        { title: "KIND", cell: (it) => it.kind },
        { title: "AGENT", cell: (it) => it.agent.replace("_", " "), paint },
        { title: "STATE", cell: (it) => it.state },
        { title: "PLACED", cell: (it) => `${it.placed}/${it.slots}` },
        { title: "WAITING", cell: (it) => String(it.waiting) },
        { title: "REASON", cell: (it) => printable(it.reason) },
      ],
      clusters,
      printer.columns(),
      printer.style.dim,
    ),
  );
  return 0;
}

function showCommand(app: App): Command {
  return makeCommand("show", {
    summary: "show one cluster with what its agent found out",
    examples: ["signalbox cluster show hpc"],
  })
    .argument("<name>", "the cluster")
    .action((name: string, _options: object, self: Command) =>
      perform(app, self, (session) => show(session, name)),
    );
}

async function show(session: Session, name: string): Promise<ExitCode> {
  const client = await session.client();
  const request = { namespace: client.context.namespace, name: parseClusterName(name) };
  const answer = await client.again(() => client.clusters.getCluster(request));
  const it = parseCluster(answer.cluster ?? {});
  const { printer, terminal } = session;
  printer.document(it);
  const seen = it.agentSeenAtMs === null ? "never" : whenText(it.agentSeenAtMs, terminal.nowMs());
  const facts: (readonly [string, string])[] = [
    ["cluster", it.name + (it.defaultCluster ? " (default)" : "")],
    ["kind", it.kind],
    ["agent", `${it.agent.replace("_", " ")}, seen ${seen}`],
    ["agent id", it.agentId ?? "-"],
    ["state", it.reason === "" ? it.state : `${it.state}: ${printable(it.reason)}`],
    ["slots", `${it.placed} of ${it.slots} taken, ${it.waiting} waiting`],
    ["calls", `${it.callsPerMinute} a minute`],
  ];
  for (const [fact, value] of Object.entries(it.facts).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    facts.push([printable(fact), printable(value)]);
  }
  printer.lines(factLines(facts, printer.style));
  return 0;
}
