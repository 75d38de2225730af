import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe } from "@jest/globals";
import { until } from "../fake-trainer.js";

const SSHD = "/usr/sbin/sshd";
const HOST = "mllm-test-host";

/** A real OpenSSH server on a loopback port, behind a relay that can cut its connections. */
export interface SshServer {
  /** As on the command line of ssh. */
  host: string;
  /** Holds MLLM_SSH_CONFIG, with keys and known hosts of its own. */
  env: Record<string, string | undefined>;
  folder: string;
  relay: Relay;
  /** Forgets the server's key, or knows another one. */
  setKnownHosts(kind: "none" | "right" | "other"): void;
  stop(): Promise<void>;
}

interface Relay {
  /** Cuts every connection; with `refuse`, new ones too until `accept`. */
  cut(options?: { refuse?: boolean }): void;
  accept(): void;
  /** Cuts the next connections once so many bytes have gone this way; null: no longer. */
  cutAfter(limit: { direction: "up" | "down"; bytes: number } | null): void;
  /** Bytes that went through the newest connection. */
  traffic(): { up: number; down: number };
}

export const hasSshd = existsSync(SSHD);

/** Describes what needs a real sshd; without one the tests are reported as skipped. */
export const describeWithSshd = hasSshd ? describe : describe.skip;
if (!hasSshd) process.stderr.write(`skipped: tests against ${SSHD}, which is not installed\n`);

/** `environment`: what programs on the host find set. */
export async function startSshd(environment: Record<string, string> = {}): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), "mllm-sshd-"));
  for (const name of ["host", "other", "user"]) {
    const file = join(folder, `${name}_key`);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
  }
  // Where the server drops its rights, should it run as root.
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
  const port = await freePort();
  const server = startServer(folder, { port, environment });
  const { relay, close, port: relayPort } = await startRelay(port);
  const knownHosts = join(folder, "known_hosts");
  const setKnownHosts = (kind: "none" | "right" | "other") => {
    const key = readFileSync(join(folder, kind === "other" ? "other_key.pub" : "host_key.pub"), "utf8");
    writeFileSync(knownHosts, kind === "none" ? "" : `${HOST} ${key}`);
  };
  setKnownHosts("right");
  const env = { ...process.env, TMPDIR: folder, XDG_RUNTIME_DIR: undefined };
  writeFileSync(join(folder, "ssh_config"), clientConfig(folder, relayPort));
  await until(async () => (await canConnect(port)) || server.exitCode !== null);
  if (server.exitCode !== null) throw new Error(readFileSync(join(folder, "sshd.log"), "utf8"));
  return {
    host: HOST,
    env: { ...env, MLLM_SSH_CONFIG: join(folder, "ssh_config") },
    folder,
    relay,
    setKnownHosts,
    stop: async () => {
      await close();
      server.kill();
      await until(() => server.exitCode !== null || server.signalCode !== null);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startServer(
  folder: string,
  { port, environment }: { port: number; environment: Record<string, string> },
): ChildProcess {
  const authorized = join(folder, "authorized_keys");
  writeFileSync(authorized, readFileSync(join(folder, "user_key.pub")), { mode: 0o600 });
  const variables = Object.entries(environment).map(
    ([name, value]) => `"${name}=${value.replaceAll('"', '\\"')}"`,
  );
  const config = join(folder, "sshd_config");
  writeFileSync(
    config,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(folder, "host_key")}
AuthorizedKeysFile ${authorized}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
MaxSessions 100
PrintMotd no
${variables.length === 0 ? "" : `SetEnv ${variables.join(" ")}`}
`,
  );
  return spawn(SSHD, ["-D", "-f", config, "-E", join(folder, "sshd.log")], { stdio: "ignore" });
}

function clientConfig(folder: string, port: number): string {
  return `Host ${HOST}
  HostName 127.0.0.1
  Port ${port}
  HostKeyAlias ${HOST}
  User ${userInfo().username}
  IdentityFile ${join(folder, "user_key")}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ${join(folder, "known_hosts")}
  GlobalKnownHostsFile /dev/null
`;
}

async function startRelay(target: number): Promise<{ relay: Relay; close(): Promise<void>; port: number }> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let limit: Parameters<Relay["cutAfter"]>[0] = null;
  let newest = { up: 0, down: 0 };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (!isOpen) return client.destroy();
    const remote = createConnection(target, "127.0.0.1");
    const counts = { up: 0, down: 0 };
    newest = counts;
    const pass = (from: Socket, to: Socket, direction: "up" | "down") => {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on("data", (piece: Buffer) => {
        counts[direction] += piece.length;
        if (limit?.direction !== direction || counts[direction] < limit.bytes) {
          if (!to.write(piece)) from.pause();
          return;
        }
        from.destroy();
        to.destroy();
      });
      to.on("drain", () => from.resume());
    };
    pass(client, remote, "up");
    pass(remote, client, "down");
    return undefined;
  });
  const port = await listen(server, 0);
  const relay: Relay = {
    cut: ({ refuse = false } = {}) => {
      isOpen = !refuse;
      drop();
    },
    accept: () => {
      isOpen = true;
    },
    cutAfter: (next) => {
      limit = next;
    },
    traffic: () => newest,
  };
  const close = async () => {
    drop();
    await new Promise((resolve) => server.close(resolve));
  };
  return { relay, close, port };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
