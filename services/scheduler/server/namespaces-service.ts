// Tokens: made, listed, revoked; and who the caller is.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { parseNamespaceId } from "#shared/base/ids.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import { namespaceAddress } from "../core/messages.ts";
import { isOperator, newToken, parseRole } from "./auth.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";
import { tokenView } from "./views.ts";
import type { TokenView } from "./views.ts";

const NAME_MAX = 100;
/**
 * Tokens of one namespace, the revoked ones included: they are kept, so that a leak can be traced.
 */
const TOKENS_MAX = 1000;

export class NamespacesService {
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  async createToken(
    caller: Caller,
    request: signalbox.control.v1.ICreateTokenRequest,
  ): Promise<{ token: TokenView; secret: string }> {
    const { engine, clock } = this.#plane;
    const namespace = this.#namespaceFor(caller, request.namespace);
    const role = parseRole(request.role ?? "");
    const name = request.name ?? "";
    if (name.length > NAME_MAX)
      throw new Failure("INVALID", `the name is longer than ${NAME_MAX} characters`);
    const lifetimeS = request.lifetimeS ?? 0;
    if (lifetimeS < 0) throw new Failure("INVALID", "the lifetime is negative");
    const address = namespaceAddress(namespace);
    const count = await engine.read<"namespace", number>(
      address,
      (state) => state?.tokens.size ?? 0,
    );
    if (count >= TOKENS_MAX)
      throw new Failure("FULL", `namespace ${namespace} has ${count} tokens already`);
    const { id, hash, secret } = newToken(namespace);
    const nowMs = clock.nowMs();
    const expiresAtMs = lifetimeS === 0 ? null : nowMs + lifetimeS * 1000;
    await engine.ask<"namespace">(address, {
      kind: "add-token",
      id,
      hash,
      role,
      name,
      expiresAtMs,
    });
    return { token: await this.#tokenOf(namespace, id), secret };
  }

  async listTokens(
    caller: Caller,
    request: { readonly namespace?: string | null },
  ): Promise<{ tokens: TokenView[] }> {
    const namespace = this.#plane.auth.require(caller, request.namespace, "admin");
    const tokens = await this.#plane.engine.read<"namespace", TokenView[]>(
      namespaceAddress(namespace),
      (state) => [...(state?.tokens.values() ?? [])].map((token) => tokenView(namespace, token)),
    );
    return { tokens };
  }

  async revokeToken(
    caller: Caller,
    request: { readonly namespace?: string | null; readonly id?: string | null },
  ): Promise<{ token: TokenView }> {
    const namespace = this.#plane.auth.require(caller, request.namespace, "admin");
    const id = request.id ?? "";
    await this.#plane.engine.ask<"namespace">(namespaceAddress(namespace), {
      kind: "revoke-token",
      id,
    });
    return { token: await this.#tokenOf(namespace, id) };
  }

  whoAmI(caller: Caller): signalbox.control.v1.IWhoAmIResponse {
    const { version, logDriver } = this.#plane;
    return { token: tokenView(caller.namespace, caller.token), version, log: logDriver };
  }

  /** An operator may make tokens for every namespace: that is how a namespace comes to be. */
  #namespaceFor(caller: Caller, asked: string | null | undefined): NamespaceId {
    if (isOperator(caller) && asked) return parseNamespaceId(asked);
    return this.#plane.auth.require(caller, asked, "admin");
  }

  async #tokenOf(namespace: NamespaceId, id: string): Promise<TokenView> {
    const token = await this.#plane.engine.read<"namespace", TokenView | null>(
      namespaceAddress(namespace),
      (state) => {
        const found = state?.tokens.get(id);
        return found === undefined ? null : tokenView(namespace, found);
      },
    );
    if (token === null) throw new Failure("NOT_FOUND", `there is no token ${id}`);
    return token;
  }
}
