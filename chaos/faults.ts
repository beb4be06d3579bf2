// Every fault there is.

import { cut } from "./faults/cut.ts";
import { diskFull } from "./faults/disk-full.ts";
import { drain } from "./faults/drain.ts";
import type { Fault } from "./faults/fault.ts";
import { kill } from "./faults/kill.ts";
import { natsDown, natsRestart } from "./faults/nats.ts";
import { outOfMemory } from "./faults/out-of-memory.ts";
import { partitionBoth, partitionDown, partitionUp } from "./faults/partition.ts";
import { rankStall } from "./faults/rank-stall.ts";
import { saturate } from "./faults/saturate.ts";
import { slow } from "./faults/slow.ts";
import { stop } from "./faults/stop.ts";

export const FAULTS: readonly Fault[] = [
  ...[kill, stop, drain, cut, partitionBoth, partitionUp, partitionDown, slow],
  ...[rankStall, saturate, diskFull, outOfMemory, natsDown, natsRestart],
];
