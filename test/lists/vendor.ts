/** A vendor's host: https on a free port of this machine, by a certificate made for these tests alone. */
import { writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8AueaYy8Ye7+5V1o
P5/+Jz6u3FKjt5g8veCeZmcMdtShRANCAAQr7H6JaYq7C62tAf0Ks4qM6BkRgMD7
mSLvbAFrudZ+9inJr7i0WFGT6RKJkvYWuNBFARcxzdkeiLfG9U8Pvlw4
-----END PRIVATE KEY-----
`;

/** For localhost and 127.0.0.1, self-signed, valid until 2126. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBqjCCAVGgAwIBAgIUDildBK8X0Y62Z82pdbA3Clx2fUowCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRZGJ0LWlwLXJ1bGVzIHRlc3QwIBcNMjYxMTI5MDAxMzE5WhgP
MjEyNjExMDUwMDEzMTlaMBwxGjAYBgNVBAMMEWRidC1pcC1ydWxlcyB0ZXN0MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEK+x+iWmKuwutrQH9CrOKjOgZEYDA+5ki
72wBa7nWfvYpya+4tFhRk+kSiZL2FrjQRQEXMc3ZHoi3xvVPD75cOKNvMG0wHQYD
VR0OBBYEFLvk5ZmxfVwZTm82Vie6edD0r9tEMB8GA1UdIwQYMBaAFLvk5ZmxfVwZ
Tm82Vie6edD0r9tEMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxo
b3N0hwR/AAABMAoGCCqGSM49BAMCA0cAMEQCIFH6nwu63cShJ87G5Ixlxocw/g69
pqB6Q/opgws4Q49iAiBNo4EqZzDTgqFsrpXu8ZtvitjXKJI2M7pj3I0NBSCKVQ==
-----END CERTIFICATE-----
`;

export interface Vendor {
  readonly url: string;
  /** What it answers from now on. */
  serve(listener: RequestListener): void;
  close(): Promise<void>;
}

/** Answers each path of `bodies`; 404 for others. */
export const lists =
  (bodies: Readonly<Record<string, string>>): RequestListener =>
  ({ url = "" }, response) => {
    const body = bodies[url];
    if (body === undefined) response.writeHead(404);
    response.end(body);
  };

export const startVendor = async (listener: RequestListener): Promise<Vendor> => {
  let current = listener;
  const server = createServer({ key, cert: certificate }, (request, response) => current(request, response));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(next) {
      current = next;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
};

/** Makes this process trust the vendor, until what this gives back is called. */
export const trustHere = (): (() => void) => {
  const { createSecureContext } = tls;
  tls.createSecureContext = (options) => {
    const made = createSecureContext(options);
    made.context.addCACert(certificate);
    return made;
  };
  return () => {
    tls.createSecureContext = createSecureContext;
  };
};

/** The variable that makes Node.js trust the vendor, for a program of its own. */
export const trusting = async (file: string): Promise<{ readonly NODE_EXTRA_CA_CERTS: string }> => {
  await writeFile(file, certificate);
  return { NODE_EXTRA_CA_CERTS: file };
};
