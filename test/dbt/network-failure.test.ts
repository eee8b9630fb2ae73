// What a thrown error means, and above all whether the request can have reached the server.

import { describe, expect, test } from "vitest";
import { transportError } from "../../src/dbt/failures.js";
import { ignoredCertificateVariable } from "../../src/dbt/transport.js";
import { firstHint } from "../said.js";

const thrown = (code: string | undefined, more: object = {}) =>
  Object.assign(new Error("it broke"), { code, ...more });
const explain = (error: unknown, timedOut = false) =>
  transportError(error, { host: "ab123.us1.dbt.com" }, (text) => text, timedOut);

interface Row {
  readonly error: unknown;
  readonly code: string;
  readonly sent: boolean;
  readonly passing: boolean;
}

const connecting = { syscall: "connect" };
const rows: Row[] = [
  {
    error: thrown("ENOTFOUND", { syscall: "getaddrinfo" }),
    code: "host-not-found",
    sent: false,
    passing: false,
  },
  {
    error: thrown("EAI_AGAIN", { syscall: "getaddrinfo" }),
    code: "dns-unavailable",
    sent: false,
    passing: true,
  },
  { error: thrown("ECONNREFUSED", connecting), code: "connection-refused", sent: false, passing: true },
  { error: thrown("EHOSTUNREACH", connecting), code: "host-unreachable", sent: false, passing: true },
  { error: thrown("ENETUNREACH", connecting), code: "host-unreachable", sent: false, passing: true },
  { error: thrown("ETIMEDOUT", connecting), code: "connection-timeout", sent: false, passing: true },
  { error: thrown("UND_ERR_CONNECT_TIMEOUT"), code: "connection-timeout", sent: false, passing: true },
  { error: thrown("DEPTH_ZERO_SELF_SIGNED_CERT"), code: "tls-failed", sent: false, passing: false },
  { error: thrown("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), code: "tls-failed", sent: false, passing: false },
  { error: thrown("CERT_HAS_EXPIRED"), code: "tls-failed", sent: false, passing: false },
  { error: thrown("ERR_TLS_CERT_ALTNAME_INVALID"), code: "tls-failed", sent: false, passing: false },
  {
    error: new Error("Proxy response (407) !== 200 when HTTP Tunneling"),
    code: "proxy-failed",
    sent: false,
    passing: false,
  },
  // The same codes on an established connection: the request may have arrived.
  { error: thrown("EHOSTUNREACH", { syscall: "read" }), code: "host-unreachable", sent: true, passing: true },
  { error: thrown("ETIMEDOUT", { syscall: "read" }), code: "connection-timeout", sent: true, passing: true },
  { error: thrown("ECONNRESET", { syscall: "read" }), code: "connection-lost", sent: true, passing: true },
  { error: thrown("EPIPE", { syscall: "write" }), code: "connection-lost", sent: true, passing: true },
  { error: thrown("UND_ERR_SOCKET"), code: "connection-lost", sent: true, passing: true },
  { error: thrown("UND_ERR_BODY_TIMEOUT"), code: "answer-timeout", sent: true, passing: true },
  { error: thrown("EPROTO", { syscall: "write" }), code: "tls-failed", sent: true, passing: false },
  {
    error: thrown("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    code: "tls-failed",
    sent: true,
    passing: false,
  },
  { error: thrown(undefined), code: "network-failed", sent: true, passing: true },
  { error: "a text", code: "network-failed", sent: true, passing: true },
];

test.each(rows)("$error.code → $code, sent: $sent", ({ error, code, sent, passing }) => {
  const broken = explain(error);
  expect(broken).toMatchObject({ sent, passing });
  expect(broken.failure.diagnostics[0]?.code).toBe(code);
  expect(firstHint(broken.failure.diagnostics)).toBeTruthy();
});

describe("what a certificate lacks", () => {
  const host = "ab123.us1.dbt.com";
  const said = (code: string, ignored?: "SSL_CERT_FILE") => {
    const { failure } = transportError(thrown(code), { host, ignored }, (text) => text, false);
    return `${failure.message}. ${firstHint(failure.diagnostics)}`;
  };

  test("an unknown authority, another host name and a date are three texts", () => {
    expect(said("UNABLE_TO_GET_ISSUER_CERT_LOCALLY")).toMatch(/authority.*NODE_EXTRA_CA_CERTS/);
    expect(said("SELF_SIGNED_CERT_IN_CHAIN")).toBe(said("UNABLE_TO_VERIFY_LEAF_SIGNATURE"));
    expect(said("ERR_TLS_CERT_ALTNAME_INVALID")).toMatch(/another host name.*--host/);
    expect(said("ERR_TLS_CERT_ALTNAME_INVALID")).not.toContain("NODE_EXTRA_CA_CERTS");
    expect(said("CERT_HAS_EXPIRED")).toMatch(/expired.*date and time/);
  });

  test("SSL_CERT_FILE, where it is set, is said to be ignored", () => {
    expect(said("SELF_SIGNED_CERT_IN_CHAIN", "SSL_CERT_FILE")).toMatch(/SSL_CERT_FILE.*does not read/);
    expect(said("ERR_TLS_CERT_ALTNAME_INVALID", "SSL_CERT_FILE")).not.toContain("SSL_CERT_FILE");
  });

  test.each([
    [{}, undefined],
    [{ SSL_CERT_FILE: "" }, undefined],
    [{ SSL_CERT_FILE: "/ca.pem" }, "SSL_CERT_FILE"],
    [{ SSL_CERT_DIR: "/certs" }, "SSL_CERT_DIR"],
    [{ SSL_CERT_FILE: "/ca.pem", NODE_OPTIONS: "--use-openssl-ca" }, undefined],
    [{ SSL_CERT_FILE: "/ca.pem", NODE_USE_SYSTEM_CA: "1" }, undefined],
  ])("%j: ignored is %s", (env, expected) => {
    expect(ignoredCertificateVariable(env)).toBe(expected);
  });
});

test("our own clock counts as sent", () => {
  const broken = explain(thrown("ABORT_ERR"), true);
  expect(broken).toMatchObject({ sent: true, passing: true });
  expect(broken.failure.diagnostics[0]?.code).toBe("answer-timeout");
});

describe("several addresses tried", () => {
  const many = (...errors: unknown[]) =>
    Object.assign(new AggregateError(errors, ""), { code: "ECONNREFUSED_OR_SO" });

  test("none connected: nothing was sent", () => {
    expect(explain(many(thrown("EHOSTUNREACH", connecting), thrown("ETIMEDOUT", connecting))).sent).toBe(
      false,
    );
  });

  test("one of them did, or none is known: it may have been", () => {
    expect(
      explain(many(thrown("EHOSTUNREACH", connecting), thrown("ECONNRESET", { syscall: "read" }))).sent,
    ).toBe(true);
    expect(explain(many()).sent).toBe(true);
  });
});
