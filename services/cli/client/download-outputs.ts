// Fetches result files by content. A file appears under its name only when it is whole and hashes
// to its digest.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { once } from "node:events";
import { Failure } from "#shared/base/errors.ts";
import type { ControlClient } from "./control-client.ts";
import type { JobView } from "./run-view.ts";

export interface Downloaded {
  /** As a user in `cwd` would write it. */
  readonly path: string;
  readonly target: string;
  readonly sizeBytes: number;
}

/** Writes DIR/TASK/PATH for every file output; files that are there and right are left alone. */
export async function downloadOutputs(
  client: ControlClient,
  jobs: readonly JobView[],
  directory: string,
  cwd: string,
): Promise<readonly Downloaded[]> {
  const done: Downloaded[] = [];
  for (const job of jobs) {
    for (const output of job.outputs) {
      if ("value" in output) continue;
      const { path, digest, sizeBytes } = output.file;
      const target = targetPath(resolve(cwd, directory, job.task), path);
      if ((await digestOf(target)) !== digest) await download(client, digest, target);
      const near = relative(cwd, target);
      done.push({ path: near.startsWith("..") ? target : near, target, sizeBytes });
    }
  }
  return done;
}

/** The scheduler is not trusted with paths: one that leaves the folder is refused. */
function targetPath(folder: string, path: string): string {
  const target = resolve(folder, path);
  const inside = relative(folder, target);
  if (inside === "" || inside.startsWith("..") || path.includes("\0")) {
    throw new Failure("CORRUPT", `output path ${JSON.stringify(path)} leaves its folder`);
  }
  return target;
}

async function download(client: ControlClient, digest: string, target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.signalbox-${process.pid}-${digest.slice(7, 19)}.part`);
  const hash = createHash("sha256");
  const file = createWriteStream(temporary);
  try {
    const { namespace } = client.context;
    await client.once(async () => {
      for await (const chunk of client.artifacts.getArtifact({ namespace, digest })) {
        const bytes = chunk.data ?? new Uint8Array();
        hash.update(bytes);
        if (!file.write(bytes)) await once(file, "drain");
      }
    });
    file.end();
    await once(file, "finish");
    const found = `sha256:${hash.digest("hex")}`;
    if (found !== digest) {
      throw new Failure("CORRUPT", `${target}: received ${found} instead of ${digest}`, {
        hint: "fetch it again; if it happens twice, the artifact store is damaged",
      });
    }
    renameSync(temporary, target);
  } catch (reason) {
    file.destroy();
    rmSync(temporary, { force: true });
    throw reason;
  }
}

/** `sha256:HEX`; empty when the file cannot be read. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    return "";
  }
  return `sha256:${hash.digest("hex")}`;
}
