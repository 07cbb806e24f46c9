/** Secrets of a run, so that none of them gets into a report. */
export class KnownSecrets {
  private readonly known = new Set<string>();

  note(...secrets: readonly string[]): void {
    for (const secret of secrets) if (secret.length >= 6) this.known.add(secret);
  }

  /** The text without them. */
  redact(text: string): string {
    const longestFirst = [...this.known].sort((one, other) => other.length - one.length);
    return longestFirst.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text);
  }
}
