/** The secrets of a run, to keep them out of the report. */
export class KnownSecrets {
  private readonly known = new Set<string>();

  note(...secrets: readonly string[]): void {
    for (const secret of secrets) if (secret.length >= 6) this.known.add(secret);
  }

  /** Removes the secrets from a text. */
  redact(text: string): string {
    const found = [...this.known].filter((secret) => text.includes(secret));
    // Longest first, since one may be part of another.
    return found
      .sort((one, other) => other.length - one.length)
      .reduce((left, secret) => left.replaceAll(secret, '[secret]'), text);
  }
}
