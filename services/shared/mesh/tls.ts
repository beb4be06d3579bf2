// TLS for gRPC and HTTP from three files. No files mean plain text, which is for loopback: a token
// sent in plain text past this machine is a token given away.

import { readFileSync } from "node:fs";
import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { Failure } from "#shared/base/errors.ts";

/** Paths of PEM files. A client needs `caFile` alone; with the other two it proves who it is. */
export interface TlsFiles {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

export const NO_TLS: TlsFiles = { caFile: null, certFile: null, keyFile: null };

/** INVALID when a file cannot be read or a certificate comes without its key. */
export function serverCredentialsOf(tls: TlsFiles): ServerCredentials {
  const pair = keyPairOf(tls);
  if (pair === null) {
    if (tls.caFile !== null)
      throw new Failure("INVALID", "tls.ca_file needs cert_file and key_file on a server");
    return ServerCredentials.createInsecure();
  }
  const clientCa = tls.caFile === null ? null : readPem(tls.caFile);
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
}

export function channelCredentialsOf(tls: TlsFiles): ChannelCredentials {
  const pair = keyPairOf(tls);
  if (tls.caFile === null && pair === null) return ChannelCredentials.createInsecure();
  const ca = tls.caFile === null ? null : readPem(tls.caFile);
  return ChannelCredentials.createSsl(ca, pair?.private_key ?? null, pair?.cert_chain ?? null);
}

export function isLoopback(address: string): boolean {
  const host = address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function keyPairOf(tls: TlsFiles): { private_key: Buffer; cert_chain: Buffer } | null {
  if (tls.certFile === null && tls.keyFile === null) return null;
  if (tls.certFile === null || tls.keyFile === null) {
    throw new Failure("INVALID", "tls.cert_file and tls.key_file belong together: one is missing");
  }
  return { private_key: readPem(tls.keyFile), cert_chain: readPem(tls.certFile) };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (reason) {
    throw new Failure("INVALID", `cannot read the TLS file ${path}`, { cause: reason });
  }
}
