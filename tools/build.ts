// Makes dist/, what the published package runs: Node strips no types under node_modules.
//
//   B1. The sources are checked against what Node 22 has, so that no newer built-in slips in.
//   B2. dist/ has the layout of the sources, `.ts` become `.js`; its own package.json maps `#…`
//       there.
//   B3. dist/ appears whole or not at all: it is built beside and renamed.
//   B4. What programs import, the engine, has its types beside it.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const staged = join(root, `dist.${process.pid}`);

/** Folders whose other files (schemas, scripts, pages) are needed beside the code. */
const ASSET_FOLDERS = ["services", "cluster-adapters", "proto/gen"];
const ASSET = /\.(?:json|ya?ml|sh|html|css|svg|js|proto)$/;
/** Where `exports` of package.json lead, and what those stand on. */
const TYPED_FOLDERS = ["native", "services/shared/base"];
const NOT_SHIPPED = /\.test\.|(?:^|\/)(?:testing|fixtures|test-cases)\//;

const LAUNCHER = `#!/usr/bin/env node
// What \`signalbox\` starts: refuses old Nodes in words, before anything they could not parse.
const major = Number(process.versions.node.split(".")[0]);
if (major < 22) {
  process.stderr.write(
    "signalbox needs Node 22 or newer; this is " + process.versions.node + " (" + process.execPath +
      "). See https://nodejs.org/en/download\\n",
  );
  process.exit(2);
}
await import("./services/cli/main.js");
`;

try {
  build();
} finally {
  rmSync(staged, { recursive: true, force: true });
}

function build(): void {
  const check = ["--noEmit", "--rewriteRelativeImportExtensions", "false"];
  tsc([...check, "--allowImportingTsExtensions"]);
  // Checked above; the emitter would only complain that it leaves `#…` as they are (TS2877).
  tsc(["--noCheck", "--outDir", staged]);
  for (const folder of ASSET_FOLDERS) copyAssets(folder);
  addTypes();
  writeFileSync(join(staged, "package.json"), `${JSON.stringify(distManifest(), null, 2)}\n`);
  writeFileSync(join(staged, "signalbox.js"), LAUNCHER);
  chmodSync(join(staged, "signalbox.js"), 0o755);
  const old = `${staged}.old`;
  renameIfThere(dist, old);
  renameSync(staged, dist);
  rmSync(old, { recursive: true, force: true });
  const count = readdirSync(dist, { recursive: true }).length;
  process.stdout.write(`dist: ${count} files\n`);
}

function tsc(args: string[]): void {
  const bin = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [bin, "-p", "tsconfig.build.json", ...args], {
      cwd: root,
      stdio: ["ignore", 2, 2], // npm pack --json wants stdout for itself.
    });
  } catch {
    process.stderr.write("build: the sources do not pass the types of Node 22\n");
    process.exit(1);
  }
}

function copyAssets(folder: string): void {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const path = relative(root, from);
    if (!entry.isFile() || !ASSET.test(path) || NOT_SHIPPED.test(path)) continue;
    const to = join(staged, path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
  }
}

function addTypes(): void {
  const types = `${staged}.types`;
  try {
    tsc(["--noCheck", "--declaration", "--emitDeclarationOnly", "--outDir", types]);
    for (const folder of TYPED_FOLDERS) {
      cpSync(join(types, folder), join(staged, folder), { recursive: true });
    }
  } finally {
    rmSync(types, { recursive: true, force: true });
  }
}

/** `#shared/x.ts` leads to `services/shared/x.js`; anything else with an extension to itself. */
function distManifest(): object {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    imports: Record<string, string>;
  };
  const imports: Record<string, string> = {};
  for (const [pattern, to] of Object.entries(manifest.imports)) {
    imports[pattern.replace(/\*$/, "*.ts")] = to.replace(/\*$/, "*.js");
    imports[pattern] = to;
  }
  return { type: "module", imports };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
  }
}
