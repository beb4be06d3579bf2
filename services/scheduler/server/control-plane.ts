// What every service of the public API works with.

import type { Clock } from "#shared/base/clock.ts";
import type { AgentRegistry } from "../agents/agent-registry.ts";
import type { Engine } from "../engine.ts";
import type { RunReceipts } from "../run-receipts.ts";
import type { Auth } from "./auth.ts";
import type { NamespaceDirectory } from "./namespace-directory.ts";
import type { OwnedArtifacts } from "./owned-artifacts.ts";
import type { WatchHub } from "./watch.ts";

export interface ControlPlane {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly auth: Auth;
  readonly directory: NamespaceDirectory;
  readonly artifacts: OwnedArtifacts;
  readonly agents: AgentRegistry;
  readonly watches: WatchHub;
  readonly receipts: RunReceipts;
  /** The scheduler's version and the log it runs on. */
  readonly version: string;
  readonly logDriver: string;
}
