// A private Slurm from the command line:
//   node deploy/test-clusters/slurm/main.ts up DIR [--accounting] [--nodes N]
//   node deploy/test-clusters/slurm/main.ts down DIR
//   node deploy/test-clusters/slurm/main.ts env DIR      lines for `eval`

import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { openSlurm, startSlurm } from "./slurm-cluster.ts";

const USAGE = "usage: main.ts up DIR [--accounting] [--nodes N] | down DIR | env DIR";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { accounting: { type: "boolean", default: false }, nodes: { type: "string" } },
});
const [command, directory] = positionals;
const nodes = Number(values.nodes ?? "2");
const valid = positionals.length === 2 && Number.isInteger(nodes) && nodes >= 1 && nodes <= 64;
if (!valid || directory === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (command === "up") {
  mkdirSync(directory, { recursive: true });
  const cluster = await startSlurm({ directory, nodes, accounting: values.accounting });
  printEnv(cluster.env.SLURM_CONF);
} else if (command === "down") {
  await openSlurm(directory).stop();
} else if (command === "env") {
  printEnv(openSlurm(directory).env.SLURM_CONF);
} else {
  console.error(USAGE);
  process.exitCode = 2;
}

function printEnv(conf: string): void {
  console.log(`export SLURM_CONF='${conf.replaceAll("'", "'\\''")}'`);
}
