// LMDB maps its file into memory and locks it through shared memory: on a network file system both
// break silently. This refuses such a path before anything is opened.

import { mkdirSync, readFileSync, realpathSync, statfsSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";

/**
 * statfs(2) f_type of file systems that several machines share (linux/magic.h and their sources).
 */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x19830326, "BeeGFS"],
  [0x00c36400, "Ceph"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x20030528, "OrangeFS"],
  [0x73757245, "Coda"],
  [0xaad7aaea, "PanFS"],
]);
const FUSE = 0x65735546;
/** FUSE carries local file systems too; these are known to be local, everything else is refused. */
const LOCAL_FUSE = new Set(["fuseblk", "fuse.fuse-overlayfs", "virtiofs"]);

export interface DiskProbe {
  /** f_type of the file system that holds `path`. */
  typeOf(path: string): number;
  /** The kernel's mount table, in the format of /proc/self/mounts. */
  mounts(): string;
}

const SYSTEM_PROBE: DiskProbe = {
  typeOf: (path) => statfsSync(path).type,
  mounts: () => readFileSync("/proc/self/mounts", "utf8"),
};

/** Makes the directory `path` and throws Failure UNSAFE if it lies on a network file system. */
export function prepareLocalDirectory(path: string, probe: DiskProbe = SYSTEM_PROBE): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const type = probe.typeOf(path) >>> 0;
  const network =
    type === FUSE ? remoteFuseOf(realpathSync(path), probe.mounts()) : NETWORK_TYPES.get(type);
  if (network === undefined) return;
  throw new Failure("UNSAFE", `${path} is on ${network}, where a memory-mapped database breaks`, {
    hint: "Point `state` (or `log.path`) at a local disk, for example a directory under /var/tmp.",
  });
}

function remoteFuseOf(path: string, mounts: string): string | undefined {
  let best = "";
  let kind = "FUSE";
  for (const line of mounts.split("\n")) {
    const [, point = "", type = ""] = line.split(" ");
    const inside = point === "/" || path === point || path.startsWith(`${point}/`);
    if (point !== "" && inside && point.length >= best.length) [best, kind] = [point, type];
  }
  return LOCAL_FUSE.has(kind) ? undefined : kind;
}
