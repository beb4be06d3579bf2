// An enrolled agent at work: the core restored from journal and directories, and everything that
// carries out its wishes.

import { hostname } from "node:os";
import { join } from "node:path";
import type { signalbox } from "#proto/signalbox.js";
import type { ClusterFacts, Dialect } from "#adapters/adapter.ts";
import { Failure } from "#shared/base/errors.ts";
import type { AgentConfig, TlsConfig } from "#shared/config/load-config.ts";
import { systemClock } from "#shared/config/system.ts";
import { ArtifactStore } from "#shared/state/artifact-store.ts";
import type { Store } from "#shared/state/store.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { agentMetrics } from "./agent-metrics.ts";
import type { AgentMetrics } from "./agent-metrics.ts";
import type { AgentIdentity } from "./agent-identity.ts";
import { fetchArtifact, pushArtifact } from "./artifact-transfer.ts";
import { coreConfigOf } from "./core-config.ts";
import { isOver } from "./core/attempt.ts";
import { callsPerMinute } from "./core/call-budget.ts";
import type { ClusterCore } from "./core/core-state.ts";
import { restoreCore } from "./core/restore.ts";
import { ExecutableDigests } from "./executable-digest.ts";
import { Executor } from "./executor.ts";
import { JobDirectories } from "./job-directory.ts";
import { Journal } from "./journal.ts";
import { Link } from "./link.ts";
import { LogFollows } from "./log-follow.ts";
import { PatternMatcher } from "./pattern-matcher.ts";
import { StatusWatch } from "./status-watch.ts";
import { TurnLoop, steadyNow } from "./turn-loop.ts";

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly tls: TlsConfig;
  readonly identity: AgentIdentity;
  readonly version: string;
  readonly store: Store;
  readonly dialect: Dialect;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const PROBE_FIRST_MS = 1_000;
const PROBE_MAX_MS = 60_000;

export class Agent {
  readonly core: ClusterCore;
  readonly #options: AgentOptions;
  readonly #journal: Journal;
  readonly #directories: JobDirectories;
  readonly #metrics: AgentMetrics;
  readonly #executor: Executor;
  readonly #loop: TurnLoop;
  readonly #link: Link;
  readonly #watch = new StatusWatch();
  readonly #nowMs = steadyNow(systemClock);
  #facts: ClusterFacts | null = null;
  #probe: NodeJS.Timeout | null = null;
  #closed = false;

  /** Reads what there is and goes to work; jobs that run are adopted before anything is started. */
  static async start(options: AgentOptions): Promise<Agent> {
    const artifacts = new ArtifactStore({ root: join(options.config.root, "artifacts") });
    await artifacts.open();
    const agent = new Agent(options, await Journal.open(options.store), artifacts);
    agent.#begin();
    return agent;
  }

  private constructor(options: AgentOptions, journal: Journal, artifacts: ArtifactStore) {
    const { config, dialect, identity, logger } = options;
    const { cluster, agentId, privateKey } = identity;
    this.#options = options;
    this.#journal = journal;
    this.#directories = new JobDirectories({
      root: config.root,
      heartbeatS: dialect.heartbeatS,
      directivesOf: (spec, files) => dialect.directives(spec, files),
    });
    this.core = this.#restore();
    this.#metrics = agentMetrics(options.metrics, this.core, cluster, dialect.name);
    const metrics = this.#metrics;
    const executables = new ExecutableDigests(process.env["PATH"] ?? "/usr/bin:/bin");
    const matcher = new PatternMatcher();
    const link = this.#makeLink();
    this.#link = link;
    this.#executor = new Executor({
      core: this.core,
      dialect,
      journal,
      directories: this.#directories,
      sealing: { cluster, agentId, privateKey, store: artifacts, executables, matcher },
      uplink: {
        ackCommands: (seq) => link.ackCommands(seq),
        sendReports: (upTo) => link.sendReports(upTo),
        refuse: (reason) => link.refuse(reason),
        fetchArtifact: (digest) => fetchArtifact(digest, link, artifacts, metrics),
        pushArtifact: (digest) => pushArtifact(digest, link, artifacts, metrics),
      },
      watch: this.#watch,
      metrics,
      logger,
      feed: (event) => this.#loop.feed(event),
      nowMs: this.#nowMs,
    });
    this.#loop = new TurnLoop(this.core, (wish) => this.#executor.carryOut(wish), this.#nowMs);
  }

  get linked(): boolean {
    return this.#link.connected;
  }

  /** Why new work is not taken; `null` when it is. */
  get storageProblem(): string | null {
    return this.core.journal.problem;
  }

  /** Leaves jobs running: the next life adopts them. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
    this.#link.close();
    this.#loop.close();
    this.#watch.close();
    this.#executor.writeNotes();
  }

  #begin(): void {
    this.#loop.feed({ kind: "tick" });
    for (const attempt of this.core.attempts.values()) {
      if (attempt.state.kind !== "reported") continue;
      const report = this.core.reports.unacked.get(attempt.state.seq)?.report;
      // Its note may not have been written before the crash.
      if (report?.kind === "ended") this.#executor.note(attempt.token, report.outcome);
    }
    this.#askFacts(PROBE_FIRST_MS);
    this.#link.open();
  }

  #restore(): ClusterCore {
    const { config, dialect, logger } = this.#options;
    const content = this.#journal.content();
    const knownIdOf = (token: Parameters<typeof content.bindings.get>[0]): string | null =>
      content.bindings.get(token)?.nativeId ?? null;
    const { found, unreadable } = this.#directories.scan(knownIdOf);
    const core = restoreCore(coreConfigOf(config, dialect), content, found, this.#nowMs());
    for (const name of unreadable)
      logger.warn({ name }, "a directory among the jobs is not one of ours");
    const attempts = core.attempts.size;
    logger.info(
      { attempts, journal: this.#journal.id, journalNew: this.#journal.isNew },
      "state restored",
    );
    return core;
  }

  #makeLink(): Link {
    const { config, tls, identity, version, logger } = this.#options;
    const { core } = this;
    return new Link({
      address: config.scheduler,
      tls,
      identity,
      version,
      host: {
        hello: () => ({
          commandSeen: core.commandDurable,
          epochSeen: core.epochSeen,
          journalNew: this.#journal.isNew,
          journalId: this.#journal.id,
        }),
        onWelcome: () => {
          this.#journal.isNew = false;
        },
        feed: (event) => this.#loop.feedBurst(event),
        reportOf: (seq) => core.reports.unacked.get(seq),
        heartbeat: () => this.#heartbeat(),
      },
      follows: new LogFollows({
        pathOf: (token) => this.#directories.findPath(token),
        stateOf: (token) => {
          const attempt = core.attempts.get(token);
          if (attempt !== undefined) return isOver(attempt) ? "over" : "coming";
          return this.#directories.findPath(token) === null ? "unknown" : "over";
        },
      }),
      metrics: this.#metrics,
      logger,
    });
  }

  #heartbeat(): signalbox.agent.v1.IHeartbeat {
    const { core } = this;
    const facts = this.#facts;
    const problem = core.journal.problem;
    return {
      atMs: systemClock.nowMs(),
      clusterState: problem === null ? core.reach.state : "unreachable",
      clusterReason: problem ?? core.reach.reason,
      facts: {
        ...facts?.details,
        dialect: this.#options.dialect.name,
        version: facts?.version ?? "",
        accounting: facts === null ? "" : String(facts.accounting),
        agent_host: hostname(),
      },
      callsPerMinute: callsPerMinute(core.budget, this.#nowMs()),
      liveAttempts: core.attempts.size,
    };
  }

  /** What the cluster is. Asked until it answers. */
  #askFacts(retryMs: number): void {
    const { dialect, logger } = this.#options;
    const startedMs = performance.now();
    const called = (answered: boolean): void =>
      this.#metrics.called("probe", answered, (performance.now() - startedMs) / 1000);
    dialect.probe().then(
      (facts) => {
        called(true);
        if (this.#closed) return;
        this.#facts = facts;
        const { messageTimeoutMs, accounting } = facts;
        this.#loop.feed({ kind: "facts", messageTimeoutMs, accounting });
        this.#link.sendHeartbeat();
      },
      (reason: unknown) => {
        called(false);
        if (this.#closed) return;
        logger.warn({ reason: Failure.from(reason).message }, "the cluster does not answer");
        const nextMs = Math.min(PROBE_MAX_MS, retryMs * 2);
        this.#probe = setTimeout(() => this.#askFacts(nextMs), retryMs);
      },
    );
  }
}
