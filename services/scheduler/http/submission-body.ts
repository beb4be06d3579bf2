// POST /v1/runs: the manifest itself or the digest of a stored workflow, and the values it is run
// with.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { Caller } from "../server/auth.ts";
import type { WorkflowsService } from "../server/workflows-service.ts";
import type { Exchange } from "./exchange.ts";

const MEMBERS = ["manifest", "workflow", "fileName", "params", "files", "cluster", "labels"];
/** A body of these is the manifest itself; the types RFC 9512 registers and those in use before. */
const YAML_TYPES = new Set(["application/yaml", "application/x-yaml", "text/yaml"]);

/** The Idempotency-Key header makes a repeated POST the same run. */
export async function parseSubmission(
  exchange: Exchange,
  caller: Caller,
  workflows: WorkflowsService,
): Promise<signalbox.control.v1.ISubmitRunRequest> {
  const type = exchange.header("content-type").split(";", 1)[0]?.trim() ?? "";
  if (YAML_TYPES.has(type)) {
    const fileName = exchange.query.get("file") ?? "";
    return {
      manifest: await exchange.body(),
      fileName,
      idempotencyKey: exchange.header("idempotency-key"),
    };
  }
  const body = await exchange.json(MEMBERS);
  const { manifest, workflow } = body;
  if ((manifest === undefined) === (workflow === undefined)) {
    throw new Failure("INVALID", "give either manifest or workflow (the digest of a stored one)");
  }
  const stored =
    workflow === undefined ? null : await workflows.get(caller, textOf(body, "workflow"));
  return {
    manifest: stored?.manifest ?? manifestBytes(manifest),
    fileName:
      body["fileName"] === undefined ? (stored?.workflow.fileName ?? "") : textOf(body, "fileName"),
    paramsJson: Object.fromEntries(
      Object.entries(mapOf(body, "params")).map(([name, value]) => [name, JSON.stringify(value)]),
    ),
    idempotencyKey: exchange.header("idempotency-key"),
    fileDigests: textsOf(body, "files"),
    cluster: body["cluster"] === undefined ? "" : textOf(body, "cluster"),
    labels: textsOf(body, "labels"),
  };
}

/** YAML or JSON as a text, or a JSON object as it is. */
function manifestBytes(manifest: unknown): Uint8Array {
  if (typeof manifest === "string") return Buffer.from(manifest, "utf8");
  if (typeof manifest === "object" && manifest !== null)
    return Buffer.from(JSON.stringify(manifest), "utf8");
  throw new Failure("INVALID", "manifest is neither a text nor an object");
}

type Body = { readonly [member: string]: unknown };

function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === "string") return value;
  throw new Failure("INVALID", `${name} is no text`);
}

function mapOf(body: Body, name: string): { readonly [key: string]: unknown } {
  const value = body[name] ?? {};
  if (typeof value === "object" && !Array.isArray(value))
    return value as { readonly [key: string]: unknown };
  throw new Failure("INVALID", `${name} is no object`);
}

function textsOf(body: Body, name: string): { [key: string]: string } {
  const texts: { [key: string]: string } = {};
  for (const [key, value] of Object.entries(mapOf(body, name))) {
    if (typeof value !== "string") throw new Failure("INVALID", `${name}.${key} is no text`);
    texts[key] = value;
  }
  return texts;
}
