import { type ErrorCode, ProviderError } from "../../core/errors.js";

interface Failure {
  words: RegExp;
  code: ErrorCode;
  what: string;
  hint(host: string): string;
}

/** Where ssh never got so far as to start anything, in its own words. */
const REFUSALS: readonly Failure[] = [
  {
    words: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed/i,
    code: "bad_credentials",
    what: "its host key is not the known one",
    hint: (host) =>
      `If the machine was set up anew, remove the old key with ssh-keygen -R and connect once with ssh ${host}; if not, somebody may be listening.`,
  },
  {
    words: /Host key verification failed|No \S+ host key is known|authenticity of host/i,
    code: "bad_credentials",
    what: "its host key is not known",
    hint: (host) => `Connect once by hand with ssh ${host}, compare the key, and answer yes.`,
  },
  {
    words: /Permission denied|Too many authentication failures|no mutual signature/i,
    code: "bad_credentials",
    what: "it accepts none of your keys",
    hint: (host) =>
      `ssh ${host} has to work without a password: add your key to its authorized_keys, or to the agent.`,
  },
  {
    words: /Could not resolve hostname|Name or service not known/i,
    code: "unreachable",
    what: "its name is not known",
    hint: () => "Check providers.ssh.host and your ssh configuration.",
  },
  {
    words: /Bad configuration option|Can't open user config file|Bad owner or permissions on/i,
    code: "bad_input",
    what: "ssh does not accept its configuration",
    hint: () => "Correct your ssh configuration.",
  },
];

const NEVER_CONNECTED =
  /Connection refused|Connection timed out during banner|connect to host .* port|No route to host|Network is unreachable|Operation timed out/i;

/** From ssh's exit code 255, or its end by a signal or after the time that it was given. */
export function explainSshFailure(
  { provider, host }: { provider: string; host: string },
  end: { code: number | null; stderr: string },
  { isAmbiguous }: { isAmbiguous: boolean },
): ProviderError {
  const words = end.stderr.trim().split("\n").at(-1)?.trim() ?? "";
  const refusal = REFUSALS.find((each) => each.words.test(end.stderr));
  if (refusal !== undefined) {
    return new ProviderError(provider, `${host} cannot be used: ${refusal.what} (${words})`, {
      code: refusal.code,
      hint: refusal.hint(host),
      isRetryable: refusal.code === "unreachable",
    });
  }
  const what = end.code === null ? "did not answer in time" : "broke off the connection";
  const isConnected = !NEVER_CONNECTED.test(end.stderr);
  return new ProviderError(
    provider,
    `${host} ${isConnected ? what : "cannot be reached"}: ${words || "no reason given"}`,
    {
      code: "unreachable",
      hint: `Check that ssh ${host} works, then run the command again.`,
      isRetryable: true,
      isAmbiguous: isAmbiguous && isConnected,
    },
  );
}
