// What the scheduler says: that it answers, who we are to it, its log, its clock, its agents.

import { Failure } from "#shared/base/errors.ts";
import { parseCluster, type ClusterView } from "../client/cluster-view.ts";
import type { ControlClient } from "../client/control-client.ts";
import { durationText, whenText } from "../print/units.ts";
import type { Session } from "../session.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

const ANSWER_MS_MAX = 5000;
/** HTTP's Date has whole seconds; tokens and walltimes bear a few more. */
const CLOCK_SKEW_MS_WARN = 5000;

export async function schedulerFindings(session: Session): Promise<readonly Finding[]> {
  let client: ControlClient;
  try {
    client = await session.client();
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    return [warn("scheduler", message, hint?.split("\n")[0] ?? "")];
  }
  const { context } = client;
  try {
    const startMs = performance.now();
    const who = await client.once(() =>
      client.namespaces.whoAmI({}, { deadlineMs: ANSWER_MS_MAX }),
    );
    const tookMs = performance.now() - startMs;
    const role = `${who.token?.role} in ${who.token?.namespace}`;
    return [
      ok("scheduler", `${who.version} at ${context.server}, answered in ${Math.ceil(tookMs)} ms`),
      ok("token", role),
      logDriver(session, who.log ?? ""),
      await clockSkew(session, context.http),
      ...(await agentLinks(session, client)),
    ];
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    return [fail("scheduler", message, hint?.split("\n")[0] ?? "look into its log")];
  }
}

function logDriver(session: Session, log: string): Finding {
  if (log !== "embedded") return ok("log", log);
  const move = `\`${session.terminal.invocation} log migrate\` moves it to JetStream, if ever needed`;
  return ok("log", `embedded (one machine; ${move})`);
}

async function clockSkew(session: Session, http: string | null): Promise<Finding> {
  if (http === null) return ok("clock", "not compared (no HTTP address is known)");
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetch(`http://${http}/healthz`, { signal });
    const theirs = Date.parse(answer.headers.get("date") ?? "");
    if (Number.isNaN(theirs)) return ok("clock", "not compared (the scheduler sent no time)");
    const skewMs = Math.abs(session.terminal.nowMs() - theirs);
    if (skewMs < CLOCK_SKEW_MS_WARN) return ok("clock", "agrees with the scheduler's");
    return warn(
      "clock",
      `${durationText(skewMs)} off the scheduler's`,
      "set the time by NTP on both",
    );
  } catch (reason) {
    const why = Failure.from(reason).message;
    return fail("http", `http://${http}/healthz: ${why}`, "look into the scheduler's log");
  }
}

async function agentLinks(session: Session, client: ControlClient): Promise<readonly Finding[]> {
  const { namespace } = client.context;
  const answer = await client.once(() =>
    client.clusters.listClusters({ namespace }, { deadlineMs: ANSWER_MS_MAX }),
  );
  const clusters = (answer.clusters ?? []).map(parseCluster);
  if (clusters.length === 0) {
    const fix = "signalbox cluster add NAME --kind slurm, then signalbox agent there";
    return [warn("clusters", "none is registered: jobs have nowhere to run", fix)];
  }
  return clusters.map((cluster) => agentLink(session, cluster));
}

function agentLink(session: Session, cluster: ClusterView): Finding {
  const what = `cluster ${cluster.name}`;
  if (cluster.agent === "connected") {
    if (cluster.state === "unreachable") {
      const found = `its agent is connected, the cluster does not answer: ${cluster.reason}`;
      return fail(what, found, "jobs wait and none is lost; look at the cluster's own controller");
    }
    return ok(what, `${cluster.kind}, agent connected, ${cluster.placed}/${cluster.slots} placed`);
  }
  const { agentSeenAtMs } = cluster;
  const seen = agentSeenAtMs === null ? "never" : whenText(agentSeenAtMs, session.terminal.nowMs());
  const fix = "start it where it lives: `signalbox up` here, `signalbox agent` on a login node";
  return fail(what, `its agent is not connected, seen ${seen}`, fix);
}
