// Keys for models: added, listed and revoked by administrators, and told to routers.

import type { signalbox } from "#proto/signalbox.js";
import { parseKeyEntry, type KeyEntry } from "#shared/base/api-key.ts";
import { Failure } from "#shared/base/errors.ts";
import { parseNamespaceId, type NamespaceId } from "#shared/base/ids.ts";
import { keysAddress } from "../core/messages.ts";
import type { KeyState } from "../core/state.ts";
import { isOperator, type Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { KeyDirectory } from "./key-directory.ts";

/** Of all namespaces: with MODELS_BYTES_MAX each they fit into one message of gRPC (16 MiB). */
export const LIVE_MAX = 20_000;
/** The names of the models that one key may use, as the wire has them: two bytes more each. */
export const MODELS_BYTES_MAX = 512;

export type KeyView = signalbox.control.v1.IKey;

export class KeysService {
  readonly #plane: ControlPlane;
  readonly #directory: KeyDirectory;

  constructor(plane: ControlPlane, directory: KeyDirectory) {
    this.#plane = plane;
    this.#directory = directory;
  }

  async add(
    caller: Caller,
    request: signalbox.control.v1.IAddKeyRequest,
  ): Promise<{ key: KeyView; existed: boolean }> {
    const namespace = this.#namespaceFor(caller, request.namespace);
    const key = entryOf(namespace, request);
    const { keys } = await this.#directory.of(null);
    const other = keys.find((each) => each.sha256 === key.sha256 && each.namespace !== namespace);
    if (other !== undefined) {
      throw new Failure("ALREADY_EXISTS", "this key is another namespace's", {
        hint: "Make a new one: signalbox key new",
      });
    }
    if (keys.length >= LIVE_MAX && !keys.some(({ sha256 }) => sha256 === key.sha256)) {
      throw new Failure("FULL", `there are ${LIVE_MAX} keys`, { hint: "Revoke some of them." });
    }
    const address = keysAddress(namespace);
    const answer = await this.#plane.engine.ask<"keys">(address, { kind: "add-key", key });
    const { existed } = answer as { existed: boolean };
    return { key: await this.#viewOf(namespace, key.sha256), existed };
  }

  async list(
    caller: Caller,
    request: signalbox.control.v1.IListKeysRequest,
  ): Promise<{ keys: KeyView[] }> {
    const namespace = this.#namespaceFor(caller, request.namespace);
    const keys = await this.#plane.engine.read<"keys", KeyView[]>(keysAddress(namespace), (state) =>
      [...(state?.keys.values() ?? [])].map(keyView),
    );
    return { keys };
  }

  async revoke(
    caller: Caller,
    request: signalbox.control.v1.IRevokeKeyRequest,
  ): Promise<{ key: KeyView }> {
    const namespace = this.#namespaceFor(caller, request.namespace);
    const message = { kind: "revoke-key", name: request.name ?? "" } as const;
    const answer = await this.#plane.engine.ask<"keys">(keysAddress(namespace), message);
    return { key: await this.#viewOf(namespace, (answer as { sha256: string }).sha256) };
  }

  async sync(
    caller: Caller,
    request: signalbox.control.v1.ISyncKeysRequest,
  ): Promise<signalbox.control.v1.ISyncKeysResponse> {
    const scope = isOperator(caller) ? null : this.#namespaceFor(caller, "");
    const { version, keys } = await this.#directory.of(scope);
    if (version === request.version) return { version, unchanged: true, keys: [] };
    return { version, unchanged: false, keys: keys.map(keyView) };
  }

  /** The operators' administrators for any namespace, a namespace's own for it. */
  #namespaceFor(caller: Caller, asked: string | null | undefined): NamespaceId {
    if (isOperator(caller)) return parseNamespaceId(asked || caller.namespace);
    return this.#plane.auth.require(caller, asked, "admin");
  }

  async #viewOf(namespace: NamespaceId, sha256: string): Promise<KeyView> {
    const key = await this.#plane.engine.read<"keys", KeyView | null>(
      keysAddress(namespace),
      (state) => {
        const found = state?.keys.get(sha256);
        return found === undefined ? null : keyView(found);
      },
    );
    if (key === null) throw new Failure("NOT_FOUND", `there is no key with the hash ${sha256}`);
    return key;
  }
}

/** INVALID names the field that is wrong. */
function entryOf(namespace: NamespaceId, request: signalbox.control.v1.IAddKeyRequest): KeyEntry {
  const { name, sha256, models, priority, priorityMax } = request;
  const given = {
    ...{ name: name ?? "", sha256: sha256 ?? "", namespace },
    models: models == null || models.length === 0 ? undefined : [...models],
    ...{ priority: priority || undefined, priority_max: priorityMax || undefined },
    requests_per_minute: request.requestsPerMinute || undefined,
    tokens_per_minute: request.tokensPerMinute || undefined,
    concurrent: request.concurrent || undefined,
  };
  const bad = (field: string, why: string): Failure => new Failure("INVALID", `${field} ${why}`);
  const entry = parseKeyEntry(given, bad);
  const names = entry.models ?? [];
  const bytes = names.reduce((sum, model) => sum + Buffer.byteLength(model) + 2, 0);
  if (bytes > MODELS_BYTES_MAX) {
    throw bad("models", `have names of ${bytes} bytes; ${MODELS_BYTES_MAX} are the most`);
  }
  return entry;
}

function keyView(key: KeyState): KeyView {
  const { namespace, name, sha256, models, priority, priorityMax, limits } = key;
  return {
    ...{ namespace, name, sha256, models: [...(models ?? [])], priority, priorityMax },
    requestsPerMinute: limits.requestsPerMinute ?? 0,
    tokensPerMinute: limits.tokensPerMinute ?? 0,
    concurrent: limits.concurrent ?? 0,
    createdAtMs: key.createdAtMs,
    revokedAtMs: key.revokedAtMs ?? 0,
  };
}
