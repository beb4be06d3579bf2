import { expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { writeCertificate } from "./certificate.fixture.ts";
import { clientOf, openChannel } from "./grpc-client.ts";
import { HealthService } from "./grpc-health.ts";
import { GrpcServer } from "./grpc-server.ts";
import { isLoopback, serverCredentialsOf } from "./tls.ts";
import type { TlsFiles } from "./tls.ts";

async function serve(tls: TlsFiles): Promise<string> {
  const logger = createLogger({ service: "test", destination: { write: () => {} } });
  const server = new GrpcServer({
    listen: "127.0.0.1:0",
    tls,
    metrics: createMetrics("test"),
    logger,
  });
  onTestFinished(() => server.stop(500));
  return await server.start();
}

async function check(address: string, tls?: TlsFiles): Promise<string | undefined> {
  const channel = openChannel({ address, ...(tls === undefined ? {} : { tls }) });
  onTestFinished(() => channel.close());
  const failure = (reason: unknown): string => (reason as Failure).code;
  return await clientOf(HealthService, channel)
    .check({ service: "" }, { deadlineMs: 5000 })
    .then(({ status }) => status, failure);
}

test("a client that trusts the server's certificate is served, any other is not", async () => {
  const { path, remove } = tempDirectory("tls");
  onTestFinished(remove);
  const server = writeCertificate(path, "server");
  const stranger = writeCertificate(path, "stranger");
  const address = await serve({ ...server, caFile: null });
  const trusting = (caFile: string): TlsFiles => ({ caFile, certFile: null, keyFile: null });
  expect(await check(address, trusting(server.certFile))).toBe("SERVING");
  expect(await check(address, trusting(stranger.certFile))).toBe("UNAVAILABLE");
  expect(await check(address)).toBe("UNAVAILABLE");
});

test("a server with a ca_file serves only clients that bring a certificate of it", async () => {
  const { path, remove } = tempDirectory("mtls");
  onTestFinished(remove);
  const server = writeCertificate(path, "server");
  const client = writeCertificate(path, "client");
  const address = await serve({ ...server, caFile: client.certFile });
  expect(await check(address, { ...client, caFile: server.certFile })).toBe("SERVING");
  expect(await check(address, { caFile: server.certFile, certFile: null, keyFile: null })).toBe(
    "UNAVAILABLE",
  );
});

test("half a pair, or a file that is not there, is INVALID by name", () => {
  const half = { caFile: null, certFile: "c.pem", keyFile: null };
  expect(() => serverCredentialsOf(half)).toThrow("belong together");
  expect(() => serverCredentialsOf({ ...half, keyFile: "nowhere.pem" })).toThrow(
    "cannot read the TLS file nowhere.pem",
  );
  expect(() => serverCredentialsOf({ caFile: "a", certFile: null, keyFile: null })).toThrow(
    Failure,
  );
});

test("loopback is this machine alone", () => {
  for (const here of ["127.0.0.1:80", "localhost:1", "[::1]:9", "127.9.9.9:2"])
    expect(isLoopback(here)).toBe(true);
  for (const there of ["0.0.0.0:80", "10.0.0.1:1", "[::]:9", "127.0.0.1.example.org:1"])
    expect(isLoopback(there)).toBe(false);
});
