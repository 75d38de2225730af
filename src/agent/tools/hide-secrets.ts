/** `secrets` come longest first, because one may be a part of another. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "[hidden]"), text);
}
