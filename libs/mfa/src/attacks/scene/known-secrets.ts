/** Secrets of a run, so that none of them gets into a report. */
export class KnownSecrets {
  private readonly known = new Set<string>();

  note(...secrets: readonly string[]): void {
    for (const secret of secrets) if (secret.length >= 6) this.known.add(secret);
  }

  /** The text without them. */
  redact(text: string): string {
    const found = [...this.known].filter((secret) => text.includes(secret));
    // One may be a part of another.
    return found
      .sort((one, other) => other.length - one.length)
      .reduce((left, secret) => left.replaceAll(secret, '[secret]'), text);
  }
}
