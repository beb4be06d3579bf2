// For tests: a self-signed X.509 certificate (RFC 5280) for 127.0.0.1, written by hand in DER, so
// that no test needs openssl.

import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** `name.cert.pem` and `name.key.pem` in `directory`; an Ed25519 key, good for a day. */
export function writeCertificate(
  directory: string,
  name: string,
): { readonly certFile: string; readonly keyFile: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const ed25519 = sequence(der(0x06, Buffer.from("2b6570", "hex")));
  const issuer = sequence(set(sequence(oid("550403"), der(0x0c, Buffer.from(name)))));
  const nowMs = Date.now();
  const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(nowMs),
    ed25519,
    issuer,
    sequence(time(nowMs - 3_600_000), time(nowMs + 86_400_000)),
    issuer,
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension("551d11", sequence(der(0x87, Buffer.from([127, 0, 0, 1])))), // subjectAltName
        extension("551d13", sequence(der(0x01, Buffer.from([0xff])))), // basicConstraints: a CA
      ),
    ),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign(null, body, privateKey)]));
  const base64 = sequence(body, ed25519, signature).toString("base64").replaceAll(/.{64}/g, "$&\n");
  const certFile = join(directory, `${name}.cert.pem`);
  const keyFile = join(directory, `${name}.key.pem`);
  writeFileSync(certFile, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
  return { certFile, keyFile };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]): Buffer => der(0x31, Buffer.concat(parts));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

function integer(value: number): Buffer {
  const hex = value.toString(16);
  return der(0x02, Buffer.from(hex.length % 2 === 0 ? `00${hex}` : `0${hex}`, "hex"));
}

/** UTCTime. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, "");
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}
