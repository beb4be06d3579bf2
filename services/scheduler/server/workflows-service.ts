// Workflows kept by name of their content, so that a run can be started from a digest. The manifest
// is an artifact; beside the store, one small file per namespace and digest says who put it there.

import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { compileManifest, readManifest } from "#shared/manifest/compile-manifest.ts";
import { manifestFiles } from "#shared/manifest/manifest-files.ts";
import type { RawParam } from "#shared/manifest/raw-manifest.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";
import { refuseManifest, textOf } from "./submission.ts";

export interface Workflow {
  /** `sha256:HEX` of the manifest's bytes. */
  readonly digest: string;
  readonly name: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly storedAtMs: number;
  readonly storedBy: string;
}

/** Workflows of one namespace. A manifest that changes with every run belongs in POST /v1/runs. */
const WORKFLOWS_MAX = 10_000;

export class WorkflowsService {
  readonly #plane: ControlPlane;
  readonly #root: string;

  /** `root`: where the small files go. */
  constructor(plane: ControlPlane, root: string) {
    this.#plane = plane;
    this.#root = root;
  }

  /** INVALID with every error; storing the same again answers what is there. */
  async put(caller: Caller, manifest: Uint8Array, fileName: string): Promise<Workflow> {
    const namespace = this.#plane.auth.require(caller, null, "submitter");
    const name = checkWorkflow(textOf(manifest, fileName), fileName);
    const { digest, sizeBytes } = await this.#plane.artifacts.put(namespace, [manifest]);
    const file = this.#fileOf(namespace, digest);
    const known = await readWorkflow(file);
    if (known !== null) return known;
    if ((await this.#digests(namespace)).length >= WORKFLOWS_MAX) {
      throw new Failure("FULL", `namespace ${namespace} has ${WORKFLOWS_MAX} workflows already`);
    }
    const storedBy = caller.token.name === "" ? caller.token.id : caller.token.name;
    const storedAtMs = this.#plane.clock.nowMs();
    const workflow: Workflow = { digest, name, fileName, sizeBytes, storedAtMs, storedBy };
    await writeDurably(file, JSON.stringify(workflow));
    return workflow;
  }

  /** Newest first. */
  async list(caller: Caller): Promise<Workflow[]> {
    const namespace = this.#plane.auth.require(caller, null, "viewer");
    const workflows: Workflow[] = [];
    for (const digest of await this.#digests(namespace)) {
      const workflow = await readWorkflow(this.#fileOf(namespace, digest));
      if (workflow !== null) workflows.push(workflow);
    }
    return workflows.toSorted(
      (a, b) => b.storedAtMs - a.storedAtMs || (a.digest < b.digest ? -1 : 1),
    );
  }

  /** With the manifest as it was written. */
  async get(caller: Caller, digest: string): Promise<{ workflow: Workflow; manifest: Buffer }> {
    const namespace = this.#plane.auth.require(caller, null, "viewer");
    const workflow = await readWorkflow(this.#fileOf(namespace, digest));
    if (workflow === null)
      throw new Failure("NOT_FOUND", `there is no workflow ${digest} in namespace ${namespace}`);
    const chunks: Buffer[] = [];
    for await (const chunk of this.#plane.artifacts.read(namespace, digest)) chunks.push(chunk);
    return { workflow, manifest: Buffer.concat(chunks) };
  }

  async #digests(namespace: string): Promise<string[]> {
    try {
      const names = await readdir(join(this.#root, namespace));
      return names
        .filter((name) => name.endsWith(".json"))
        .map((name) => `sha256:${name.slice(0, -5)}`);
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw reason;
    }
  }

  #fileOf(namespace: string, digest: string): string {
    // INVALID for anything but a digest: no path gets in here.
    return join(this.#root, namespace, `${this.#plane.artifacts.hexOf(digest)}.json`);
  }
}

/** The workflow's name. Params without a default and local files come with a run, so not now. */
function checkWorkflow(text: string, fileName: string): string {
  const read = readManifest({ text, fileName });
  if ("errors" in read) throw refuseManifest(fileName, read.errors);
  const params: { [name: string]: unknown } = {};
  for (const [name, param] of Object.entries(read.manifest.params ?? {})) {
    if (param.default === undefined) params[name] = someValue(param);
  }
  const files = manifestFiles({ text, fileName, params });
  if (files.errors !== undefined) throw refuseManifest(fileName, files.errors);
  const digest = `sha256:${"0".repeat(64)}`;
  const fileDigests = Object.fromEntries(
    files.files.map((path) => [path, { digest, sizeBytes: 0 }]),
  );
  const compiled = compileManifest({ text, fileName, params, fileDigests });
  if (compiled.errors !== undefined) throw refuseManifest(fileName, compiled.errors);
  return compiled.plan.workflow;
}

function someValue(param: RawParam): unknown {
  if (param.enum?.[0] !== undefined) return param.enum[0];
  switch (param.type) {
    case "boolean":
      return false;
    case "integer":
    case "number":
      return param.minimum ?? param.maximum ?? 0;
    default:
      return "x";
  }
}

async function readWorkflow(file: string): Promise<Workflow | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Workflow;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw reason;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}
