// NVIDIA's management library as a test would have it (native/test/fake_nvml.cpp), for processes
// that a test starts: the loader finds it before the system's own.

import { renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { buildNative } from "../../tools/native-build.ts";

export interface FakeMachine {
  /** For the process that is to see the machine. */
  readonly env: NodeJS.ProcessEnv;
  /** The file that says what the machine is, by the lines of fake_nvml.cpp. */
  readonly file: string;
  /** It is another one from now on. */
  is(lines: readonly string[]): void;
}

/** Two GPUs of 80 GiB, with 1 GiB and 2 GiB of them in use. */
export const TWO_GPUS: readonly string[] = [
  "driver 580.95.05",
  "gpu GPU-aaaa-1 00000000:3B:00.0 1073741824 NVIDIA H100 80GB HBM3",
  "gpu GPU-bbbb-2 00000000:86:00.0 2147483648 NVIDIA H100 80GB HBM3",
];

/** The folder that the library is in; built once, for all processes. */
async function folderOfLibrary(): Promise<string> {
  const { folder } = await buildNative({
    variant: "release",
    targets: ["fake_nvml"],
    strict: true,
  });
  return join(folder, "fake-nvml");
}

/** A machine of the present test. */
export async function fakeMachine(lines: readonly string[]): Promise<FakeMachine> {
  const directory = tempDirectory("fake-nvml");
  onTestFinished(directory.remove);
  const file = join(directory.path, "machine");
  const is = (now: readonly string[]): void => {
    writeFileSync(`${file}.next`, `${now.join("\n")}\n`);
    renameSync(`${file}.next`, file);
  };
  is(lines);
  return { env: machineEnv(await folderOfLibrary(), file), file, is };
}

/** One whose library is a file that is none: as good as none, and the same on every machine. */
export function machineWithoutDriver(): NodeJS.ProcessEnv {
  const directory = tempDirectory("no-nvml");
  onTestFinished(directory.remove);
  const file = join(directory.path, "libnvidia-ml.so.1");
  writeFileSync(file, "This is no library, and long enough to be looked at as one.\n".repeat(20));
  return machineEnv(dirname(file), file);
}

function machineEnv(folder: string, file: string): NodeJS.ProcessEnv {
  const { CUDA_VISIBLE_DEVICES: _, LD_LIBRARY_PATH: others, ...env } = process.env;
  const path = others === undefined ? folder : `${folder}:${others}`;
  return { ...env, LD_LIBRARY_PATH: path, FAKE_NVML: file };
}
