// npm runs this after it installed the package: where no prebuilt engine fits, it is built from the
// sources that the package carries. It never fails an install: everything but serving works without
// an engine, and `signalbox doctor` says how to get one. In a clone it does nothing.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** dist/ runs on it and newer. */
const NODE_MAJOR_MIN = 22;

const root = resolve(import.meta.dirname, "..");
const builder = join(root, "dist", "tools", "build-native.js");
const inClone = existsSync(join(root, "tools", "build-native.ts"));
const nodeMajor = Number(process.versions.node.split(".")[0]);

if (
  !inClone &&
  process.platform === "linux" &&
  nodeMajor >= NODE_MAJOR_MIN &&
  existsSync(builder)
) {
  const name = `${process.platform}-${process.arch}`;
  if (!loads(join(root, "prebuilt", name, "signalbox_engine.node"))) build();
}

/** In a process of its own: a library of another system must not end this one. */
function loads(addon) {
  if (!existsSync(addon)) return false;
  const script = `process.dlopen({ exports: {} }, ${JSON.stringify(addon)})`;
  return spawnSync(process.execPath, ["--eval", script], { stdio: "ignore" }).status === 0;
}

function build() {
  process.stdout.write("signalbox: building the engine, which takes a few minutes\n");
  const built = spawnSync(process.execPath, [builder], { stdio: "inherit" });
  if (built.status === 0) return;
  process.stdout.write(
    "signalbox: the engine is not built, so this installation serves no language models; all else " +
      "works. `npm rebuild signalbox` tries again, `signalbox doctor` says what is missing.\n",
  );
}
