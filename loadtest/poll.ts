// Scheduler commands a minute while nothing changes, with 1, 100 and 2,000 live jobs on a real
// Slurm: the call budget of requirement P4 says that it does not grow with the jobs.

import { startSlurm } from "../deploy/test-clusters/slurm/slurm-cluster.ts";
import { JobsService, RunsService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { clientOf } from "#shared/mesh/grpc-client.ts";
import { BenchMesh, NAMESPACE } from "./bench-mesh.ts";
import { rounded } from "./figures.ts";

const LIVE = [1, 100, 2000] as const;
const METRIC = "signalbox_scheduler_calls_total";

export async function benchPoll(options: {
  readonly minutes: number;
  readonly say: (line: string) => void;
}): Promise<object> {
  const callsPerMin: { [live: string]: number } = {};
  for (const live of LIVE) {
    const slurm = await startSlurm({});
    const extra = `[agent.options]\nslurm_conf = "${slurm.env.SLURM_CONF}"`;
    const mesh = await BenchMesh.start({
      log: "embedded",
      agent: { kind: "slurm", slots: live, options: extra },
    });
    try {
      await submitLive(mesh, live, options.say);
      await quiet(mesh);
      const before = await commands(mesh);
      await new Promise((resolve) => setTimeout(resolve, options.minutes * 60_000));
      callsPerMin[live] = rounded(((await commands(mesh)) - before) / options.minutes);
      options.say(
        `${live} live jobs: ${callsPerMin[live]} commands a minute over ${options.minutes} min`,
      );
    } finally {
      await mesh.stop();
      await mesh.remove();
      await slurm.stop();
    }
  }
  return { callsPerMin };
}

/** Jobs that outlast the measurement; those without a place on a node wait in Slurm's own queue. */
async function submitLive(
  mesh: BenchMesh,
  live: number,
  say: (line: string) => void,
): Promise<void> {
  const tasks = Array.from({ length: live }, (_, i) => ({
    ...{ id: `t${i}`, uses: "exec@1", with: { command: ["/bin/sleep", "86400"] } },
  }));
  const manifest = {
    apiVersion: "signalbox/v1",
    kind: "Workflow",
    metadata: { name: "live" },
    tasks,
  };
  const answer = await clientOf(RunsService, mesh.channel).submitRun(
    {
      namespace: NAMESPACE,
      manifest: Buffer.from(JSON.stringify(manifest)),
      fileName: "live.json",
    },
    { deadlineMs: 60_000 },
  );
  const { JOB_STATE_SUBMITTED, JOB_STATE_RUNNING } = signalbox.control.v1.JobState;
  const deadlineMs = performance.now() + 1_200_000;
  for (let bound = 0; bound < live;) {
    if (performance.now() > deadlineMs)
      throw new Error(`only ${bound} of ${live} jobs are on the cluster`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    bound = await count(mesh, answer.run?.id ?? "", [JOB_STATE_SUBMITTED, JOB_STATE_RUNNING]);
    say(`${bound} of ${live} jobs are on the cluster`);
  }
}

async function count(
  mesh: BenchMesh,
  runId: string,
  states: signalbox.control.v1.JobState[],
): Promise<number> {
  const jobs = clientOf(JobsService, mesh.channel);
  let found = 0;
  let token = "";
  do {
    const page = await jobs.listJobs({
      namespace: NAMESPACE,
      runId,
      states,
      page: { size: 1000, token },
    });
    found += page.jobs?.length ?? 0;
    token = page.nextToken ?? "";
  } while (token !== "");
  return found;
}

/** Waits until a whole minute has passed with as many commands as the one before it. */
async function quiet(mesh: BenchMesh): Promise<void> {
  let last = Number.NaN;
  for (let minute = 0; minute < 8; minute++) {
    const before = await commands(mesh);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const now = (await commands(mesh)) - before;
    if (now === last) return;
    last = now;
  }
}

async function commands(mesh: BenchMesh): Promise<number> {
  const response = await fetch(`http://${mesh.agentHttp}/metrics`);
  const text = await response.text();
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(METRIC)) sum += Number(line.split(" ").at(-1));
  }
  return sum;
}
