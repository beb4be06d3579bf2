// What every fault is: how it strikes one worker while streams run, and how the fleet is made whole
// again afterwards.

import type { ModelServing } from "../../services/cli/serving/model-serving.ts";
import type { LinkProxy } from "#shared/testing/link-proxy.ts";

export interface Target {
  readonly worker: string;
  /** What it dialled. */
  readonly proxy: LinkProxy;
  readonly serving: ModelServing;
}

export interface Fault {
  readonly name: string;
  /** `idle`: strikes before the streams begin, because those that run would not notice. */
  readonly when: "streaming" | "idle";
  strike(target: Target): void;
  /** After the streams have ended. */
  mend(target: Target): Promise<void>;
}
