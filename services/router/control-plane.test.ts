// What a router's configuration must have to reach the control plane.

import { expect, test } from "vitest";
import { loadConfig } from "#shared/config/load-config.ts";
import { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { openControlPlane } from "./control-plane.ts";

const life = new Lifecycle({ logger: createLogger({ service: "test", level: "silent" }) });

async function opened(router: { readonly [key: string]: string }): Promise<unknown> {
  const overrides = Object.entries(router).map(([key, value]) => [`router.${key}`, value]);
  const settings = loadConfig({ env: {}, overrides: Object.fromEntries(overrides) });
  return await openControlPlane(life, settings);
}

test("half a configuration is refused with the key that is missing; none is none", async () => {
  const scheduler = "127.0.0.1:1";
  expect(await opened({})).toBeNull();
  for (const [router, missing] of [
    [{ scheduler_keys: "true" }, "router.scheduler_keys needs router.scheduler:"],
    [{ scheduler, scheduler_token_file: "t" }, "router.scheduler needs router.state:"],
    [{ scheduler, state: "s" }, "router.scheduler needs router.scheduler_token_file:"],
  ] as readonly (readonly [{ readonly [key: string]: string }, string])[]) {
    await expect(opened(router)).rejects.toMatchObject({
      ...{ code: "INVALID", message: expect.stringContaining(missing) },
    });
  }
});
